"""T: times and calendars."""

from typing import Final

from ccrouter.config.codes.code import Code

TIMES: Final = (
    Code("T101", "no-time-zone"),
    Code("T102", "no-date"),
    Code("T103", "no-such-time"),
    Code("T110", "no-opening-hours"),
    Code("T111", "holidays-in-hours"),
    Code("T112", "sun-in-hours"),
    Code("T113", "unusable-hours"),
    Code("T114", "days-twice"),
    Code("T115", "range-too-long"),
    Code("T116", "hours-misread"),
    Code("T120", "unknown-holidays"),
    Code("T121", "no-hours-of-a-day"),
    Code("T201", "exceptions-over", severity="note"),
)
