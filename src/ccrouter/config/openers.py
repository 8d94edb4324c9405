"""Quotes and brackets that are opened and not closed: libyaml notices them far below, or takes the rest for a text."""

import re
from dataclasses import dataclass
from typing import Final

_CLOSING: Final = {"[": "]", "{": "}"}
_BEGINS: Final = frozenset("[{,:-?")
"""What may stand before a value."""

_FOLLOWS: Final = frozenset(["", " ", ",", "]", "}", ":"])
"""What may stand behind a closing quote."""


@dataclass(frozen=True, slots=True)
class Opener:
    """A sign that opens something; row and column from 0."""

    sign: str
    row: int
    column: int


def unclosed(lines: list[str], until: int) -> Opener | None:
    """Return what is not closed: the first quote on a line up to `until`, else the last bracket of the whole file."""
    open_brackets: list[Opener] = []
    for row, line in enumerate(lines):
        quote = _line(line, row, open_brackets)
        if quote is not None and row <= until:
            return quote
    upto = [each for each in open_brackets if each.row <= until]
    return upto[-1] if upto else None


def _line(line: str, row: int, open_brackets: list[Opener]) -> Opener | None:
    """Follow one line; return the quote that is not closed on it."""
    at, before = 0, ":"
    while at < len(line):
        sign = line[at]
        begins = before in _BEGINS and (before in "[{," or at == 0 or line[at - 1] in " [{,")
        if sign == "#" and (at == 0 or line[at - 1] == " "):
            return None
        if sign in "\"'" and begins:
            end = re.compile(r'"(?:[^"\\]|\\.)*"' if sign == '"' else r"'(?:[^']|'')*'").match(line, at)
            if end is None or line[end.end() : end.end() + 1] not in _FOLLOWS:
                return Opener(sign, row, at)  # what closes it was to open another one
            at, before = end.end(), sign
            continue
        if sign in _CLOSING and (begins or open_brackets):
            open_brackets.append(Opener(sign, row, at))
        elif open_brackets and sign in "]}":
            _close(open_brackets, sign)
        if sign != " ":
            before = sign
        at += 1
    return None


def _close(open_brackets: list[Opener], sign: str) -> None:
    """Take away what a closing bracket closes; one of another kind was forgotten where the right one is below it."""
    for i in range(len(open_brackets) - 1, -1, -1):
        if _CLOSING[open_brackets[i].sign] == sign:
            if i == len(open_brackets) - 1:
                open_brackets.pop()
            else:
                del open_brackets[i]
            return
