"""The instant that a command is asked about: to the minute, in what is to come or in what has been."""

from datetime import datetime, tzinfo

import click

from ccrouter.config.asking import moment_of


def moment_asked(text: str, now: datetime, zone: tzinfo) -> datetime:
    """Return the instant that a text says; of an hour that the clocks go through twice the first, which is told.

    Raises:
        InstantError: it says none, or a day alone: at which time of that day makes all the difference.

    """
    found, remark = moment_of(text, now, zone)
    if remark:
        click.echo(f"ccrouter: {remark}", err=True)
    return found
