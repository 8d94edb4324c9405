"""Of what a condition asks: which axis it needs, and which conditions always say the same."""

from collections.abc import Hashable

from ccrouter.routing.conditions import CallerIs, Condition, Dates, Mode, Open, SiteIs, Threshold, Waited
from ccrouter.routing.measures import (
    CallRate,
    EstimatedWait,
    FreeLines,
    LoggedIn,
    LongestWait,
    Occupancy,
    Reading,
    Ready,
    ServiceLevel,
    SiteCalls,
    Waiting,
)


def key_of(condition: Condition) -> Hashable:
    """Return what conditions have in common that always say the same."""
    match condition:
        case Threshold():
            return condition.read, condition.level
        case Open():
            return "open", condition.calendar.name, condition.wanted
        case _:
            return repr(condition)


def subject_of(condition: Condition) -> Hashable:
    """Return of what a measure is, as far as it is known or not as a whole; None for what is no measure."""
    if isinstance(condition, SiteIs):
        return "site", condition.site
    if not isinstance(condition, Threshold):
        return None
    match condition.read:
        case CallRate():
            return "link"
        case SiteCalls(site) | FreeLines(site):
            return "site", site
        case reading:
            return "queue", reading.queue


def clock_of(condition: Condition) -> str:
    """Return the name of the calendar or of the dates of which a condition asks."""
    return condition.calendar.name if isinstance(condition, Open) else getattr(condition, "name", "")


def kind_of(condition: Condition, *, timed: bool, lasting: bool) -> tuple[str, Hashable]:
    """Return the kind of axis that a condition without parts needs, and of what it is.

    `timed`: all calendars have one axis; `lasting`: the measures of every window do.
    """
    match condition:
        case Open() | Dates():
            return ("time", "") if timed else ("clock", clock_of(condition))
        case Mode(name):
            return "mode", name
        case SiteIs(site):
            return "health", site
        case Threshold():
            return _measure(condition.read, lasting=lasting)
        case CallerIs():
            return "caller", ""
        case _:
            return "waited" if isinstance(condition, Waited) else "entrance", ""


def _measure(reading: Reading, *, lasting: bool) -> tuple[str, Hashable]:
    match reading:
        case Waiting(queue) | LongestWait(queue):
            return "waits", queue
        case Ready(queue) | LoggedIn(queue) | Occupancy(queue):
            return "positions", queue
        case EstimatedWait(queue):
            return "ewt", queue
        case SiteCalls(site) | FreeLines(site):
            return "calls", site
        case ServiceLevel(queue):  # at a moment, each window has a value of its own
            return "level", queue if lasting else reading
        case CallRate(service):
            return "rate", service if lasting else reading
