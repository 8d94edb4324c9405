"""What changes for callers from one version of the rules to another, as values."""

from dataclasses import dataclass

from ccrouter.outlook.apart import Found
from ccrouter.outlook.behaviour import Way
from ccrouter.outlook.recurring import Span
from ccrouter.outlook.situations import CUT_OFF


@dataclass(frozen=True, slots=True)
class Change:
    """Calls that go one way before and another after, and when."""

    before: Way
    after: Way
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Situations in which the same changes happen.

    Attributes:
        waiting: the queue in which the callers wait already; empty for calls that arrive.

    """

    found: tuple[Found, ...]
    changes: tuple[Change, ...]
    waiting: str = ""

    @property
    def situations(self) -> tuple[str, ...]:
        """Return the situations in the words of the file; the empty text is the quiet one.

        That the PABX can't be asked is not said where it makes no difference.
        """
        texts = dict.fromkeys(each.situation.text for each in self.found)
        same = (each for each in texts if each.startswith(CUT_OFF) and each[len(CUT_OFF) :].removeprefix(", ") in texts)
        left = {*texts}.difference(same)
        return tuple(each for each in texts if each in left)


@dataclass(frozen=True, slots=True)
class Pair:
    """Numbers of which both versions make the same.

    Attributes:
        numbers: as the files write them.
        services: before and after; None where a version does not know the numbers.

    """

    numbers: tuple[str, ...]
    services: tuple[str | None, str | None]
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Differences:
    """All that was found.

    Attributes:
        pairs: numbers whose calls go elsewhere at some time, and numbers that are new, gone or moved.
        unexplored: what was not looked through, in words.
        same: the rules that are left are the same for every number at every time: no call can go elsewhere.

    """

    pairs: tuple[Pair, ...]
    unexplored: tuple[str, ...]
    same: bool
