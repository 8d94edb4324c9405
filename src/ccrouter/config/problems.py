"""What is wrong with a file, told to the person who wrote it: where, what, and how to mend it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from typing import Final
from unicodedata import category

from ccrouter.config.codes import CODES, Severity
from ccrouter.errors import ConfigError

MOST = 100
"""Problems told of one file; whoever has mended a hundred asks again."""


LONGEST = 400
"""Signs of a message that are shown."""

SHOWN = 20
"""Known names that are shown where none is near."""

WINDOW = 140
"""Signs of a line of the file that are shown."""

_TOKEN: Final = re.compile(r"ccrouter_[A-Za-z0-9_-]{43}")
"""What `ccrouter token new` makes, wherever somebody wrote it."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault in a file.

    Attributes:
        file: as the admin named it.
        line, column: where it is, both from 1.
        code: its kind, see `codes`.
        message: what is wrong.
        cure: how to mend it.
        width: length in signs of the piece of the line concerned.
        hidden: the line holds what must not be shown, such as a secret.
        forgiven: it is a note here, whatever its code says: the place where the daemon runs may have what is missing.

    """

    file: str
    line: int
    column: int
    code: str
    message: str
    cure: str
    width: int = 1
    hidden: bool = False
    forgiven: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", visible(self.message))
        object.__setattr__(self, "cure", visible(self.cure))

    @property
    def severity(self) -> Severity:
        """Return how bad it is: an error refuses the file."""
        return "note" if self.forgiven else CODES[self.code].severity

    @property
    def head(self) -> str:
        """Return where it is and what is wrong, on one line."""
        return f"{self.file}:{self.line}:{self.column}: {self.severity}: {self.message} [{self.code}]"

    def __str__(self) -> str:
        end = "" if self.cure.endswith("?") else "."
        return f"{self.head}. {self.cure}{end}"


class RefusedFileError(ConfigError):
    """A file can't be used; `problems` holds all that was found, in the order of the file.

    `left_out` is how many more there were. `whole` tells that all of the file was looked at: what it names, too, and
    not only how it is written.
    """

    def __init__(self, problems: Iterable[Problem], *, whole: bool = True) -> None:
        self.whole = whole
        found = sorted(set(problems))
        # A line with a secret is not shown for the sake of another slip on it either.
        secret = {each.line for each in found if each.hidden}
        found = [replace(each, hidden=True) if each.line in secret else each for each in found]
        self.problems: tuple[Problem, ...] = tuple(found[:MOST])
        self.left_out = left_out = len(found) - len(self.problems)
        lines = [str(problem) for problem in self.problems]
        super().__init__("\n".join([*lines, f"... and {left_out} more."] if left_out else lines))


def visible(text: str) -> str:
    """Return a text of a file as it may be shown: no token, no sign that steers a terminal, at most LONGEST signs."""
    text = _without_tokens(text)
    shown = "".join(sign if sign.isprintable() or category(sign) == "Zs" else "\N{MIDDLE DOT}" for sign in text)
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}..."


def _without_tokens(text: str) -> str:
    return _TOKEN.sub(lambda found: "*" * len(found[0]), text)


def nearest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return the known word that is most like `word`, or None when none is as near as `cutoff` (0 to 1)."""
    words = {candidate.casefold(): candidate for candidate in known}
    found = get_close_matches(word.casefold(), words, n=1, cutoff=cutoff)
    return words[found[0]] if found else None


def suggest(word: str, known: Sequence[str]) -> str:
    """Return a cure for a word that is not known: the nearest one, or all there are."""
    near = nearest(word, known)
    if near is not None:
        return f"Did you mean `{near}`?"
    if not known:
        return "There are none yet: define it first"
    words = ", ".join(f"`{each}`" for each in sorted(known)[:SHOWN])
    return f"Known here: {words}{', ...' if len(known) > SHOWN else ''}"


def render(problem: Problem, source_text: str) -> str:
    """Return a problem for people: position, message, the line with the piece underlined, and the cure."""
    if problem.hidden:
        return f"{problem.head}\n{'':>5} = {problem.cure}"
    lines = _lines(source_text)
    line = _without_tokens(lines[problem.line - 1]) if 0 < problem.line <= len(lines) else ""
    start = min(problem.column - 1, len(line))
    left = max(0, start - WINDOW // 2) if len(line) > WINDOW else 0
    shown = visible(line[left : left + WINDOW].rstrip("\r"))
    width = max(1, min(problem.width, len(shown) - (start - left)))
    return "\n".join(
        (
            problem.head,
            f"{problem.line:>5} | {shown}",
            f"{'':>5} | {' ' * (start - left)}{'^' * width}",
            f"{'':>5} = {problem.cure}",
        )
    )


@lru_cache(maxsize=1)
def _lines(source_text: str) -> list[str]:
    """Return the lines of a text; all problems of one file are shown in a row."""
    return source_text.split("\n")
