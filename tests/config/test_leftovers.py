"""What counts as used: every way in which a routing file can refer to a name."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from ccrouter.config.leftovers import leftovers
from ccrouter.config.load import load_text

TODAY = datetime(2026, 11, 22, 23, 30, tzinfo=UTC).timestamp()
"""In Paris the next day has begun."""

Unused = Callable[..., list[str]]


@pytest.fixture
def unused(base: str) -> Unused:
    """Return what tells the codes of the small file after replacing pieces of it, given as pairs (old, new)."""

    def told(*pairs: tuple[str, str]) -> list[str]:
        text = base
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        loaded = load_text(text.encode(), "routing.yaml")
        return [problem.code for problem in leftovers(loaded.document, loaded.written, TODAY)]

    return told


def test_only_what_nothing_refers_to_is_told(unused: Unused) -> None:
    """The small file has a calendar that nobody asks for, and nothing else."""
    assert unused() == ["N202"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{mode: crisis}", "{mode: crisis, open: office}"),
        ("{mode: crisis}", "{mode: crisis, not: {any: [{closed: office}]}}"),
        ("max_wait: 2min", "max_wait: 2min, calendar: office"),
        ("max_calls: 30", "max_calls: 30, calendar: office"),
    ],
)
def test_calendar_is_used_by_conditions_at_any_depth_and_by_sites(unused: Unused, old: str, new: str) -> None:
    """A calendar that a condition or a site asks for is in use."""
    assert unused((old, new)) == []


@pytest.mark.parametrize(
    ("to", "told"),
    [
        ("[tunis, closed]", []),
        ("[{site: tunis, for: 30s}]", []),
        ("[{share: {paris: 70, tunis: 30}}]", []),
        ("[paris]", ["N203"]),
    ],
)
def test_site_is_used_by_plans(unused: Unused, to: str, told: list[str]) -> None:
    """By its name, with a limit, or in a share."""
    office = ("{mode: crisis}", "{mode: crisis, open: office}")
    assert unused(office, ("to: [tunis, closed]", f"to: {to}")) == told


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{mode: crisis}", "{mode: {off: crisis}}"),
        ("{mode: crisis}", "{any: [{mode: crisis}, {caller: anonymous}]}"),
        ("services:\n", "unknown_number: closed\nservices:\n"),
        ("services:\n", "unknown_number: {service: support}\nservices:\n"),
    ],
)
def test_modes_messages_and_services_are_used_in_each_of_their_forms(unused: Unused, old: str, new: str) -> None:
    """A mode that must be off, one in a list of conditions; a message or service of unknown numbers."""
    assert unused((old, new)) == ["N202"]


@pytest.mark.parametrize(
    ("exceptions", "told"),
    [
        ("{2026-11-22: closed}", ["T201"]),
        ("{2026-11-23: closed}", []),
        ("{2025-12-25: closed, 2026-12-25: closed}", []),
        ("{}", []),
    ],
)
def test_exceptions_are_over_when_the_last_of_them_is_by_the_clock_of_the_file(
    unused: Unused, exceptions: str, told: list[str]
) -> None:
    """Today counts: by the wall clock of the time zone, not by that of Greenwich."""
    calendar = ('"Mo-Fr 08:30-18:30"', f'"Mo-Fr 08:30-18:30", exceptions: {exceptions}')
    assert unused(("{mode: crisis}", "{mode: crisis, open: office}"), calendar) == told
