"""M: what a file means; it is good, and may still not be what was wanted."""

from typing import Final

from ccrouter.config.codes.code import Code

MEANING: Final = (
    Code("M101", "contradiction", severity="warning"),
    Code("M102", "never-then", severity="warning"),
    Code("M103", "always-taken", severity="warning"),
    Code("M104", "no-such-call", severity="warning"),
    Code("M105", "over", severity="note"),
    Code("M111", "level-out-of-reach", severity="warning"),
    Code("M112", "level-always-reached", severity="warning"),
    Code("M113", "never-stops", severity="warning"),
    Code("M121", "closed-then", severity="warning"),
    Code("M122", "share-of-closed", severity="warning"),
    Code("M123", "all-closed-then", severity="warning"),
    Code("M124", "nobody-answers", severity="warning"),
    Code("M131", "share-beyond-lines", severity="warning"),
    Code("M141", "moves-nobody", severity="warning"),
    Code("M142", "nobody-waits", severity="warning"),
    Code("M143", "to-and-fro", severity="warning"),
    Code("M151", "calls-itself", severity="warning"),
)
