"""Colours that people with any kind of colour vision can tell apart: those of Okabe and Ito.

A colour stands for the same thing on every dashboard, and never alone: names, values or places say it too.
"""

from typing import Final

GOOD: Final = "#0072B2"
WATCH: Final = "#E69F00"
BAD: Final = "#D55E00"
QUIET: Final = "#999999"

INSIDE: Final = "#0072B2"
OUTSIDE: Final = "#E69F00"
ABANDONED: Final = "#D55E00"
REFUSED: Final = "#CC79A7"

READY: Final = "#56B4E9"
RINGING: Final = "#F0E442"
TALKING: Final = "#0072B2"
WRAP_UP: Final = "#009E73"
BUSY: Final = "#CC79A7"
PAUSED: Final = "#E69F00"
OUT: Final = "#999999"

LINE: Final = "#56B4E9"
"""For series without a meaning of their own: each gets a shade of it, and its name stands in the legend."""
TARGET: Final = "#999999"
"""For what is aimed at, drawn dashed."""
