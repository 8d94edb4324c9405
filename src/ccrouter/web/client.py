"""Speaks to a daemon on this machine over its control socket."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

import aiohttp
from pydantic import TypeAdapter, ValidationError

from ccrouter.errors import CcrouterError
from ccrouter.web.orders import ReloadOutcome
from ccrouter.web.status import ModeStatus, Status
from ccrouter.web.wire import MODE, MODES, OUTCOME, STATUS

T = TypeVar("T")

ANSWER_WITHIN_S: Final = 10.0
PROBE_S: Final = 1.0
"""For the answer of one daemon of two, before the other is asked."""


class UnreachableError(CcrouterError):
    """No daemon answers at the socket; the text says what to do."""


class RefusedError(CcrouterError):
    """The daemon answered that it does not do this; the text is its own."""


class MisaskedError(RefusedError):
    """What was asked can't be done as it was given: the text says how to give it."""


class Client:
    """One connection to a daemon; `connected` gives one."""

    def __init__(self, session: aiohttp.ClientSession, path: Path) -> None:
        self._session = session
        self._path = path

    async def status(self) -> Status:
        """Return the whole picture."""
        return read(STATUS, await self.status_json())

    async def status_json(self) -> bytes:
        """Return the whole picture as the daemon writes it."""
        return await self.ask("GET", "/status")

    async def modes(self) -> tuple[ModeStatus, ...]:
        """Return all modes."""
        return read(MODES, await self.ask("GET", "/modes"))

    async def switch_mode(  # noqa: PLR0913 - each is one thing that a switch says
        self, name: str, *, on: bool, reason: str, author: str = "", for_s: float | None = None, until: str = ""
    ) -> ModeStatus:
        """Switch a mode and return its state; its end is given by one of `for_s` and `until`, or by neither."""
        body: dict[str, object] = {"on": on, "reason": reason, "author": author}
        if for_s is not None:
            body["for_s"] = for_s
        if until:
            body["until"] = until
        return read(MODE, await self.ask("PUT", f"/modes/{quote(name, safe='')}", body))

    async def reload(self, author: str = "") -> ReloadOutcome:
        """Have the routing file read again; an outcome with problems is returned, not raised."""
        accepted = (HTTPStatus.UNPROCESSABLE_ENTITY,)
        return read(OUTCOME, await self.ask("POST", "/reload", {"author": author}, accepted))

    async def ask(
        self, method: str, path: str, body: Mapping[str, object] | None = None, accepted: tuple[int, ...] = ()
    ) -> bytes:
        """Return the body of the daemon's answer; `accepted` are statuses besides 200 that are answers too.

        Raises:
            UnreachableError: no daemon answers.
            MisaskedError: it was asked wrongly.
            RefusedError: it does not do this; the text is its own.

        """
        try:
            async with (
                asyncio.timeout(ANSWER_WITHIN_S),
                self._session.request(method, f"http://ccrouter{path}", json=body) as response,
            ):
                content = await response.read()
                if response.status == HTTPStatus.OK or response.status in accepted:
                    return content
                refusal = MisaskedError if response.status == HTTPStatus.BAD_REQUEST else RefusedError
                raise refusal(_told(content) or f"the daemon answered {response.status}")
        except TimeoutError as error:
            raise UnreachableError(
                f"the daemon at {self._path} did not answer within {ANSWER_WITHIN_S:g} s; what was asked may yet happen"
            ) from error
        except aiohttp.ClientConnectorError as error:
            raise UnreachableError(_why(error.os_error, self._path)) from error
        except aiohttp.ClientError as error:
            raise UnreachableError(f"the daemon at {self._path} broke off: {error}") from error


@asynccontextmanager
async def connected(path: Path) -> AsyncIterator[Client]:
    """Give a client for the daemon at this socket; each question raises UnreachableError where there is none."""
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(path))) as session:
        yield Client(session, path)


async def answering(paths: Sequence[Path]) -> Path:
    """Return the first socket at which a daemon answers; the only one is not tried.

    Raises:
        UnreachableError: none of them answers; the text tells of each, line by line.

    """
    if len(paths) == 1:
        return paths[0]
    whys = []
    for path in paths:
        async with connected(path) as client:
            try:
                async with asyncio.timeout(PROBE_S):
                    await client.ask("GET", "/modes")
            except TimeoutError:
                whys.append(f"the ccrouter at {path} has not answered within {PROBE_S:g} s")
                continue
            except UnreachableError as error:
                whys.append(str(error))
                continue
        return path
    raise UnreachableError("\nccrouter: ".join(whys))


_PROBLEM: Final = TypeAdapter(dict[str, object])


def _told(content: bytes) -> str:
    try:
        return str(_PROBLEM.validate_json(content).get("detail", ""))
    except ValidationError:
        return ""


def read(adapter: TypeAdapter[T], content: bytes) -> T:
    """Return an answer as the value that it stands for.

    Raises:
        UnreachableError: the daemon speaks otherwise than this program.

    """
    try:
        return adapter.validate_json(content)
    except ValidationError as error:
        raise UnreachableError("the daemon is of another version; use the ccrouter that it runs with") from error


def _unit(path: Path) -> str:
    """Return the unit whose daemon listens there: systemd makes /run/ccrouter-2 for ccrouter-2 (deploy/)."""
    folder = path.parent
    return folder.name if folder.parent == Path("/run") else "ccrouter"


def _why(error: OSError, path: Path) -> str:
    if isinstance(error, FileNotFoundError | ConnectionRefusedError):
        return (
            f"no ccrouter is running at {path}; start it with `systemctl start {_unit(path)}` or "
            "`ccrouter run --settings FILE`, or name its socket with --socket"
        )
    if isinstance(error, PermissionError):
        return f"you may not speak to the ccrouter at {path}; use sudo, or become a member of its group"
    return f"the ccrouter at {path} can't be reached: {error.strerror}"
