"""What never reaches a log as it came: secrets, callers' numbers, and signs that a terminal would obey.

The functions here take any value and never raise: a log line must not be able to stop a call.
"""

import re
from collections.abc import Mapping
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

_HIDDEN_STARS: Final = 12
_LONG_NUMBER: Final = re.compile(r"\+?\d{6,}")
_SECRET_TEXT: Final = re.compile(
    rf"({'|'.join(SECRET_WORDS)})(\w*['\"]?\s*[:=]\s*)(?:(?!\\r|\\n|[\r\n]).)+", re.IGNORECASE
)
_UNPRINTABLE: Final = {
    **dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), "�"),  # C0, DEL, C1: what terminals obey
    **dict.fromkeys((0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), "�"),  # new lines, directions
    **dict.fromkeys(range(0xD800, 0xE000), "�"),  # halves of a letter, which can't be written
}
_UNPRINTABLE_BUT_LINES: Final = {code: sign for code, sign in _UNPRINTABLE.items() if code not in {0x0A, 0x09}}


def plain(value: str) -> str:
    """Return the text on one line, without signs that a terminal would obey, and not longer than MAX_TEXT."""
    return _shortened(value.translate(_UNPRINTABLE))


def masked(caller: object) -> object:
    """Return a caller's number with its first two to four characters only; shorter ones keep a third at most."""
    if caller is None:
        return None
    text = plain(_text(caller))
    kept = min(4, len(text) // 3)
    return text[:kept] + "*" * min(len(text) - kept, _HIDDEN_STARS)


def foreign(text: str, *, mask_callers: bool, lines: bool = False) -> str:
    """Return a text that somebody else made (a library, an exception), without what looks like a secret or a number.

    `lines` keeps its line ends.
    """
    clean = text.translate(_UNPRINTABLE_BUT_LINES if lines else _UNPRINTABLE)
    clean = _SECRET_TEXT.sub(rf"\1\2{REDACTED}", clean)
    if mask_callers:
        clean = _LONG_NUMBER.sub(lambda found: str(masked(found[0])), clean)
    return clean if lines else _shortened(clean)


def cleaned(fields: Mapping[str, object], *, mask_callers: bool) -> dict[str, object]:
    """Return the fields of a log line as they may be written."""
    return {plain(_text(key)): _clean(_text(key), value, mask_callers, 0) for key, value in fields.items()}


def _clean(key: str, value: object, mask_callers: bool, depth: int) -> object:  # noqa: FBT001 - the setting itself
    name = "".join(filter(str.isalnum, key.lower()))
    if any(word in name for word in SECRET_WORDS):
        return REDACTED
    if mask_callers and name.removeprefix("agi") in CALLER_KEYS:
        return masked(value)
    return _clean_value(value, mask_callers, depth)


def _clean_value(value: object, mask_callers: bool, depth: int) -> object:  # noqa: FBT001 - the setting itself
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return plain(value)
    if depth < MAX_DEPTH and isinstance(value, Mapping):
        return {plain(_text(key)): _clean(_text(key), each, mask_callers, depth + 1) for key, each in value.items()}
    if depth < MAX_DEPTH and isinstance(value, list | tuple | set | frozenset):
        return [_clean_value(each, mask_callers, depth + 1) for each in value]
    return foreign(_text(value), mask_callers=mask_callers)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - somebody else's __str__, and a log line must not raise
        return f"<{type(value).__name__}: {type(error).__name__}>"


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}... and {len(text) - MAX_TEXT} more"
