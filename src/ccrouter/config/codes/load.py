"""L: load and thresholds, and conditions that can't be asked."""

from typing import Final

from ccrouter.config.codes.code import Code

LOAD: Final = (
    Code("L101", "threshold-sides"),
    Code("L102", "stops-before-start"),
    Code("L103", "wrong-stop"),
    Code("L104", "window-too-long"),
    Code("L105", "within-missing"),
    Code("L106", "no-limit-of-calls"),
    Code("L107", "in-house-site"),
    Code("L108", "waited-at-entry"),
    Code("L109", "measure-alone"),
    Code("L110", "open-and-closed"),
)
