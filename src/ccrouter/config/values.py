"""The small things of both files: names, durations, counts, percentages, each read from a `Text` of the file."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Annotated, Final, NoReturn

from pydantic_core import PydanticCustomError

from ccrouter.config.document import Text
from ccrouter.config.problems import nearest, suggest
from ccrouter.config.reads import Reads


def fail(  # noqa: PLR0913 - a refusal and its place
    code: str, message: str, cure: str, *, at: tuple[str, ...] = (), offset: int | None = None, hidden: bool = False
) -> NoReturn:
    """Refuse the value that is being validated, or the one at `at` below it; `offset` points into its text.

    `hidden` keeps the line of the file out of what people are shown.

    Raises:
        PydanticCustomError: always; pydantic adds the path and `shape` finds the place in the file.

    """
    context = {"code": code, "message": message, "cure": cure, "at": at, "offset": offset, "hidden": hidden}
    raise PydanticCustomError("refused", "{message}", context)


_READ_AS: Final = (
    ("a number", re.compile(r"[-+]?(\d[\d_]*(\.[\d_]*)?|\.\d+)([eE][-+]?\d+)?|0x[\da-fA-F_]+|0o?[0-7_]+|0b[01_]+")),
    ("a number (minutes and seconds)", re.compile(r"[-+]?\d[\d_]*(:[0-5]?\d)+(\.\d*)?")),
    ("true or false", re.compile(r"y|n|yes|no|on|off|true|false", re.IGNORECASE)),
    ("nothing", re.compile(r"~|null", re.IGNORECASE)),
    ("a date", re.compile(r"\d{4}-\d{1,2}-\d{1,2}([Tt ].*)?")),
)
"""What YAML 1.1 or 1.2 makes of a word without quotes: no reader of the file should have to know the list."""

_SUSPECT: Final = re.compile(r"[-+.\d~]|(y|n|yes|no|on|off|true|false|null)$", re.IGNORECASE)
"""How each of these begins, or reads as a whole; most texts begin otherwise."""

_NO_TEXT: Final = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
"""Unicode's categories of what is no sign to read, nor a space."""


_TYPOGRAPHIC: Final = (
    "\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}\N{DOUBLE LOW-9 QUOTATION MARK}"
    "\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}\N{SINGLE LOW-9 QUOTATION MARK}"
    "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}\N{NO-BREAK SPACE}"
    "\N{NARROW NO-BREAK SPACE}"
)
"""What word processors and keyboards put in place of straight quotes, with the spaces that French puts beside them."""


SPACE_CURE: Final = "Type an ordinary space in its place"


def space_told(sign: str) -> str:
    """Return what is told of a space that YAML takes for a letter."""
    return f"a space that is none to YAML (U+{ord(sign):04X}) stands here"


def word(value: object) -> str:
    """Return a single value of which nothing can be misread: numbers with a unit, `true`, dates."""
    if not isinstance(value, Text):
        fail("K107", f"a single value is expected here, not {_kind(value)}", "Write one value")
    if not value.strip():
        fail("K103", "a value is missing here", "Write one, or remove the key")
    if value.plain and unicodedata.category(value[0]) == "Zs":
        fail("Y104", space_told(value[0]), SPACE_CURE, offset=0)
    if value.plain and value[0] in _TYPOGRAPHIC:
        cure = f'Write it in straight quotes: "{value.strip(_TYPOGRAPHIC + " ")}"'
        fail("Y124", f"`{value[0]}` is a quote on paper, and none in YAML", cure)
    if value.plain and value[-1] == '"' and '"' not in value[:-1]:
        fail("Y120", "the quote that ends here was not opened", f'Write "{value}', offset=len(value) - 1)
    if not value.isprintable() and any(unicodedata.category(sign) in _NO_TEXT for sign in value):
        fail(
            "V101",
            "the value has a line break or an invisible character in it",
            "Write it on one line, and type it again",
        )
    return str(value)


def text(value: object) -> str:
    """Return a text; one that YAML would read as something else must stand in quotes."""
    found = word(value)
    if not (isinstance(value, Text) and value.plain and _SUSPECT.match(found)):
        return found
    for kind, pattern in _READ_AS:
        if pattern.fullmatch(found):
            fail("Y201", f"YAML reads `{found}` as {kind}", f'Write it in quotes: "{found}"')
    return found


def _kind(value: object) -> str:
    return "a list" if isinstance(value, list) else "a mapping"


# --- names ------------------------------------------------------------------------------------------------------------

LONGEST_NAME: Final = 60


_USUAL_NAME: Final = re.compile(r"[A-Za-z0-9._/-]+( [A-Za-z0-9._/-]+)*")


def _name(value: object) -> str:
    name = text(value)
    if _USUAL_NAME.fullmatch(name) and len(name) <= LONGEST_NAME:
        return name
    if name != unicodedata.normalize("NFC", name):
        fail(
            "V105",
            f"`{name}` has accents that are signs of their own",
            "Type the name again, or save the file in Unicode NFC",
        )
    for place, sign in enumerate(name):
        if sign not in " ._-/" and unicodedata.category(sign)[0] not in "LMN":
            fail("V102", f"a name can't contain `{sign}`", "Use letters, digits, space and . _ - /", offset=place)
    if name != " ".join(name.split(" ")) or "  " in name or name != name.strip():
        fail("V103", f"`{name}` has a space too many", "Write single spaces, and none at either end")
    if len(name) > LONGEST_NAME:
        fail("V104", f"a name of {len(name)} signs is too long", f"Use at most {LONGEST_NAME}")
    return name


_NAMES: Final = r"""^(?! )(?!.*  )(?!.* $)[^\x00-\x1f!"#$%&'()*+,:;<=>?@\[\\\]^`{|}~]+$"""

Name = Annotated[str, Reads(_name, "name", pattern=_NAMES, maxLength=LONGEST_NAME)]
"""What an admin calls something: letters of any language, digits, space, . _ - /"""


def matching(code: str, pattern: str, what: str, cure: str, *, longest: int = 120) -> Reads:
    """Return what lets texts pass which are this pattern as a whole; `code` tells of all others."""
    compiled = re.compile(pattern)

    def check(value: object) -> str:
        found = text(value)
        if not compiled.fullmatch(found) or len(found) > longest:
            fail(code, f"`{found[:longest]}` is no {what}", cure)
        return found

    return Reads(check, what, pattern=f"^{pattern}$", maxLength=longest)


_SOUND: Final = r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_./-]*"
_ENDING: Final = (
    r"\.(wav49|wav|WAV|gsm|ulaw|alaw|ul|al|pcm|sln\d*|g722|g723|g726|g729|ogg|opus|mp3|ilbc|siren7|siren14)"
)


def _sound(value: object) -> str:
    found = text(value)
    if not re.fullmatch(_SOUND, found) or len(found) > 120:
        cure = "Write its path below Asterisk's sounds folder, without ending: ccrouter/closed"
        fail("V106", f"`{found[:120]}` is no sound file", cure)
    ending = re.search(rf"{_ENDING}$", found)
    if ending:
        cure = f"Write {found[: ending.start()]}: Asterisk takes the best of the formats that are there"
        fail("V115", f"a sound file is named without its ending `{ending.group()}`", cure, offset=ending.start())
    return found


SoundFile = Annotated[str, Reads(_sound, "sound file", pattern=rf"^(?!.*{_ENDING}$){_SOUND}$", maxLength=120)]
Mailbox = Annotated[
    str, matching("V107", r"[\w.-]+@[\w.-]+", "mailbox", "Write box and context: 1234@default", longest=80)
]
LANGUAGE: Final = r"[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*"
LANGUAGE_CURE: Final = "Write a code such as fr, en or fr_CA"
Language = Annotated[str, matching("V108", LANGUAGE, "language", LANGUAGE_CURE)]


PLACEHOLDERS: Final = ("number", "label", "service", "language", "caller", "uniqueid", "waited")
"""What stands in braces in the address of a page: of the call that the page is opened for."""

_PAGE: Final = (
    r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?"
    rf"([/?#]([A-Za-z0-9!#$%&'()*+,./:;=?@_~-]|\{{({'|'.join(PLACEHOLDERS)})\}})*)?"
)
LONGEST_PAGE: Final = 500


def _page(value: object) -> str:
    found = text(value)
    for each in re.finditer(r"\{([^{}]*)\}", found):
        if each[1] not in PLACEHOLDERS:
            cure = suggest(each[1], PLACEHOLDERS)
            fail("V117", f"`{each[0][:60]}` stands for nothing in an address", cure, offset=each.start())
    if opened := re.search(r"\{(?![^{}]*\})([A-Za-z]*)", found):
        cure = f"Write `{{{nearest(opened[1], PLACEHOLDERS) or 'number'}}}`"
        fail("V117", f"the brace of `{opened[0][:60]}` is not closed", cure, offset=opened.start())
    if not re.fullmatch(_PAGE, found) or len(found) > LONGEST_PAGE:
        cure = "Write http:// or https://, a host, and what is behind it: https://crm.example/find?number={number}"
        fail("V116", f"`{found[:120]}` is no address of a page", cure)
    return found


Page = Annotated[str, Reads(_page, "address", pattern=f"^{_PAGE}$", maxLength=LONGEST_PAGE)]
"""Where a page is, over http or https; PLACEHOLDERS may stand behind its host."""


# --- amounts ----------------------------------------------------------------------------------------------------------

_SECONDS: Final = {"s": 1, "m": 60, "min": 60, "h": 3600}
LONGEST_S: Final = 24 * 3600


def seconds(value: object) -> int:
    """Return whole seconds of a text such as `90s`, `2min`, `1h30min`; 0 is possible."""
    found = word(value)
    if re.fullmatch(r"\d+(\.\d+)?", found):
        fail("V120", f"the unit of `{found}` is missing", f"Write {found}s, {found}min or {found}h")
    parts = re.findall(r"(\d{1,6})(min|h|m|s)", found)
    if not parts or "".join(number + unit for number, unit in parts) != found:
        fail("V121", f"`{found}` is no length of time", "Write whole seconds, minutes or hours: 90s, 2min, 1h, 1h30min")
    total = sum(int(number) * _SECONDS[unit] for number, unit in parts)
    if total > LONGEST_S:
        fail("V122", f"{found} is longer than a day", "Use at most 24h")
    return total


def _some_seconds(value: object) -> int:
    found = seconds(value)
    if not found:
        fail("V123", "a time of 0 is no time", "Write at least 1s, or remove the key")
    return found


def choice(*words: str) -> Reads:
    """Return what lets only these words pass."""

    def check(value: object) -> str:
        found = word(value)
        if found not in words:
            fail("V130", f"`{found}` is not possible here", f"Write {' or '.join(words)}")
        return found

    return Reads(check, "word", enum=list(words))


_TIMES: Final = r"(\d{1,6}(min|h|m|s))+$"

Seconds = Annotated[int, Reads(seconds, "time", pattern=f"^{_TIMES}")]
Duration = Annotated[int, Reads(_some_seconds, "time", pattern=rf"^(?!(0+(min|h|m|s))+$){_TIMES}")]
"""Whole seconds, at least one."""


def number(value: object, *, least: int = 0, most: int = 999_999) -> int:
    """Return a whole number, written without quotes."""
    found = word(value)
    if isinstance(value, Text) and not value.plain:
        fail("V140", f'"{found}" is a text', f"Write {found} without quotes")
    if not re.fullmatch(r"-?\d{1,9}", found):
        fail("V141", f"`{found}` is no whole number", "Write digits only: 12")
    if not least <= int(found) <= most:
        fail("V142", f"{found} is not between {least} and {most}", f"Write a number from {least} to {most}")
    return int(found)


def whole(least: int = 0, most: int = 999_999) -> Reads:
    """Return what reads a whole number in these bounds."""
    read = partial(number, least=least, most=most)
    return Reads(read, "whole number", type="integer", minimum=least, maximum=most)


Count = Annotated[int, whole()]


def _weight(value: object) -> int:
    if isinstance(value, Text) and re.fullmatch(r"\d{1,6} *%", value):
        fail("D111", "a share has no `%`", f"Write {value.rstrip('% ')}; the shares need not add up to 100")
    return number(value)


Weight = Annotated[int, Reads(_weight, "whole number", type="integer", minimum=0, maximum=999_999)]
"""A part of a share."""

Positive = Annotated[int, whole(least=1)]


def percent(value: object) -> float:
    """Return a percentage, 0 to 100, of a text such as `80%`."""
    found = word(value)
    if not re.fullmatch(r"\d{1,3}(\.\d{1,3})?%", found):
        fail("V150", f"`{found}` is no percentage", "Write it with its sign: 80%")
    share = float(found[:-1])
    if share > 100:
        fail("V151", f"{found} is more than 100%", "Write a percentage from 0% to 100%")
    return share


Percent = Annotated[float, Reads(percent, "percentage", pattern=r"^(100(\.0{1,3})?|0?\d{1,2}(\.\d{1,3})?)%$")]
"""0 to 100."""


def _truth(value: object) -> bool:
    found = word(value)
    if found not in {"true", "false"} or (isinstance(value, Text) and not value.plain):
        fail("V160", f"`{found}` is neither true nor false", "Write true or false, without quotes")
    return found == "true"


Truth = Annotated[bool, Reads(_truth, "true or false", type="boolean")]


@dataclass(frozen=True, slots=True)
class Money:
    """An amount with its currency (ISO 4217)."""

    amount: Decimal
    currency: str


def _money(value: object) -> Money:
    found = word(value)
    parts = re.fullmatch(r"(\d{1,6}(?:\.\d{1,6})?) ([A-Z]{3})", found)
    if parts is None:
        fail("V170", f"`{found}` is no amount of money", "Write it with a point and its currency: 0.10 EUR")
    return Money(Decimal(parts[1]), parts[2])


Price = Annotated[Money, Reads(_money, "money", pattern=r"^\d{1,6}(\.\d{1,6})? [A-Z]{3}$")]


def _date(value: object) -> date:
    found = word(value)
    try:
        return date.fromisoformat(found if re.fullmatch(r"\d{4}-\d\d-\d\d", found) else "")
    except ValueError:
        fail("T102", f"`{found}` is no date", "Write year, month, day: 2026-12-24")


_DAYS: Final = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"

Day = Annotated[date, Reads(_date, "date", pattern=f"^{_DAYS}$")]


def _moment(value: object) -> datetime:
    found = word(value)
    written = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d))?", found)
    try:
        return datetime.fromisoformat(f"{written[1]} {written[2] or '00:00'}" if written else "")
    except ValueError:
        fail(
            "T102", f"`{found}` is no date", "Write year, month, day, and perhaps a time: 2026-12-24, 2026-12-24 18:00"
        )


Moment = Annotated[datetime, Reads(_moment, "date, or date and time", pattern=rf"^{_DAYS}( [0-2]\d:[0-5]\d)?$")]
"""A date, or a date and a time, by the clock on the wall; without a zone."""

Words = Annotated[str, Reads(text, "text")]
"""Any text; one that YAML would read as something else stands in quotes."""
