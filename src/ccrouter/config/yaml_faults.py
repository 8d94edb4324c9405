"""What can be wrong with a file before it has any meaning: its bytes, and its YAML."""

import re
from typing import Final

from yaml.error import MarkedYAMLError

from ccrouter.config.openers import unclosed
from ccrouter.config.problems import Problem, RefusedFileError
from ccrouter.config.values import SPACE_CURE, space_told

MAX_BYTES: Final = 1 << 20
"""A routing file of 1,000 rules takes about 200 kB."""

_INVISIBLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\r(?!\n)")
"""Control characters, and what YAML 1.1 takes for the end of a line and most editors do not."""


def decode(data: bytes, file: str) -> str:
    """Return the text of a file.

    Raises:
        RefusedFileError: it is too large, no UTF-8, or holds what can't be seen.

    """
    if len(data) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES >> 20} MiB"
        raise RefusedFileError([Problem(file, 1, 1, "Y102", message, "Check that this is the right file")])
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        cure = "Save it as UTF-8: in an editor, `Save as`, encoding UTF-8"
        raise RefusedFileError([Problem(file, 1, 1, "Y103", "the file is written in UTF-16", cure)])
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        cure = "Save the file as UTF-8; it was probably saved as Latin-1 or Windows-1252"
        raise RefusedFileError(
            [
                _spot(file, before, "Y103", f"byte 0x{data[error.start]:02x} is no UTF-8", cure),
            ]
        ) from None
    spaced = _strange_space(text, file)
    if spaced is not None:
        raise RefusedFileError([spaced])
    found = _INVISIBLE.search(text)
    if found:
        message = f"an invisible character (U+{ord(found.group()):04X}) stands here"
        raise RefusedFileError(
            [_spot(file, text[: found.start()], "Y104", message, "Remove it, and type the line again")]
        )
    return text


_SPACE: Final = "[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]"
_SPACES: Final = re.compile(_SPACE)
_KEY: Final = r"[\w./+-]+(?: [\w./+-]+)*"
_QUOTED: Final = re.compile(r"(?<![^\s\[{,:])(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*')")
_OF_A_LINE: Final = re.compile(rf" *(?:- +)*(?:(?:{_KEY}):|-)? *({_SPACE})")
_OF_A_FLOW: Final = re.compile(rf"[{{,] *(?:{_KEY}:(?={_SPACE})|(?={_SPACE}+ *{_KEY}:\s))({_SPACE})")
"""A space of another kind where YAML needs one of its own: before a key or behind a `- `, or behind a `:`."""


def _strange_space(text: str, file: str) -> Problem | None:
    """Return a space in the frame of the file that is a letter to YAML: it came with a copy, or of AltGr and space."""
    for row, line in enumerate(text.split("\n") if _SPACES.search(text) else [], 1):
        bare = _QUOTED.sub(lambda found: "x" * len(found.group()), line)
        bare = re.sub(r"(^|\s)#.*", "", bare, flags=re.ASCII)
        found = _OF_A_LINE.match(bare) or _OF_A_FLOW.search(bare, len(bare.partition("{")[0]))
        if found:
            column = found.start(1)
            return Problem(file, row, column + 1, "Y104", space_told(line[column]), SPACE_CURE)
    return None


def _spot(file: str, before: str, code: str, message: str, cure: str) -> Problem:
    return Problem(file, before.count("\n") + 1, len(before) - before.rfind("\n"), code, message, cure)


_CURES: Final = (
    (
        "cannot start any token",
        "Y114",
        "a value can't begin with this sign",
        "Write the value in quotes",
    ),
    (
        "mapping values are not allowed",
        "Y115",
        "a `:` is not possible here",
        "Indent the line like its neighbours; a text with `: ` goes in quotes; a `:` above may lack the space after it",
    ),
    (
        "could not find expected ':'",
        "Y116",
        "a `:` is missing after the key",
        "Write `key: value`, with a space after the `:`",
    ),
    (
        "did not find expected key",
        "Y117",
        "the lines do not stand in one column",
        "Give all keys of one mapping the same distance from the left, and close what is open in the lines above",
    ),
    (
        "did not find expected '-' indicator",
        "Y117",
        "the lines of this list do not stand in one column",
        "Give all `-` of one list the same distance from the left",
    ),
    (
        "did not find expected ',' or ']'",
        "Y126",
        "a `,` is missing before this",
        "Write `,` between the values of a list",
    ),
    (
        "did not find expected ',' or '}'",
        "Y126",
        "a `,` is missing before this",
        "Write `,` between the keys of a mapping",
    ),
    (
        "unknown escape character",
        "Y119",
        "this is no escape sequence",
        "Use single quotes, in which `\\` has no meaning",
    ),
    ("unexpected end of stream", "Y120", "the closing quote is missing", "Close the quote that was opened here"),
    ("unexpected document indicator", "Y120", "the closing quote is missing", "Close the quote that was opened here"),
    (
        "block sequence entries are not allowed",
        "Y121",
        "a list can't begin here",
        "Begin the list on a line of its own",
    ),
    (
        "did not find expected <document start>",
        "Y122",
        "something stands after the end",
        "Check the indentation of this line",
    ),
)


_TIGHT: Final = re.compile(r"^\s*(?:- +)*([A-Za-z_][\w ]*):[^\s:/]")
"""A key whose `:` touches the value: YAML takes both for one text."""

_TOLD_LATE: Final = ("end of stream", "document indicator", "could not find expected ':'")
"""Faults that libyaml notices further down; its context is where they are."""


def syntax_problem(error: MarkedYAMLError, text: str, file: str) -> Problem:
    """Return what libyaml found, in words for the person who wrote the file."""
    mark = error.problem_mark
    told = error.problem or "it can't be read"
    if any(sign in told for sign in _TOLD_LATE):
        mark = error.context_mark or mark
    lines = text.split("\n")
    row = min(mark.line, len(lines) - 1) if mark is not None else 0
    column = min(mark.column, len(lines[row])) if mark is not None else 0
    tab = re.match(r" *\t", lines[row])
    if tab and column <= len(lines[row]) - len(lines[row].lstrip()):
        return Problem(
            file, row + 1, len(tab.group()), "Y113", "a tab can't indent a line", "Use spaces instead of the tab"
        )
    opener = unclosed(lines, row)
    if opener is not None:
        what = "quote" if opener.sign in "\"'" else "bracket"
        closing = {"[": "]", "{": "}"}.get(opener.sign, opener.sign)
        message = f"the {what} `{opener.sign}` that is opened here is not closed"
        code = "Y120" if what == "quote" else "Y118"
        return Problem(file, opener.row + 1, opener.column + 1, code, message, f"Add the closing `{closing}`")
    for at in range(row, max(-1, row - 3), -1):
        tight = _TIGHT.match(lines[at])
        if tight:
            cure = f"Write `{tight[1].strip()}: `, with a space, and then the value"
            return Problem(file, at + 1, tight.end(1) + 1, "Y125", "a space is missing after the `:`", cure)
    expression = re.search(r"\$\{[^}]*$", lines[row][: column + 1]) if "',' or" in told else None
    if expression:
        cure = "Write technology and address: PJSIP/+33155000000@trunk-backup"
        message = "expressions in `${}` are not possible: nothing here knows what they stand for"
        return Problem(file, row + 1, expression.start() + 1, "Y127", message, cure)
    for sign, code, message, cure in _CURES:
        if sign in told:
            return Problem(file, row + 1, column + 1, code, message, cure)
    return Problem(
        file, row + 1, column + 1, "Y123", told, "Check the indentation and the quotes, here and in the line above"
    )
