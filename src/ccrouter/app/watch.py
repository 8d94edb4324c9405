"""Follows the routing file as it is saved: by an editor that renames, by a link that is switched, in one write or more.

Notices of the kernel (inotify, by watchfiles) make it quick; a look at the file each second makes it sure, for notices
can be missed, missing or used up. A save counts when the file rests: what is half written must not be read.
"""

import asyncio
import pwd
import threading
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, NoReturn, Protocol

import watchfiles
from structlog.typing import FilteringBoundLogger

from ccrouter.app.reading import Glance, Mark, glance, mark_of
from ccrouter.clock import Clock

MOST_LINKS: Final = 40
"""As many as the kernel follows."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How the file is followed; all in seconds.

    Attributes:
        look: time between two looks without a notice.
        rest: how long a file that ends with an end of line, and that nobody writes, must not have changed.
        rest_unfinished: the same for one that does not, is empty or not there, or of whose writers nothing is known.
        most: after this time of saves without rest it is read all the same, unless a program has it open for writing.
        step: time between two looks at a file that does not rest.
        remind: time between two remarks on a program that keeps it open.
        again: pause after a failure.

    """

    look: float = 1.0
    rest: float = 0.3
    rest_unfinished: float = 2.0
    most: float = 10.0
    step: float = 0.05
    remind: float = 60.0
    again: float = 5.0


class Followed(Protocol):
    """The file as it was last read."""

    @property
    def path(self) -> Path:
        """Where it is."""
        ...

    def stale(self, mark: Mark | None) -> bool:
        """Tell whether the file, with this mark, may hold what was not read yet; the status tells it too."""
        ...


class Watch:
    """Calls `saved` with an author after each save of a file.

    Args:
        file: what is followed.
        saved: takes the save up; its own failures are told and counted here. None to look only, for the status.
        failed: counts what went wrong in following it.

    """

    def __init__(  # noqa: PLR0913 - each is one thing it works with
        self,
        file: Followed,
        saved: Callable[[str], Awaitable[object]] | None,
        *,
        failed: Callable[[], None],
        clock: Clock,
        log: FilteringBoundLogger,
        pace: Pace = Pace(),
    ) -> None:
        self._file = file
        self._saved = saved
        self._failed = failed
        self._clock = clock
        self._log = log
        self._pace = pace
        self._noticed = asyncio.Event()

    async def run(self) -> NoReturn:
        """Follow the file until cancelled; a failure is told and counted, and costs a pause."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._kept_up(self._follow, "the routing file can't be followed for a while"))
            tasks.create_task(self._kept_up(self._listen, "no notices of saves, the routing file is polled"))
        raise AssertionError("both go on for ever")

    async def _kept_up(self, work: Callable[[], Awaitable[None]], what: str) -> None:
        told = ""
        while True:
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - a fault here must not end the daemon, nor stop reloads for good
                self._failed()
                if str(error) != told:  # where inotify is missing, once is enough
                    told = str(error)
                    self._log.warning(what, error=told, look_every_s=self._pace.look)
                await asyncio.sleep(self._pace.again)

    async def _follow(self) -> None:
        while True:
            if self._file.stale(await asyncio.to_thread(mark_of, self._file.path)) and self._saved is not None:
                seen = await self._rested()
                if self._file.stale(seen.mark):
                    await self._saved(await asyncio.to_thread(author_of, seen))
            try:
                async with asyncio.timeout(self._pace.look):
                    await self._noticed.wait()
            except TimeoutError:
                pass
            self._noticed.clear()

    async def _rested(self) -> Glance:
        """Return the file as it is when no writer is at work any more, or when somebody else has read it."""
        seen = await asyncio.to_thread(glance, self._file.path)
        begun = since = reminded = self._clock.steady()
        while self._file.stale(seen.mark):
            now = self._clock.steady()
            sure = seen.finished and seen.written is False
            rest = self._pace.rest if sure else self._pace.rest_unfinished
            if not seen.written and (now - since >= rest or now - begun >= self._pace.most):
                break
            if seen.written and now - reminded >= self._pace.remind:
                reminded = now
                self._log.warning("routing file not read: a program has it open for writing", file=str(self._file.path))
            await asyncio.sleep(self._pace.step)
            last, seen = seen, await asyncio.to_thread(glance, self._file.path)
            if last != seen:
                since = self._clock.steady()
        return seen

    async def _listen(self) -> None:
        # Its asynchronous form brings a framework along, which is imported when calls are routed already: 60 ms.
        loop, stop = asyncio.get_running_loop(), threading.Event()
        ears = ThreadPoolExecutor(1, "notices of saves")
        try:
            await loop.run_in_executor(ears, self._hear, partial(loop.call_soon_threadsafe, self._noticed.set), stop)
        finally:
            stop.set()
            ears.shutdown(wait=False)

    def _hear(self, notice: Callable[[], object], stop: threading.Event) -> None:
        """Tell of notices until stopped."""
        while not stop.is_set():
            places = _places(self._file.path)
            notices = watchfiles.watch(
                *{place.parent for place in places},
                watch_filter=_among({str(place) for place in places}),
                recursive=False,
                debounce=50,
                rust_timeout=round(self._pace.again * 1000),
                yield_on_timeout=True,
                stop_event=stop,
            )
            for _ in notices:
                if stop.is_set():
                    return
                notice()
                if places != _places(self._file.path):
                    break  # a link leads elsewhere now, or a folder is another one


def _among(names: Collection[str]) -> Callable[[watchfiles.Change, str], bool]:
    return lambda _, name: name in names


def _places(path: Path) -> dict[Path, int]:
    """Return what to watch, with the inodes of the folders: a folder that was put in place of another is silent."""
    return {place: place.parent.stat().st_ino for place in on_the_way(path)}


def on_the_way(path: Path) -> frozenset[Path]:
    """Return the file and every link that leads to it, each in a folder that is none: where a save can show."""
    found, links, place = set(), 0, Path("/")
    parts = list(path.absolute().parts[1:])
    while parts:
        part = parts.pop(0)
        place = place.parent if part == ".." else place / part
        try:
            target = place.readlink()
        except OSError:  # no link, or not there
            continue
        found.add(place)
        links += 1
        if links > MOST_LINKS:
            break
        parts = [*(part for part in target.parts if part != "/"), *parts]
        place = Path("/") if target.is_absolute() else place.parent
    found.add(place)
    return frozenset(found)


def author_of(seen: Glance) -> str:
    """Return who is taken for the author of a save: the kernel knows whose file it is, not who wrote it."""
    if seen.owner is None:
        return "saved"
    try:
        return f"saved (file of {pwd.getpwuid(seen.owner).pw_name})"
    except KeyError:
        return f"saved (file of uid {seen.owner})"
