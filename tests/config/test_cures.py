"""What a person is told to write: times and zones as they were meant, and what is not closed, where it was opened."""

from pathlib import Path
from typing import Final

import pytest

from ccrouter.config.cures import hours_meant, zone_cure
from ccrouter.config.hours import hours
from ccrouter.config.load import compile_text
from ccrouter.config.problems import RefusedFileError

EXAMPLE: Final = (Path(__file__).parents[2] / "configs/example.yaml").read_text("utf-8")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("8:30", "Mo-Fr 08:30-18:30"),
        ("8:30-12", "Mo-Fr 08:30-12:00"),
        ("19h", "Mo-Fr 19:00-24:00"),
        ("8h30-18h30", "Mo-Fr 08:30-18:30"),
        ("Lu-Ve 8h30 \N{EN DASH} 18h30", "Mo-Fr 08:30-18:30"),
        ("lundi au vendredi de 9 heures à 17 heures", "Mo-Fr 09:00-17:00"),
        ("Lundi - Vendredi 9h-12h 14h-18h", "Mo-Fr 09:00-12:00,14:00-18:00"),
        ("Mo-Fr 9am-5pm; Sat 9am-1pm", "Mo-Fr 09:00-17:00; Sa 09:00-13:00"),
        ("Montag bis Freitag 8-17 Uhr", "Mo-Fr 08:00-17:00"),
        ("lundi, mercredi 9h-17h", "Mo,We 09:00-17:00"),
        ("Mo-Fr 8.30-18.30", "Mo-Fr 08:30-18:30"),
        ("Mo-Fr 09:00-18:00 Sa 10:00-12:00", "Mo-Fr 09:00-18:00; Sa 10:00-12:00"),
        ("Mo-Fr 8h-18h Sa 10h-12h", "Mo-Fr 08:00-18:00; Sa 10:00-12:00"),
        ("Mo-We,Fr 8h-18h, samedi 10h-12h", "Mo-We,Fr 08:00-18:00; Sa 10:00-12:00"),
        ("Mo-Fr 9h-12h; 14h-18h", "Mo-Fr 09:00-12:00,14:00-18:00"),
        ("9h-17h lundi-vendredi", "Mo-Fr 09:00-17:00"),
        ("24h/24", "24/7"),
        ("always", "24/7"),
    ],
)
def test_hours_of_other_forms_are_shown_in_the_right_one(written: str, meant: str) -> None:
    """English, French and German habits come out as OpenStreetMap's form, with the person's own days and times."""
    assert hours_meant(written) == meant
    hours(meant)


UNSURE: Final = (
    "8h-18h, mercredi 8h-12h",
    "Mo-Fr 8h-18h Sa",
    "Mo-Fr 8h-18h Sa 10h",
    "Mo-Fr 8h-18h sauf mercredi",
    "Dec 24 9h-12h",
)
"""Texts with words or days that no guess may leave out."""


@pytest.mark.parametrize("written", ["", "in the morning", "25:00-30:00", "8:75", "Mo-Fr 0830-1830", *UNSURE])
def test_what_can_not_be_guessed_is_not(written: str) -> None:
    """Where no times are found, or ones that no clock shows, nothing is made up."""
    assert hours_meant(written) == ""


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("CEST", "Europe/Paris"),
        ("paris", "Europe/Paris"),
        ("europe/paris", "Europe/Paris"),
        ("New York", "America/New_York"),
        ("Amerika/New_York", "America/New_York"),
        ("Sao Paulo", "America/Sao_Paulo"),
        ("Tuniss", "Africa/Tunis"),
    ],
)
def test_zone_is_found_by_city_or_abbreviation(written: str, place: str) -> None:
    """A real name of the tz database is suggested, for a place where the clock shows what is meant."""
    assert zone_cure(written) == f"Did you mean `{place}`?"


@pytest.mark.parametrize("written", ["UTC+1", "GMT-05:00", "+01:00"])
def test_fixed_offset_is_no_zone(written: str) -> None:
    """A line that changes its clock twice a year has no fixed offset."""
    assert "no summer time" in zone_cure(written)


def dropped(sign: str) -> list[tuple[str, int]]:
    """Return the example without each sign in turn, and the line from which it is gone.

    Comments are left alone, and brackets within quotes, which are text.
    """
    found = []
    for row, line in enumerate(EXAMPLE.split("\n"), 1):
        for column in range(len(line.partition(" #")[0])):
            quoted = sign in "]}" and line.count('"', 0, column) % 2
            if line[column] == sign and not quoted and not line.startswith("#"):
                lines = EXAMPLE.split("\n")
                lines[row - 1] = line[:column] + line[column + 1 :]
                found.append(("\n".join(lines), row))
    return found


@pytest.mark.parametrize("sign", ["]", "}"])
def test_bracket_that_is_not_closed_is_told_where_it_was_opened(sign: str) -> None:
    """Whichever closing bracket is gone from a large file, the line is right, and nothing else is said."""
    cases = dropped(sign)
    assert len(cases) > 10
    for text, row in cases:
        with pytest.raises(RefusedFileError) as raised:
            compile_text(text.encode(), "routing.yaml")
        assert [(problem.code, problem.line) for problem in raised.value.problems] == [("Y118", row)]


def test_quote_that_has_no_partner_is_told_on_its_line() -> None:
    """Whichever double quote is gone, the first thing said is on its line; a closing one is told as what it is."""
    for number, (text, row) in enumerate(dropped('"')):
        with pytest.raises(RefusedFileError) as raised:
            compile_text(text.encode(), "routing.yaml")
        first = raised.value.problems[0]
        assert first.line == row
        assert first.code == "Y120", (number, row)
