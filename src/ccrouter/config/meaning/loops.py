"""Sites whose calls come back."""

import re
from collections.abc import Iterator
from typing import Final

from ccrouter.config.meaning.subject import Subject
from ccrouter.config.problems import Problem
from ccrouter.config.telephone import dialled
from ccrouter.routing.destinations import External
from ccrouter.routing.rules import Rules

_OVER_A_TRUNK: Final = frozenset({"PJSIP", "SIP", "IAX2", "DAHDI"})
"""What a Local channel dials is an extension of the PABX, whose meaning only its dialplan knows."""


def of_loops(subject: Subject) -> Iterator[Problem]:
    """Yield sites that dial a number of this very file."""
    for name, site in subject.rules.sites.items():
        number = _own(site.dial, subject.rules) if isinstance(site, External) else None
        if number is not None:
            message = (
                f"the site `{name}` dials `{number}`, a number of this file: its calls come back to where they start"
            )
            cure = "Dial a number that does not lead here, or one that the other end of the trunk knows"
            yield subject.document.problem(("sites", name, "external", "dial"), "M151", message, cure)


def _own(dial: str, rules: Rules) -> str | None:
    technology, _, address = dial.partition("/")
    if technology not in _OVER_A_TRUNK:
        return None
    for part in re.split(r"[/@:]", address):
        known = rules.numbers.get(dialled(part)) if re.fullmatch(r"\+?\d{3,}", part) else None
        if known is not None:
            return known.number
    return None
