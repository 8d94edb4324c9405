"""Overrides over the control API: what is taken, what is refused and with which words, what the rules make of them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from structlog.testing import capture_logs

from ccrouter.routing.call import Call
from ccrouter.routing.decide import decide
from ccrouter.routing.facts import Facts
from ccrouter.routing.snapshot import Snapshot
from ccrouter.web.client import Client, RefusedError, connected, read
from ccrouter.web.overrides import OVERRIDE, OVERRIDES
from ccrouter.web.status import OverrideStatus
from support.admin_desk import RULES, AdminDesk, rules_of

ORDER = {"number": "0800 123 456", "to": ["tunis", "closed"], "for_s": 7200, "reason": "flooded", "author": "alice"}
TIMES = ("until", "for_s")


@pytest.fixture
def desk(tmp_path: Path) -> AdminDesk:
    """Give a desk on Saturday 2026-11-21, 20:37:15 in Paris."""
    return AdminDesk(tmp_path)


@pytest.fixture
async def client(desk: AdminDesk) -> AsyncIterator[Client]:
    """Give a client of its control API; pytest's own folders can be too long for a socket."""
    with TemporaryDirectory(prefix="ccrouter-") as folder:
        path = Path(folder) / "control.sock"
        async with desk.served(path), connected(path) as client:
            yield client


async def set_override(client: Client, **changed: object) -> OverrideStatus:
    """Set the override ORDER with other values; None removes one."""
    body = {key: value for key, value in {**ORDER, **changed}.items() if value is not None}
    return read(OVERRIDE, await client.ask("POST", "/overrides", body))


async def listed(client: Client) -> tuple[OverrideStatus, ...]:
    """Return what the list says."""
    return read(OVERRIDES, await client.ask("GET", "/overrides"))


def destination(desk: AdminDesk, number: str = "0800123456") -> str:
    """Return where a call would go now."""
    at = desk.clock.now()
    facts = Facts(at, Snapshot(at), overrides=desk.kept.current(at))
    return decide(desk.rules, facts, Call("pbx", "1.1", number), "d1").destination


async def test_an_override_counts_at_once_and_ends_by_itself(desk: AdminDesk, client: Client) -> None:
    """For its number alone; the answer and the list tell all of it."""
    assert destination(desk) == "desk"
    state = await set_override(client)
    assert (state.number, state.to, state.active, state.zone) == (
        "0800 123 456",
        ("tunis", "closed"),
        True,
        "Europe/Paris",
    )
    assert state.author.startswith("alice (")
    assert await listed(client) == (state,)
    assert (destination(desk), destination(desk, "0800123999")) == ("tunis", "desk")
    desk.clock.at += 7199
    assert destination(desk) == "tunis"
    desk.clock.at += 1
    assert (destination(desk), await listed(client)) == ("desk", ())


@pytest.mark.parametrize("number", ["0800123456", "0800 123 456", " 0800-123-456 ", "+33 800 123 456", "0033800123456"])
async def test_a_number_is_known_however_it_is_written(desk: AdminDesk, client: Client, number: str) -> None:
    """As the file writes it, as a carrier delivers it, with anything between its digits."""
    assert (await set_override(client, number=number)).number == "0800 123 456"
    assert destination(desk) == "tunis"


@pytest.mark.parametrize(
    ("since", "until", "begins", "ends"),
    [
        ("now", "23:30", "2026-11-21T20:37:15+01:00", "2026-11-21T23:30:00+01:00"),
        ("friday 18:00", "monday 08:00", "2026-11-27T18:00:00+01:00", "2026-11-30T08:00:00+01:00"),
        ("22:00", "6:00", "2026-11-21T22:00:00+01:00", "2026-11-22T06:00:00+01:00"),
        ("tomorrow 8:00", "12:00", "2026-11-22T08:00:00+01:00", "2026-11-22T12:00:00+01:00"),
        ("2026-12-24 18:00", "2026-12-26", "2026-12-24T18:00:00+01:00", "2026-12-26T00:00:00+01:00"),
        ("in 1h", "in 2h", "2026-11-21T21:37:15+01:00", "2026-11-21T22:37:15+01:00"),
    ],
)
async def test_times_are_those_of_a_person_on_the_spot(
    client: Client, since: str, until: str, begins: str, ends: str
) -> None:
    """By the clock of the rules; `friday to monday` is the monday that follows, even when it is said on a saturday."""
    state = await set_override(client, **{"from": since, "until": until, "for_s": None})
    seen = [datetime.fromtimestamp(at, datetime.fromisoformat(begins).tzinfo) for at in (state.since, state.until)]
    assert [each.isoformat(timespec="seconds") for each in seen] == [begins, ends]


async def test_now_is_not_a_little_later(desk: AdminDesk, client: Client) -> None:
    """An instant between two microseconds does not make an override of one that comes."""
    desk.clock.at = 1_795_289_835.2500007
    assert datetime.fromtimestamp(desk.clock.at, UTC).timestamp() > desk.clock.at
    assert (await set_override(client)).active
    assert desk.audit.latest(1)[0].since is None


async def test_a_length_counts_from_its_begin(client: Client) -> None:
    """Not from now."""
    state = await set_override(client, **{"from": "friday 18:00", "for_s": 3600})
    assert state.until - state.since == 3600
    assert not state.active


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"number": "0800 123 457"}, "the routing file has no number 0800 123 457. Did you mean `0800 123 456`?"),
        ({"number": "3949"}, "the routing file has no number 3949. Known here: `0800 123 456`, `0800 123 999`"),
        ({"to": ["tuniss"]}, "the routing file has no site or message tuniss. Did you mean `tunis`?"),
        ({"to": ["lyon"]}, "no site or message lyon. Known here: `closed`, `desk`, `tunis`"),
        ({"to": ["closed", "tunis"]}, "closed is a message, and nothing comes after it; name it last"),
        ({"to": ["tunis", "tunis"]}, "tunis stands there twice"),
        ({"to": []}, "to: it must have 1 entry at least"),
        ({"reason": ""}, "reason: it must not be empty"),
        ({"reason": "a\nb"}, "reason: it must be on one line"),
        ({"for_s": None}, "an override ends: give one of until and for_s"),
        ({"until": "monday 8:00"}, "an override ends: give one of until and for_s"),
        ({"for_s": None, "until": "someday"}, "`someday` says no instant"),
        ({"for_s": None, "until": "2026-11-01"}, "would end before it begins: from Sat 2026-11-21 20:37"),
        ({"for_s": None, "from": "2026-11-01", "until": "2026-11-20"}, "its end, 2026-11-20, is past"),
        ({"for_s": None, "from": "friday 18:00", "until": "tomorrow 8:00"}, "it would end before it begins: from Fri"),
        ({"for_s": None, "until": "2028-01-01"}, "an override lasts a year at most"),
        ({"nobody": 1}, "nobody: there is no such field"),
    ],
)
async def test_what_can_not_be_is_refused_with_its_cure(
    desk: AdminDesk, client: Client, changed: dict[str, object], told: str
) -> None:
    """Nothing is set, and nothing is in the audit journal."""
    with pytest.raises(RefusedError) as refused:
        await set_override(client, **changed)
    assert told in str(refused.value)
    assert await listed(client) == ()
    assert desk.audit.latest(5) == []


async def test_a_cancelled_override_counts_no_more(desk: AdminDesk, client: Client) -> None:
    """The one that was set before it, if any, counts again; one that is not there is told with those that are."""
    first = await set_override(client)
    second = await set_override(client, to=["closed"])
    assert destination(desk) == "closed"
    await client.ask("DELETE", f"/overrides/{second.id}", {"reason": "dry"})
    assert destination(desk) == "tunis"
    with pytest.raises(RefusedError, match=f"there is no override {second.id}; there are: {first.id}"):
        await client.ask("DELETE", f"/overrides/{second.id}", {"reason": "dry"})
    assert [deed.what for deed in desk.audit.latest(9)] == ["override cancelled", "override set", "override set"]


async def test_what_the_routing_file_lost_is_told(desk: AdminDesk, client: Client) -> None:
    """In the list and in the log: a destination that is gone is passed over, a number that is gone has no calls."""
    await set_override(client)
    await set_override(client, number="0800 123 999")
    assert [each.gone for each in await listed(client)] == [(), ()]
    text = RULES.replace("tunis:", "sfax:").replace('  "0800 123 999": {service: support}\n', "")
    desk.rules = rules_of(text)
    assert [each.gone for each in await listed(client)] == [("0800123999", "tunis"), ("tunis",)]
    with capture_logs() as log:
        desk.override_switch.check()
    assert [line["gone"] for line in log] == [("0800123999", "tunis"), ("tunis",)]
    assert destination(desk) == "closed"


async def test_the_next_run_goes_on_with_what_was_set(desk: AdminDesk, client: Client, tmp_path: Path) -> None:
    """Whoever set it need not be there."""
    await set_override(client)
    assert AdminDesk(tmp_path).override_switch.states() == desk.override_switch.states()
