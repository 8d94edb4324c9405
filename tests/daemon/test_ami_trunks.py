"""Whether trunks can be reached: what a PABX's dialplan functions tell, and when they are asked."""

import pytest

from ccrouter.ami.resync import Paces
from ccrouter.ami.watches import LinkState
from ccrouter.live.events import EndpointSeen, LinkLost, ListBegan, ListDone, Listing
from support.ami import sample, written
from support.ami_peer import AmiPeer, Held, linked, silent

TUNIS = "PJSIP/trunk-tunis"
QUICK = Paces(pause=0.01, audit=60.0, reading=0.2, retry=0.01, longest_retry=0.05)


def trunk(*statuses: str, name: str = "trunk-tunis") -> dict[str, str]:
    """Return what the functions tell of an endpoint with one AOR and these contacts."""
    contacts = {f"{name}@@{number}": status for number, status in enumerate(statuses)}
    return {
        f"PJSIP_ENDPOINT({name},aors)": name,
        f"PJSIP_AOR({name},contact)": ",".join(contacts),
        **{f"PJSIP_CONTACT({contact},status)": status for contact, status in contacts.items()},
    }


CASES: dict[str, tuple[str, dict[str, str], bool | None]] = {
    "it answers": (TUNIS, trunk("Reachable"), True),
    "it does not": (TUNIS, trunk("Unreachable"), False),
    "one of two contacts does": (TUNIS, trunk("Unreachable", "Reachable"), True),
    "none of two does": (TUNIS, trunk("Unreachable", "Unreachable"), False),
    "nothing watches it": (TUNIS, trunk("NonQualified"), None),
    "nothing watches one of two": (TUNIS, trunk("Unreachable", "NonQualified"), None),
    "it was not asked yet": (TUNIS, trunk("Unknown"), None),
    "it has no contact": (TUNIS, trunk(), False),
    "it is not known there": (TUNIS, {}, None),
    "the functions are not there": (TUNIS, {"PJSIP_ENDPOINT(trunk-tunis,aors)": ""}, None),
    "two AORs": (
        TUNIS,
        trunk("Unreachable") | trunk("Reachable", name="b") | {"PJSIP_ENDPOINT(trunk-tunis,aors)": "trunk-tunis,b"},
        True,
    ),
    "a name that can't be asked for": ("PJSIP/a,b)", {}, None),
    "a contact whose name can't be asked for": (
        TUNIS,
        trunk("Unreachable") | {"PJSIP_AOR(trunk-tunis,contact)": "a)${b}"},
        False,
    ),
    "of another technology, it answers": ("SIP/tunis", {"DEVICE_STATE(SIP/tunis)": "NOT_INUSE"}, True),
    "of another technology, it does not": ("SIP/tunis", {"DEVICE_STATE(SIP/tunis)": "UNAVAILABLE"}, False),
    "of another technology, nobody knows": ("SIP/tunis", {"DEVICE_STATE(SIP/tunis)": "UNKNOWN"}, None),
}


@pytest.mark.parametrize("case", CASES)
async def test_what_the_functions_tell(case: str) -> None:
    """One contact that answers is enough; unknown is not unreachable."""
    name, values, expected = CASES[case]
    async with AmiPeer(values=values) as peer, linked(peer, trunks=[name]) as house:
        seen = await house.ear.heard(EndpointSeen)
        assert seen == EndpointSeen(pabx="pbx", at=seen.at, endpoint=name, reachable=expected)
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        assert len(house.ear.of(EndpointSeen)) == 1


async def test_all_trunks_are_asked_for_at_once() -> None:
    """Each step asks for all of them, without waiting for one answer after the other."""
    held = Held()
    names = [f"PJSIP/trunk{number}" for number in range(50)]
    async with AmiPeer(replies={"Getvar": held}) as peer, linked(peer, trunks=names) as house:
        await held.until(50)
        for call, order in reversed(held.items):
            call.answer(order, Value="")
        await house.ear.heard(EndpointSeen, 50)


async def test_a_contact_that_changed_has_the_trunks_looked_at_again() -> None:
    """The event is only a hint, for a caller could forge it: what a trunk is comes from the functions."""
    async with AmiPeer(values=trunk("Reachable")) as peer, linked(peer, trunks=[TUNIS], paces=QUICK) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        peer.values = trunk("Unreachable")
        hint = sample(22, "ContactStatus") | {"EndpointName": "trunk-tunis", "ContactStatus": "Reachable"}
        peer.calls[0].say(written(hint))
        await house.ear.heard(EndpointSeen, 2)
        seen = [event.reachable for event in house.ear.of(EndpointSeen) if isinstance(event, EndpointSeen)]
        assert seen == [True, False]


async def test_a_contact_of_a_telephone_is_nothing() -> None:
    """Telephones come and go; they are no trunks."""
    async with AmiPeer(values=trunk("Reachable")) as peer, linked(peer, trunks=[TUNIS], paces=QUICK) as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        peer.calls[0].say(written(sample(22, "ContactStatus") | {"EndpointName": "agent1"}))
        house.link.relist(Listing.CALLS)
        await house.ear.heard(ListDone, 4)
        await peer.calls[0].ordered("Ping", 2)
        assert house.ear.listings(ListBegan).count(Listing.ENDPOINTS) == 1


async def test_trunks_that_are_not_answered_for_are_not_told_as_listed() -> None:
    """No answer is no listing; it is tried again, and nothing is left waiting."""
    async with AmiPeer(replies={"Getvar": silent}) as peer, linked(peer, trunks=[TUNIS], paces=QUICK) as house:
        await house.ear.until(lambda: house.ear.faults.count("listing_failed") >= 2)
        assert Listing.ENDPOINTS not in house.ear.listings(ListDone)
        peer.values = trunk("Reachable")
        peer.replies.clear()
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        assert house.ear.of(LinkLost) == []
