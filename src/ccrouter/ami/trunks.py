"""Whether the trunks to other sites can be reached, as the PABX's qualify sees it.

Neither the state of the device nor a listing tells: a dead trunk that still has calls is `INUSE`, PJSIPShowContacts
leaves out static contacts, and PJSIPShowEndpoints needs the class `system`. Dialplan functions tell it exactly, with
the class `reporting`, on Asterisk 16.28 and 22.10 alike: PJSIP_ENDPOINT names the AORs of an endpoint, PJSIP_AOR their
contacts, PJSIP_CONTACT the status of each.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Final

from ccrouter.ami.connection import Connection

TECHNOLOGY: Final = "PJSIP/"
NAME: Final = re.compile(r"[A-Za-z0-9_.:;@+/-]+")
"""What may stand in the call of a function: nothing that ends an argument or starts an expression."""

OTHER_STATES: Final[Mapping[str, bool | None]] = {"": None, "UNKNOWN": None, "UNAVAILABLE": False, "INVALID": False}
"""Of a device that is not PJSIP's; all states that are not here are those of one that answers."""


async def reachable(connection: Connection, trunks: Collection[str], within_s: float) -> dict[str, bool | None]:
    """Return whether each trunk (`PJSIP/trunk-tunis`) can be reached: by one contact at least.

    None where nothing watches it (no qualify), it is not known there, or the PABX lacks the modules func_pjsip_*.

    Raises:
        LinkError: no answer in time, or the link is down.

    """
    asked = sorted(trunk for trunk in trunks if NAME.fullmatch(trunk))
    sip = [trunk.removeprefix(TECHNOLOGY) for trunk in asked if trunk.startswith(TECHNOLOGY)]
    others = [trunk for trunk in asked if not trunk.startswith(TECHNOLOGY)]

    aors = await _listed(connection, {name: f"PJSIP_ENDPOINT({name},aors)" for name in sip}, within_s)
    every_aor = {aor for names in aors.values() for aor in names}
    contacts = await _listed(connection, {aor: f"PJSIP_AOR({aor},contact)" for aor in every_aor}, within_s)
    every_contact = {contact for names in contacts.values() for contact in names}
    status = await _asked(connection, {name: f"PJSIP_CONTACT({name},status)" for name in every_contact}, within_s)
    states = await _asked(connection, {name: f"DEVICE_STATE({name})" for name in others}, within_s)

    seen = {name: OTHER_STATES.get(state, True) for name, state in states.items()}
    for name, its_aors in aors.items():
        statuses = [status[contact] for aor in its_aors for contact in contacts[aor]]
        seen[TECHNOLOGY + name] = _sum_up(statuses) if its_aors else None
    return {trunk: seen.get(trunk) for trunk in trunks}


def _sum_up(statuses: Iterable[str]) -> bool | None:
    told = set(statuses)
    if "Reachable" in told:
        return True
    return False if told <= {"Unreachable", "Removed"} else None


async def _listed(connection: Connection, asked: Mapping[str, str], within_s: float) -> dict[str, Sequence[str]]:
    answers = await _asked(connection, asked, within_s)
    return {key: [name for name in value.split(",") if NAME.fullmatch(name)] for key, value in answers.items()}


async def _asked(connection: Connection, asked: Mapping[str, str], within_s: float) -> dict[str, str]:
    """Return the value of an expression for each key, all asked at once."""
    with ExitStack() as stack:
        pending = {}
        for key, expression in asked.items():
            pending[key] = connection.send("Getvar", {"Variable": expression})
            stack.callback(pending[key].forget)
        return {key: (await each.response(within_s)).fields.get("Value", "") for key, each in pending.items()}
