"""The dialplan's text: nothing that a caller can fill stands where Asterisk would read it as a part of a program."""

import re
from pathlib import Path
from typing import Final

import pytest

ASTERISK: Final = Path(__file__).parents[2] / "asterisk"
DIALPLANS: Final = (ASTERISK / "extensions_ccrouter.conf", ASTERISK / "pabx" / "templates" / "extensions.conf")

READS_ITS_TEXT: Final = re.compile(r"\$\[|\b(ExecIf|GotoIf|GosubIf|IF|IFTIME|While|EVAL|MATH|Exec|TryExec|System)\(")
"""Expressions and applications that take what a value holds for a part of themselves."""

CALLERS: Final = (
    r"\$\{(?:CALLERID\((?:all|name|num|ani|dnid|rdnis)\)|INVALID_EXTEN|EXTEN|PJSIP_HEADER\([^)]*\))(?::[^}]*)?\}"
)
"""What a caller's SIP message fills. The presentation of a number is one of Asterisk's own words."""

SEVERAL: Final = rf"(?:{CALLERS}|\$\{{CCROUTER_\w+\}})+"
PRINTED: Final = r"\$\{FILTER\(\\x20-\\x7e\\x80-\\xff,\$\{CALLERID\(name\)\}\)\}"
HARMLESS: Final = re.compile(rf"\$\{{(?:LEN\((?:{SEVERAL}|{PRINTED})\)|FILTER\(\+?0-9(?:\*#)?,{SEVERAL}\))\}}")
"""Their length, that of a name that is cleaned, and what is left of them of the signs of a number."""


def doubtful(line: str) -> bool:
    """Tell whether a line has a caller's text where it is read."""
    left = HARMLESS.sub("", line)
    return bool(READS_ITS_TEXT.search(left) and re.search(CALLERS, left))


def lines(file: Path) -> list[str]:
    """Return what a dialplan runs: no comments, and no patterns or hints of its own extensions."""
    told = [line.strip() for line in file.read_text().splitlines() if re.match(r"(exten| same) =>", line)]
    return [re.sub(r"^exten => _\$\[.*?\]X[.]?,", "", line) for line in told if ",hint," not in line]


@pytest.mark.parametrize("file", DIALPLANS, ids=lambda file: file.name)
def test_no_callers_text_is_read_as_a_program(file: Path) -> None:
    """A quote ends a string of `$[...]`, and a colon begins what ExecIf() runs when its condition is false."""
    assert [line for line in lines(file) if doubtful(line)] == []


@pytest.mark.parametrize(
    "line",
    [
        'same => n,ExecIf($["${CALLERID(name-pres):0:7}" = "allowed"]?Set(NAME=${CALLERID(name)}))',
        'same => n,GotoIf($["${CALLERID(num)}" = ""]?hidden)',
        "same => n,Set(X=${IF(${LEN(${CALLERID(num)})}?${CALLERID(num)}:0)})",
        'same => n,GotoIf($["${EXTEN:0:3}" = "+33"]?french)',
        "same => n,GotoIf($[${LEN(${EXTEN}${CALLERID(ani)})} = 3 & ${CALLERID(dnid)} = 1]?new)",
    ],
)
def test_such_a_line_would_be_found(line: str) -> None:
    """The test above can fail."""
    assert doubtful(line)
