"""The instant that `explain` is asked about: to the minute, in what is to come or in what has been."""

import re
from datetime import datetime, tzinfo
from typing import Final

import click

from ccrouter.config.instants import InstantError, instant, past

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_OF_THE_WALL: Final = re.compile(r"\d:\d\d(:\d\d)?$")


def moment_asked(text: str, now: datetime, zone: tzinfo) -> datetime:
    """Return the instant that a text says; of an hour that the clocks go through twice the first, which is told.

    Raises:
        InstantError: it says none, or a day alone: at which time of that day makes all the difference.

    """
    said = " ".join(text.lower().split())
    if _DATE.fullmatch(said) or said == "yesterday":
        raise InstantError(f"`{text}` lacks a time", f"Write it too: {said} 8:00")
    found = (past if said.startswith("yesterday ") or said.endswith(" ago") else instant)(text, now, zone)
    second = found.replace(fold=1)
    if _OF_THE_WALL.search(said) and found.utcoffset() != second.utcoffset():
        first, later = (f"{each:%z}"[:3] + ":" + f"{each:%z}"[3:] for each in (found, second))
        when = f"{found:%Y-%m-%d %H:%M}"
        told = f"{when} comes twice, as the clocks are turned back; this is the first ({first}), write {when}{later}"
        click.echo(f"ccrouter: {told} for the second", err=True)
    return found
