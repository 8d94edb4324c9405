"""What never reaches a log as it came: secrets, callers' numbers, and signs that a terminal would obey.

The functions here take any value and never raise: a log line must not be able to stop a call.
"""

import re
from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from typing import Final

REDACTED: Final = "[redacted]"
MAX_TEXT: Final = 2000
"""Characters of one value; a peer may send as many as it likes."""

MAX_DEPTH: Final = 4

SECRET_WORDS: Final = ("secret", "password", "passwd", "token", "authorization", "cookie")
CALLER_KEYS: Final = frozenset(
    {
        "ani",
        "caller",
        "callerid",
        "calleridname",
        "calleridnum",
        "callername",
        "callernumber",
        "connectedlinename",
        "connectedlinenum",
    }
)
"""Keys, without signs between their words and in lower case, whose value tells who calls."""

_AS_IT_IS: Final = frozenset({int, float, bool, type(None)})
_STARS: Final = "*" * 12
_LONG_NUMBER: Final = re.compile(r"\+?\d{6,}")
_SECRET_TEXT: Final = re.compile(
    rf"({'|'.join(SECRET_WORDS)})(\w*['\"]?\s*[:=]\s*)(?:(?!\\r|\\n|[\r\n]).)+", re.IGNORECASE
)
_UNPRINTABLE: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f"  # C0, DEL, C1: what terminals obey
    r"\u2028\u2029\u202a-\u202e\u2066-\u2069"  # new lines, directions of writing
    r"\ud800-\udfff]"  # halves of a letter, which can't be written
)
_UNPRINTABLE_BUT_LINES: Final = re.compile(_UNPRINTABLE.pattern.replace(r"\x00-\x1f", r"\x00-\x08\x0b-\x1f"))
_STAND_IN: Final = "\ufffd"


def plain(value: str) -> str:
    """Return the text on one line, without signs that a terminal would obey, and not longer than MAX_TEXT."""
    if len(value) <= MAX_TEXT and value.isascii() and value.isprintable():
        return value  # nearly all values, and each line has a dozen
    return _shortened(_UNPRINTABLE.sub(_STAND_IN, value))


def masked(caller: object) -> object:
    """Return a caller's number with its first two to four characters only; shorter ones keep a third at most."""
    if caller is None:
        return None
    text = plain(_text(caller))
    kept = min(4, len(text) // 3)
    return text[:kept] + _STARS[: len(text) - kept]


def foreign(text: str, *, mask_callers: bool, lines: bool = False) -> str:
    """Return a text that somebody else made (a library, an exception), without what looks like a secret or a number.

    `lines` keeps its line ends.
    """
    clean = (_UNPRINTABLE_BUT_LINES if lines else _UNPRINTABLE).sub(_STAND_IN, text)
    clean = _SECRET_TEXT.sub(rf"\1\2{REDACTED}", clean)
    if mask_callers:
        clean = _LONG_NUMBER.sub(lambda found: str(masked(found[0])), clean)
    return clean if lines else _shortened(clean)


def cleaned(fields: Mapping[str, object], *, mask_callers: bool) -> dict[str, object]:
    """Return the fields of a log line as they may be written."""
    return _clean_fields(fields, mask_callers, 0)


def _clean_fields(fields: Mapping[str, object], mask_callers: bool, depth: int) -> dict[str, object]:  # noqa: FBT001 - the setting itself
    clean: dict[str, object] = {}
    for key, value in fields.items():
        shown, tells = _key(key if type(key) is str else _text(key))
        if tells is None:
            # Nearly all are texts, and each line has a dozen.
            clean[shown] = plain(value) if type(value) is str else _clean_value(value, mask_callers, depth)
        elif tells is _Tells.SECRET:
            clean[shown] = REDACTED
        else:
            clean[shown] = masked(value) if mask_callers else _clean_value(value, mask_callers, depth)
    return clean


def _clean_value(value: object, mask_callers: bool, depth: int) -> object:  # noqa: FBT001 - the setting itself
    if type(value) in _AS_IT_IS:
        return value
    if isinstance(value, str):
        # Of a word of an enumeration its text alone, which is written twice as fast.
        return plain(str.__str__(value))
    if depth < MAX_DEPTH:
        if isinstance(value, (list, tuple, set, frozenset)):
            return [_clean_value(each, mask_callers, depth + 1) for each in value]
        if isinstance(value, (dict, Mapping)):
            return _clean_fields(value, mask_callers, depth + 1)
    if isinstance(value, (int, float)):
        return value
    return foreign(_text(value), mask_callers=mask_callers)


class _Tells(Enum):
    SECRET = 1
    CALLER = 2


@lru_cache(maxsize=1024)
def _key(key: str) -> tuple[str, _Tells | None]:
    """Return a key as it is shown and what its value gives away, if anything; few keys come again and again."""
    name = "".join(filter(str.isalnum, key.lower()))
    if any(word in name for word in SECRET_WORDS):
        return plain(key), _Tells.SECRET
    return plain(key), _Tells.CALLER if name.removeprefix("agi") in CALLER_KEYS else None


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - somebody else's __str__, and a log line must not raise
        return f"<{type(value).__name__}: {type(error).__name__}>"


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}... and {len(text) - MAX_TEXT} more"
