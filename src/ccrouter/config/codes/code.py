"""What is known of one kind of problem."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]
"""An error refuses the file; a warning says what may cost calls; a note is for information."""


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of problem, by a code that never changes its meaning.

    Attributes:
        code: a family letter and three digits.
        name: the same in words, with dashes.
        explanation: what it means to the person who wrote the file, and why it is told; one to three sentences.
        bad: a piece of a file that has the problem, see `frame`; empty where no content of a file shows it.
        good: the same piece, mended.
        severity: of a problem of this kind.
        of: which kind of file the pieces are of.
        alone: the pieces are whole files.
        encoding: in which the bad piece is saved.

    """

    code: str
    name: str
    explanation: str = ""
    bad: str = ""
    good: str = ""
    severity: Severity = "error"
    of: Literal["routing", "settings", "cases", "tokens"] = "routing"
    alone: bool = False
    encoding: str = "utf-8"
