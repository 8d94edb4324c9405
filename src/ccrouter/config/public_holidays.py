"""Public holidays of countries and of parts of them, for any year."""

import sys
from collections.abc import Sequence
from importlib.util import find_spec, module_from_spec
from typing import TYPE_CHECKING, Final, Protocol, cast

if TYPE_CHECKING:
    from holidays import HolidayBase

_COUNTRIES: Final = "holidays.countries"


class NoHolidaysError(LookupError):
    """There are no holidays under this code; `known` are codes that exist, of the same country where it exists."""

    def __init__(self, known: Sequence[str]) -> None:
        super().__init__()
        self.known = known


class _Country(Protocol):
    subdivisions: Sequence[str]

    def __call__(self, *, subdiv: str | None, language: str) -> "HolidayBase": ...


def public_holidays(code: str) -> "HolidayBase":
    """Return the public holidays of a country or of a part of one (`FR`, `FR-57`).

    Raises:
        NoHolidaysError: there is no such country or part.

    """
    import holidays  # noqa: PLC0415 - it takes its time, and many files name no holidays
    from holidays.registry import EntityLoader  # noqa: PLC0415

    _import_no_other_countries()
    name, _, part = code.partition("-")
    known = list(EntityLoader.get_country_codes())
    if name not in known:
        raise NoHolidaysError([each for each in known if len(each) == len("FR")])
    country = cast("_Country", getattr(holidays, name))
    if part and part not in country.subdivisions:
        raise NoHolidaysError([name, *(f"{name}-{each}" for each in country.subdivisions)])
    return country(subdiv=part or None, language="en_US")


def _import_no_other_countries() -> None:
    """Keep the package of countries from importing all 250 as soon as one is needed, which takes 0.2 s and 20 MB.

    Its module stands there without having run; the library imports each country by its own module.
    """
    spec = None if _COUNTRIES in sys.modules else find_spec(_COUNTRIES)
    if spec is not None:
        sys.modules[_COUNTRIES] = module_from_spec(spec)
