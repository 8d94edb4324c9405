"""What a few figures say of all the positions of a queue: `ready=0` alone leaves the others busy, and so on."""

from collections.abc import Mapping
from fractions import Fraction

from ccrouter.outlook.loads import QueueLoad


class ContradictionError(ValueError):
    """The figures can't be true together; `measure` is the one to point at, the text tells why, `cure` how to mend."""

    def __init__(self, measure: str, message: str, cure: str) -> None:
        self.measure = measure
        self.cure = cure
        super().__init__(message)


def queue_load(said: Mapping[str, float | None]) -> QueueLoad:
    """Return the load of a queue of which these measures are given; the others follow, or are quiet.

    Raises:
        ContradictionError: they can't be true together.

    """
    given = {name: int(said[name] or 0) for name in ("logged_in", "ready", "busy", "paused", "waiting") if name in said}
    given.setdefault("paused", 0)
    if "occupancy" in said:
        _add_occupied(given, Fraction(str(said["occupancy"])) / 100)
    logged_in, ready, busy = _positions(given)
    waiting, longest_wait_s = _waiting(given.get("waiting"), said.get("longest_wait"))
    forecast = said.get("estimated_wait", 0.0 if logged_in else None)
    level = said.get("service_level", 100)
    return QueueLoad(
        waiting=waiting,
        longest_wait_s=longest_wait_s,
        estimated_wait_s=forecast,
        logged_in=logged_in,
        ready=ready,
        busy=busy,
        paused=given["paused"],
        service_level=None if level is None else int(level),
    )


def _add_occupied(given: dict[str, int], occupancy: Fraction) -> None:
    """Add the fewest busy and ready positions that are occupied to this part."""
    busy, total = occupancy.numerator, occupancy.denominator
    ready, scale = total - busy, Fraction(1)
    for measure, part in (("busy", busy), ("ready", ready)):
        if measure in given and (part or given[measure]):
            scale = Fraction(given[measure], part) if part else Fraction(0)
    busy_said, ready_said = given.get("busy"), given.get("ready")
    if scale <= 0 or scale.denominator != 1 or (busy_said is not None and ready_said is not None):
        message = f"{float(occupancy * 100):g}% busy can't be made of the other figures"
        raise ContradictionError("occupancy", message, "Leave out `ready` and `busy`: they follow from it")
    given["busy"], given["ready"] = int(busy * scale), int(ready * scale)


def _positions(given: Mapping[str, int]) -> tuple[int, int, int]:
    """Return how many are logged in, ready and busy."""
    ready, busy, paused = given.get("ready"), given.get("busy"), given["paused"]
    logged_in = given.get("logged_in")
    named = (ready or 0) + (busy or 0) + paused
    if logged_in is None:
        if ready is None:
            ready = 1
        if busy is None:
            busy = 0 if ready or paused else 1  # with nobody ready, the one position is in a call
        return ready + busy + paused, ready, busy
    if named > logged_in:
        message = f"ready, busy and paused make {named}, and {logged_in} are logged in"
        raise ContradictionError("logged_in", message, "Write figures that fit, or leave `logged_in` out")
    if ready is None:
        ready = logged_in - named
    elif busy is None:
        busy = logged_in - named
    return logged_in, ready, busy or 0


def _waiting(waiting: int | None, longest: float | None) -> tuple[int, float]:
    if longest and waiting == 0:
        raise ContradictionError("longest_wait", "nobody waits, and the longest wait has a length", "Leave one out")
    return (1 if longest else 0) if waiting is None else waiting, longest or 0.0
