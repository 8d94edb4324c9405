"""What each degraded state of ccrouter itself rests on; those of a link are looked at by app/troubles.py."""

from collections.abc import Callable, Mapping
from typing import Protocol

from ccrouter.telemetry.degraded import Degraded

Whys = Mapping[Degraded, Callable[[], str]]
"""By state, what returns why it is on; empty where it is off."""


class Tells(Protocol):
    """What tells why it is not as it should be."""

    @property
    def why(self) -> str:
        """Return the reason for a person; empty where all is well."""
        ...


class TellsOfRules(Protocol):
    """What reads the routing file."""

    @property
    def refused(self) -> str:
        """Return why the file as it was last read is not in force; empty where it is."""
        ...


class TellsOfFallback(Protocol):
    """What keeps the compiled rules."""

    @property
    def why_stale(self) -> str:
        """Return why they are not those in force; empty where they are."""
        ...


def whys_of(  # noqa: PLR0913 - each is what one state rests on
    load: Tells,
    rules_file: TellsOfRules,
    trial: Tells,
    recorder: Tells,
    hour: Tells,
    *,
    fallback: TellsOfFallback | None,
    tokens: Tells | None,
) -> Whys:
    """Return what each state is looked up by; None where the settings ask for no such thing."""
    return {
        Degraded.OVERLOAD: lambda: load.why,
        Degraded.RULES_REFUSED: lambda: rules_file.refused,
        Degraded.STATE_BROKEN: lambda: trial.why,
        Degraded.JOURNAL_BROKEN: lambda: recorder.why,
        Degraded.CLOCK_JUMP: lambda: hour.why,
        Degraded.FALLBACK_STALE: lambda: "" if fallback is None else fallback.why_stale,
        Degraded.TOKENS_UNUSABLE: lambda: "" if tokens is None else tokens.why,
    }
