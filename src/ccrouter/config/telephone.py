"""Telephone numbers: the spellings under which carriers deliver one number, and the beginnings of callers' numbers."""

import re
from importlib.resources import files
from typing import Annotated, Final

import phonenumbers
from phonenumbers import PhoneMetadata

from ccrouter.config.document import Text
from ccrouter.config.reads import Reads
from ccrouter.config.values import fail, text, word

SHORT: Final = 6
"""Numbers of up to so many digits (3949, 118 712) have no international form: they are compared as dialled."""

LONGEST: Final = 18
"""E.164 allows 15 digits; `00` or another prefix may stand before them."""

DEFAULT_COUNTRY: Final = "FR"


def phone(value: object) -> str:
    """Return a number, or the begin of one, as a person writes it: in quotes."""
    if not isinstance(value, Text):
        return text(value)
    if value.plain:
        word(value)
        fail(
            "Y202",
            f"the telephone number {value} has no quotes, and YAML can change it",
            f'Write it in quotes: "{value}"',
        )
    strange = re.search(r"[^\d ().+/\u00a0\u202f-]|(?<=.)\+", value)
    if strange:
        cure = "Write digits, with spaces, points or dashes between them, and + only at the begin"
        fail("V180", f"`{strange.group()}` can't be in a telephone number", cure, offset=strange.start())
    count = len(dialled(value).lstrip("+"))
    if not 1 < count <= LONGEST:
        fail("V181", f"a number of {count} digits can't be dialled", f"Write 2 to {LONGEST} digits")
    return str(value)


Phone = Annotated[str, Reads(phone, "telephone number", pattern=r"^\+?[\d ().\/\u00a0\u202f-]{2,40}$")]
"""A number or the begin of one, in quotes, as a person writes it."""


def dialled(written: str) -> str:
    """Return the digits, with `+` where it stands in front."""
    return "+" * written.startswith("+") + re.sub(r"\D", "", written)


def country_of(timezone: str) -> str:
    """Return the country (ISO 3166) of a time zone, or FR for one that belongs to none."""
    table = files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8")
    zones = {line.split("\t")[2]: line[:2] for line in table.splitlines() if not line.startswith("#")}
    return zones.get(timezone, DEFAULT_COUNTRY)


def is_country(code: str) -> bool:
    """Tell whether numbers of this country can be read."""
    return code in phonenumbers.SUPPORTED_REGIONS


class NoNumberError(ValueError):
    """What is written can't be a number of the country."""


def spellings(written: str, country: str) -> frozenset[str]:
    """Return every form in which a carrier may deliver a number that was dialled.

    Those are: as written without spaces, national, and E.164 with +, with the prefixes for calls abroad, and bare.

    Raises:
        NoNumberError: its length is not that of a number of the country, and it is not short.

    """
    digits = dialled(written)
    if len(digits) <= SHORT and digits.isdigit():
        return frozenset({digits})
    try:
        number = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException as error:
        raise NoNumberError(str(error)) from None
    if not phonenumbers.is_possible_number(number):
        raise NoNumberError("its length is wrong")
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    forms = {digits, *_abroad(e164[1:], country)}
    if number.country_code == phonenumbers.country_code_for_region(country):
        forms.add(_trunk_prefix(country) + phonenumbers.national_significant_number(number))
    return frozenset(forms)


def beginnings(written: str, country: str) -> tuple[str, ...]:
    """Return every form that the begin of a caller's number may have; `+33 6` and `06` say the same in France."""
    digits = dialled(written)
    digits = f"+{digits[2:]}" if digits.startswith("00") else digits
    code, trunk = f"+{phonenumbers.country_code_for_region(country)}", _trunk_prefix(country)
    forms = {digits}
    if digits.startswith("+"):
        forms |= _abroad(digits[1:], country)
        national = digits.removeprefix(code)
        if trunk and national != digits:
            # A bare `0` would also be the begin of `00`, which leads abroad.
            forms |= {trunk + national} if national else {f"{trunk}{first}" for first in range(1, 10)}
    elif trunk and digits.startswith(trunk):
        forms |= _abroad(code[1:] + digits.removeprefix(trunk), country)
    return tuple(sorted(forms))


def _abroad(international: str, country: str) -> set[str]:
    metadata = PhoneMetadata.metadata_for_region(country, None)
    prefix = "" if metadata is None else metadata.international_prefix or ""
    own = {f"{prefix}{international}"} if prefix.isdigit() else set()
    return {f"+{international}", international, f"00{international}", *own}


def _trunk_prefix(country: str) -> str:
    metadata = PhoneMetadata.metadata_for_region(country, None)
    prefix = "" if metadata is None else metadata.national_prefix or ""
    return prefix if prefix.isdigit() else ""
