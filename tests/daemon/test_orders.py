"""What an admin ordered and what was decided, over kills, reloads, full disks: a real daemon that a call asks."""

import asyncio
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any
from urllib.parse import urlencode

import pytest

from ccrouter.clock import SystemClock
from ccrouter.web.client import connected
from support.agi import keyed, request
from support.ami_peer import AmiPeer, silent
from support.daemon_process import DaemonError
from support.office import GOOD, Office, open_office

RULES = GOOD.replace("messages:", "  tunis: {external: {dial: PJSIP/trunk-tunis, answer_within: 25s}}\nmessages:")
ENDED = b"200 result=1\n"


@pytest.fixture
def office() -> Iterator[Office]:
    """Give an office with a site in Tunis; its PABX asks, but has no link."""
    with open_office() as office:
        office.routing.write_text(RULES)
        yield office


UNIQUEIDS = count(1)


def call(office: Office, number: str = "0800123456", key: str = "") -> tuple[str, str]:
    """Ask as the PABX does for a call, and return its uniqueid and the plan."""
    uniqueid = f"1795297266.{next(UNIQUEIDS)}"
    words = {"network_script": b"route/pbx", "uniqueid": uniqueid.encode(), "dnid": number.encode()}
    asked = request("22", extension=number.encode(), request=b"agi://127.0.0.1/route/pbx", **words)
    with socket.create_connection(("127.0.0.1", office.agi_port), timeout=30) as connection:
        connection.sendall(keyed(asked, key or office.key))
        with connection.makefile("rb") as answer:
            plan = answer.readline().decode()
            connection.sendall(ENDED)
    return uniqueid, plan


def override(office: Office, *words: str) -> str:
    """Set an override of the office's number and return its id."""
    told = office.daemon.command("override", "set", "0800 123 456", *words, "--reason", "a test")
    return told.partition(":")[0]


def asked(office: Office, path: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return what the control API answers."""

    async def ask() -> bytes:
        async with connected(office.control) as client:
            return await client.ask("GET", path)

    return json.loads(asyncio.run(ask()))


def history(office: Office) -> list[dict[str, object]]:
    """Return what `ccrouter history` lists."""
    deeds: list[dict[str, object]] = asked(office, "/history")["deeds"]
    return deeds


def journal(office: Office, **wanted: str) -> list[dict[str, object]]:
    """Return what `ccrouter journal` lists, once all that was decided is written."""
    clock = SystemClock()
    deadline = clock.steady() + 20
    while office.daemon.metrics()["ccrouter_journal_queue_length"]:
        assert clock.steady() < deadline
    lines: list[dict[str, object]] = asked(office, f"/journal?{urlencode(wanted)}")["lines"]
    return lines


def test_an_override_sends_the_next_call_elsewhere_and_survives_a_kill(office: Office) -> None:
    """With all that was said of it, for the first call after the restart too; until it is cancelled."""
    office.start()
    assert "queue|desk" in call(office)[1]
    id_ = override(office, "tunis", "nobody", "--for", "2h")
    assert "site|tunis" in call(office)[1]
    assert office.daemon.metrics()["ccrouter_overrides"] == 1
    (before,) = office.status().overrides
    office.daemon.kill()
    office.start()
    assert "site|tunis" in call(office)[1]
    assert office.status().overrides == (before,)
    office.daemon.command("override", "cancel", id_, "--reason", "done")
    assert "queue|desk" in call(office)[1]
    assert office.status().overrides == ()
    deeds = [deed["what"] for deed in history(office)]
    assert [what for what in deeds if "override" in str(what)] == ["override cancelled", "override set"]


def test_an_override_ends_at_its_hour_although_nobody_ran_then(office: Office) -> None:
    """The first call after the restart follows the rules again, before the hour of a start is believed for good."""
    office.start()
    override(office, "tunis", "--for", "1s")
    (state,) = office.status().overrides
    office.daemon.kill()
    clock = SystemClock()
    while clock.now() < state.until:
        pass
    office.start()
    assert "queue|desk" in call(office)[1]
    assert office.status().overrides == ()
    assert history(office)[0]["what"] == "override set"


def test_an_override_that_begins_later_waits(office: Office) -> None:
    """It is listed as coming, and no call goes by it."""
    office.start()
    override(office, "tunis", "--from", "in 1h", "--for", "1h")
    assert "queue|desk" in call(office)[1]
    (state,) = office.status().overrides
    assert not state.active
    assert office.daemon.metrics()["ccrouter_overrides"] == 0
    assert "coming" in office.daemon.command("status")


def test_what_a_reload_takes_from_an_override_is_told(office: Office) -> None:
    """In the log, in the list and in the status; calls follow what is left of it."""
    office.start()
    id_ = override(office, "tunis", "nobody", "--for", "2h")
    office.routing.write_text(GOOD)
    office.daemon.command("reload")
    office.daemon.wait_for_line(event="override without its place in the routing file", override=id_)
    assert "not in the routing file any more: tunis" in office.daemon.command("override", "list")
    assert "play|nobody" in call(office)[1]


def test_a_mode_ends_at_an_hour_of_the_place(office: Office) -> None:
    """Midnight in Paris, which the status and the metrics tell."""
    office.start()
    told = office.daemon.command("mode", "set", "crisis", "--until", "2030-01-01", "--reason", "x")
    assert told == "crisis is on until Tue 2030-01-01 00:00:00 (Europe/Paris)\n"
    end = datetime(2029, 12, 31, 23, tzinfo=UTC).timestamp()
    assert office.daemon.metrics()['ccrouter_mode_end_timestamp_seconds{mode="crisis"}'] == end
    assert "Tue 2030-01-01 00:00:00" in office.daemon.command("status")


def test_every_decision_is_in_the_journal(office: Office) -> None:
    """Found by number, rule, destination and time; masked; over a kill and a restart."""
    office.start()
    ids = [call(office)[0] for _ in range(3)]
    unknown = call(office, "0800999999")[0]
    lines = journal(office)
    assert [line["uniqueid"] for line in lines] == [unknown, *reversed(ids)]
    assert {line["caller"] for line in lines} == {"061*******"}
    office.daemon.kill()
    office.start()
    found = journal(office, number="+33 800 123 456", limit="2")
    assert [line["uniqueid"] for line in found] == [ids[2], ids[1]]
    assert [line["uniqueid"] for line in journal(office, rule="unknown number")] == [unknown]
    assert len(journal(office, destination="desk", since="5min ago")) == 3
    assert journal(office, until="5min ago") == []
    ((entry),) = asked(office, f"/journal/{unknown}")
    assert (entry["record"]["call"]["number"], entry["outcome"]) == ("0800999999", None)
    text = office.daemon.command("journal", "--limit", "1")
    assert "times are those of Europe/Paris" in text
    assert all(word in text for word in ("0800999999", "061*******", "unknown number", unknown))


def test_a_journal_that_can_not_be_opened_costs_no_call(office: Office) -> None:
    """It is told in the log and in the metrics, and heals when what was in its place is gone."""
    place = office.daemon.folder / "state" / "journal.db"
    place.mkdir()
    office.start()
    assert "queue|desk" in call(office)[1]
    office.daemon.wait_for_line(event="the journal can't be written; calls go on")
    assert office.daemon.metrics()["ccrouter_journal_healthy"] == 0
    place.rmdir()
    office.daemon.wait_for_line(event="the journal is written again")
    assert len(journal(office)) == 1


def test_a_damaged_database_is_told_and_kept(office: Office) -> None:
    """Calls are routed, no override counts, and the next order is kept in a new file."""
    state = office.daemon.folder / "state"
    (state / "ccrouter.db").write_bytes(b"no database" * 1000)
    office.start()
    assert "queue|desk" in call(office)[1]
    told = [str(line) for line in office.daemon.lines if "is damaged" in str(line)]
    assert len(told) == 1
    assert "it was moved to ccrouter.db.broken-" in told[0]
    assert [path.read_bytes() for path in state.glob("ccrouter.db.broken-*")] == [b"no database" * 1000]
    override(office, "tunis", "--for", "2h")
    office.daemon.kill()
    office.start()
    assert "site|tunis" in call(office)[1]


async def test_without_a_state_folder_calls_are_routed_and_orders_refused(office: Office) -> None:
    """What can't survive is not promised; the PABX is told a key all the same, which is of this run."""
    (office.daemon.folder / "state").rmdir()
    async with AmiPeer(replies={"QueueStatus": silent}) as peer:
        office.write_settings(peer.port)
        await asyncio.to_thread(office.start)
        key = (await (await peer.called()).ordered("Setvar"))["Value"]
        assert "queue|desk" in (await asyncio.to_thread(call, office, key=key))[1]
    with pytest.raises(DaemonError, match="No such file or directory"):
        await asyncio.to_thread(override, office, "tunis", "--for", "2h")
    assert (await asyncio.to_thread(office.status)).overrides == ()
