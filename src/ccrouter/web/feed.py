"""One picture that many clients follow: looked at again and again, it tells what changed, in numbered events."""

import json
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import lru_cache
from typing import Any, Final, Generic, Protocol, TypeVar, get_type_hints

from pydantic import TypeAdapter

from ccrouter.web.ring import Ring, frame

CHANGE: Final = "change"


class Picture(Protocol):
    """A dataclass with an instant; each of its other fields is a section."""

    @property
    def at(self) -> float:
        """Return its instant, in seconds since 1970-01-01 UTC."""
        ...


PictureT = TypeVar("PictureT", bound=Picture)


class Feed(Generic[PictureT]):
    """What one kind of stream tells.

    A section is sent whole when it says something else than at the look before, and never because time went by: what is
    shown holds instants, not ages.

    Args:
        shape: class of the picture.
        view: makes the picture of now; synchronous.
        name: of the event that tells the whole picture.
        ring: keeps the events; where there may be many feeds, a small one.

    Attributes:
        ring: the events told.
        clients: how many follow it now.
        idle_since: when the last of them left, in seconds of a steady clock.
        rests_until: before this it is not looked at for one who asks, likewise; what goes round all feeds does not ask.

    """

    def __init__(
        self, shape: type[PictureT], view: Callable[[], PictureT], name: str = "board", ring: Ring | None = None
    ) -> None:
        self.ring = Ring() if ring is None else ring
        self.clients = 0
        self.idle_since = 0.0
        self.rests_until = 0.0
        self._view = view
        self._name = name
        self._sections = _sections(shape)
        self._looks = 0
        self._shown: PictureT | None = None
        self._json: dict[str, bytes] = {}
        self._whole = b""
        self._firsts: dict[tuple[Callable[[bytes], bytes], int], bytes] = {}

    def look(self) -> None:
        """Look at the picture of now, and tell what changed; raises what the view does, and then tells nothing."""
        for _ in self.looking():
            pass

    def looking(self) -> Iterator[None]:
        """Do the same in steps, between which others may have their turn; where looks overlap the latest one tells.

        One whose view fails is none: another that goes on meanwhile still tells.
        """
        now = self._view()
        self._looks += 1
        number = self._looks
        yield
        before = self._shown
        made: dict[str, bytes] = {}
        for name, adapter in self._sections.items():
            section = getattr(now, name)
            if before is not None and section == getattr(before, name):
                continue
            said = adapter.dump_json(section)
            if said != self._json.get(name):  # a value may hold more than is told of it
                made[name] = said
            yield
        if number != self._looks:
            return
        self._shown = now
        self._whole = b""
        self._firsts.clear()
        if made:
            self._json |= made
            if before is not None:
                self.ring.add(CHANGE, _object(now.at, made))

    def say(self, event: str, data: bytes) -> None:
        """Tell of something else; `data` is JSON on one line."""
        self.ring.add(event, data)

    def first(self, after: str, pack: Callable[[bytes], bytes] = bytes) -> tuple[bytes, int]:
        """Return what a client is told first, packed, and the number of the last event that it knows then.

        That is the whole picture, or nothing where it was told all up to the event with the id `after`, and all that
        came later is kept.
        """
        known = self.ring.number(after)
        if known is not None:
            return b"", known
        if (pack, self.ring.last) not in self._firsts:
            self._firsts[pack, self.ring.last] = pack(frame(self._name, self.whole(), self.ring.last_id))
        return self._firsts[pack, self.ring.last], self.ring.last

    def whole(self) -> bytes:
        """Return the picture of the last look as JSON."""
        if not self._whole and self._shown is not None:
            self._whole = _object(self._shown.at, self._json)
        return self._whole


@lru_cache(maxsize=16)
def _sections(shape: type[Any]) -> dict[str, TypeAdapter[Any]]:
    hints = get_type_hints(shape)
    return {each.name: TypeAdapter(hints[each.name]) for each in fields(shape) if each.name != "at"}


def _object(at: float, sections: dict[str, bytes]) -> bytes:
    members = [b'"at":%b' % json.dumps(round(at, 3)).encode()]
    members += [b'"%b":%b' % (name.encode(), value) for name, value in sections.items()]
    return b"{%b}" % b",".join(members)
