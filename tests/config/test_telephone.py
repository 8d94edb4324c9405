"""Numbers: every spelling of a carrier reaches the number that was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccrouter.config.telephone import NoNumberError, beginnings, country_of, spellings


@pytest.mark.parametrize(
    ("written", "country", "expected"),
    [
        ("0800 123 456", "FR", {"0800123456", "+33800123456", "0033800123456", "33800123456"}),
        ("0 800 12 34 56", "FR", {"0800123456", "+33800123456", "0033800123456", "33800123456"}),
        ("+33 (800) 12.34-56", "FR", {"0800123456", "+33800123456", "0033800123456", "33800123456"}),
        ("0033 800 123 456", "FR", {"0800123456", "+33800123456", "0033800123456", "33800123456"}),
        ("33800123456", "FR", {"0800123456", "+33800123456", "0033800123456", "33800123456"}),
        ("+216 71 000 000", "FR", {"+21671000000", "0021671000000", "21671000000"}),
        ("3949", "FR", {"3949"}),
        ("118 712", "FR", {"118712"}),
        ("112", "FR", {"112"}),
        ("0596 12 34 56", "MQ", {"0596123456", "+596596123456", "00596596123456", "596596123456"}),
        ("06 6982", "IT", {"066982"}),
        ("06 6982 1234", "IT", {"0669821234", "+390669821234", "00390669821234", "390669821234"}),
        ("(800) 555-0100", "US", {"8005550100", "18005550100", "+18005550100", "0018005550100", "01118005550100"}),
        ("0800 123 4567", "GB", {"08001234567", "+448001234567", "00448001234567", "448001234567"}),
    ],
)
def test_spellings(written: str, country: str, expected: set[str]) -> None:
    """As written, national, and international with each prefix; short numbers as dialled only."""
    assert spellings(written, country) == expected


@pytest.mark.parametrize("written", ["0800 12 34", "0800 123 456 789", "+99 123 456 789", "+1234567"])
def test_what_is_no_number(written: str) -> None:
    """A number whose length or country can't be is refused."""
    with pytest.raises(NoNumberError):
        spellings(written, "FR")


@given(st.integers(100_000_000, 999_999_999))
def test_every_spelling_names_the_same_number(national: int) -> None:
    """Whichever spelling of a number the file uses, the same set comes out."""
    forms = spellings(f"+33{national}", "FR")
    for form in forms:
        assert spellings(form, "FR") == forms


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("+33 6", {"+336", "336", "00336", "06"}),
        ("06", {"+336", "336", "00336", "06"}),
        ("0033 6", {"+336", "336", "00336", "06"}),
        ("+216", {"+216", "216", "00216"}),
        ("36", {"36"}),
        ("+33", {"+33", "33", "0033", "01", "02", "03", "04", "05", "06", "07", "08", "09"}),
    ],
)
def test_beginnings(written: str, expected: set[str]) -> None:
    """The begin of a number is recognised in each form; a country's own code never covers what leads abroad."""
    assert set(beginnings(written, "FR")) == expected


def test_country_of_a_time_zone() -> None:
    """National numbers are read in the country of the time zone; one that belongs to none stands for France."""
    assert country_of("Europe/Paris") == "FR"
    assert country_of("America/Martinique") == "MQ"
    assert country_of("Europe/Brussels") == "BE"
    assert country_of("UTC") == "FR"
