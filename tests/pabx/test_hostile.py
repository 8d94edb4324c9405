"""Hostile callers, probes and a wrong password: real SIP on the real PABX, with the real daemon."""

import socket
from contextlib import suppress

import pytest

from ccrouter.contract import key_variable
from ccrouter.web.status import Status
from phones import Call, Callers, Placed
from support.agi import keyed, request
from support.real_house import HousePlan, RealHouse, in_sync, queue_in

ROUTING = """
timezone: Europe/Paris
sites:
  paris: {in_house: {queue: support, max_wait: 20s}}
  tunis: {external: {dial: PJSIP/33100@trunk-tunis, answer_within: 5s}}
messages:
  closed: {play: beep}
numbers:
  "0800 000 001": {service: support}
services:
  support:
    rules:
      - {name: hidden, when: {caller: anonymous}, to: [tunis, closed]}
    otherwise: [tunis, closed]
unknown_number: closed
"""
ROUTED = "0800000001"

BARE = """
; An admin's own extensions, which do not clean what a caller sent as ccrouter's dialplan does.
[from-carrier](+)
exten => _0990!,1,Queue(support,r,,,10)
 same => n,Hangup()
exten => _0991!,1,AGI(${CCROUTER_AGI},0991,1,${CCROUTER_KEY})
 same => n,Set(CCROUTER_NUMBER=0991)
 same => n,Goto(ccrouter-plan,choose,1)
exten => _[*#]!,1,Goto(ccrouter,${EXTEN},1)
; Callers reach a mode's code: their name is what a telephone's would be.
exten => _0992!,1,Set(CCROUTER_DIALLED=*481)
 same => n,Goto(ccrouter-mode,1,1)
"""
CODE = "0992"
QUEUED = "0990"
ASKED = "0991"
POSITIONS = 2

HOUSE = HousePlan(
    routing=ROUTING,
    sites={"tunis": {"answer_ms": 20, "talk_ms": 100}},
    queues=("support",),
    statics={"": "play|static|beep"},
    pabx_files={"extensions.conf": BARE},
)


def sip(text: str) -> str:
    """Return a text as the user part of a SIP address."""
    return "".join(sign if sign.isalnum() else f"%{ord(sign):02x}" for sign in text)


FORGED_EVENTS = {
    "a pause": sip("1\r\n\r\nEvent: QueueMemberPause\r\nQueue: support\r\nPaused: 1\r\n\r\n"),
    "a pause of one": sip("1\r\n\r\nEvent: QueueMemberPause\r\nInterface: PJSIP/agent1\r\nPaused: 1\r\n\r\n"),
    "a position that left": sip("1\r\n\r\nEvent: QueueMemberRemoved\r\nQueue: support\r\n\r\n"),
    "the end of a call": sip("1\r\n\r\nEvent: UserEvent\r\nUserEvent: CCRouterEnd\r\n\r\n"),
    "a boot": sip("1\r\n\r\nEvent: FullyBooted\r\nStatus: x\r\n\r\n"),
    "a shutdown": sip("1\r\n\r\nEvent: Shutdown\r\nRestart: True\r\n\r\n"),
    "an answer": sip("1\r\n\r\nResponse: Goodbye\r\n\r\n"),
    "the end of a listing": sip("1\r\n\r\nEvent: QueueStatusComplete\r\n\r\n"),
}
FORGED_REQUESTS = {
    "an early end": "%0a%0a",
    "an early end with an order": sip("06\n\nSET VARIABLE X 1\n"),
    "another number": sip("0612\r\nagi_extension: 0899\r\n"),
    "another number, without CR": sip("0612\nagi_extension: 0899"),
    "another call": sip("0612\nagi_uniqueid: 1.1"),
    "a hang-up": sip("0612\nHANGUP"),
}
ODD = {
    "nobody": "",
    "anonymous": "anonymous",
    "a name": "Jeanne",
    "200 digits": "1" * 200,
    "no UTF-8": "%ff%fe%c3",
    "a NUL": "06%00",
    "line ends only": sip("\r\n" * 20),
    "an expression": sip("${SHELL(id)}"),
}


@pytest.fixture
def seated(house: RealHouse) -> RealHouse:
    """Give the house with two positions, which ring and never answer."""
    house.sit_down("support", POSITIONS, answer_ms=60_000)
    return house


def total(house: RealHouse, name: str, *labels: str) -> float:
    """Return the sum of a metric's samples with these labels, each as `name="value"`."""
    samples = house.daemon.metrics().items()
    return sum(value for key, value in samples if key.partition("{")[0] == name and all(each in key for each in labels))


def seats(status: Status) -> tuple[int, int]:
    """Return how many positions are logged in, and how many are paused."""
    queue = queue_in(status, "support")
    return queue.logged_in, queue.paused


def watched(house: RealHouse, callers: Callers) -> list[Placed]:
    """Look at the daemon's view as long as these calls last, and return what the callers met."""
    while callers.sipp.process.poll() is None:
        status = house.daemon.status()
        assert status is not None
        assert seats(status) == (POSITIONS, 0)
    return callers.wait()


def well(status: Status) -> bool:
    """Tell whether the daemon is in sync and sees both positions, free, and no caller."""
    queue = queue_in(status, "support")
    return in_sync(status) and (queue.logged_in, queue.ready, queue.paused, queue.waiting) == (
        POSITIONS,
        POSITIONS,
        0,
        0,
    )


# --- through ccrouter's dialplan --------------------------------------------------------------------------------------


def test_a_hostile_caller_is_a_caller_like_any_other(seated: RealHouse) -> None:
    """Whatever a caller's address says, the call is routed, and what the router knows is not touched."""
    users = [*FORGED_EVENTS.values(), *FORGED_REQUESTS.values(), *ODD.values()]
    hidden = ("P-Asserted-Identity: <sip:33698000001@carrier.example>", "Privacy: id")
    calls = [
        *(Call(caller=user, number=ROUTED) for user in users),
        Call(caller="33698000001", number=ROUTED, headers=hidden),
    ]
    before, log = total(seated, "ccrouter_calls_ended_total", 'entry="routed"'), len(seated.daemon.lines)
    placed = watched(seated, seated.start(calls, per_s=20))
    assert [met.call.caller for met in placed if not (met.answered and met.ended)] == []
    seated.daemon.wait_until(well)
    assert total(seated, "ccrouter_calls_ended_total", 'entry="routed"') - before == len(calls)
    routed = seated.daemon.logged(since=log, event="call routed")
    assert len(routed) == len(calls)
    assert {line["number"] for line in routed} == {ROUTED}
    assert all(line["caller"] is None or set(line["caller"]) <= set("0123456789+") for line in routed)
    assert (routed[-1]["caller"], routed[-1]["rule"]) == (None, "hidden")


NAMES = {
    "10 kB": "n" * 10_000,
    "no UTF-8": b"Ren\xe9e \xff\xfe\xc3".decode(errors="surrogateescape"),
    "line ends": "Bob%0d%0a%0d%0aEvent: QueueMemberPause",
    "control signs": "Bob\x01\x08\x1b[31m\x7f",
    "other scripts": "\u202eevil\u200b \U0001f4de",
}


@pytest.mark.parametrize("number", [ROUTED, ASKED])
def test_a_display_name_is_only_a_name(seated: RealHouse, number: str) -> None:
    """Names of 10 kB, of bytes that are no UTF-8, of control signs: such calls are routed, cleaned or not."""
    calls = [Call(caller=f"33697{seated.fresh():06}", number=number, name=f'"{name}" ') for name in NAMES.values()]
    log = len(seated.daemon.lines)
    placed = watched(seated, seated.start(calls, per_s=20))
    assert all(met.ended for met in placed)
    routed = seated.daemon.logged(since=log, event="call routed")
    assert {call.caller for call in calls} == {line["caller"] for line in routed}
    seated.daemon.wait_until(well)


def test_any_number_dialled_is_treated(seated: RealHouse) -> None:
    """Numbers that nobody listed, with * and #, or far too long, get the stated message; none is lost."""
    dialled = ("0899999999", "+33899999999", "0", "0800*1", "0800%231", "*97", "%2331%230800000001", "9" * 60)
    calls = [Call(caller=f"33697{seated.fresh():06}", number=number) for number in dialled]
    unknown = ("ccrouter_decisions_total", 'rule="unknown number"', 'destination="closed"')
    before = total(seated, *unknown)
    placed = watched(seated, seated.start(calls, per_s=20))
    assert [met.call.number for met in placed if not met.ended or "183" not in met.names] == []
    assert total(seated, "ccrouter_decisions_total", 'rule="unknown number"', 'destination="closed"') - before == len(
        dialled
    )
    seated.daemon.wait_until(well)


# --- what else a SIP message can say ----------------------------------------------------------------------------------

OWNED = "CCROUTER_TEST_OWNED"
"""A global that nothing sets but a text of a caller that was run."""

RUN = (
    f"x):Set(GLOBAL({OWNED})=1",
    f"x)?Set(GLOBAL({OWNED})=1",
    f"),Set(GLOBAL({OWNED})=1",
    f"x' = 'x' & ${{SET(GLOBAL({OWNED})=1)}}",
    f"${{IF(1?${{SET(GLOBAL({OWNED})=1)}}:)}}",
    f"x&Set(GLOBAL({OWNED})=1)|v1|||static||position|0|&play|x|beep",
)
"""What an application or an expression of the dialplan would run, change or break at, had it these texts in its own."""

HIDDEN = "Privacy: id"


def header_lines(text: str, caller: str) -> dict[str, tuple[str, ...]]:
    """Return each place where a caller can put a text, as the header lines that do it."""
    user = sip(text)
    return {
        "an asserted name": (f'P-Asserted-Identity: "{text}" <sip:{caller}@carrier.example>',),
        "an asserted name, hidden": (f'P-Asserted-Identity: "{text}" <sip:{caller}@carrier.example>', HIDDEN),
        "an asserted number": (f"P-Asserted-Identity: <sip:{user}@carrier.example>",),
        "an asserted number, hidden": (f"P-Asserted-Identity: <sip:{user}@carrier.example>", HIDDEN),
        "a remote party": (f'Remote-Party-ID: "{text}" <sip:{user}@carrier.example>',),
        "a diversion": (f'Diversion: "{text}" <sip:{user}@carrier.example>',),
        "headers of one's own": (f"X-CCRouter-Number: {text}", f"X-Asterisk-HangupCause: {text}"),
        "a telephone's make": (f"User-Agent: {text}", f"Subject: {text}"),
    }


@pytest.mark.parametrize("number", [ROUTED, QUEUED, CODE])
def test_no_text_of_a_sip_message_is_run_or_believed(seated: RealHouse, number: str) -> None:
    """In any header, through ccrouter's dialplan or past it: no application runs it, no expression, no plan has it."""
    texts = (*RUN, 'x\\" <sip:1@a>', "1%0d%0aEvent: QueueMemberPause%0d%0aQueue: support")
    calls = [
        Call(caller=caller, number=number, headers=lines)
        for text in texts
        for caller in [f"33697{seated.fresh():06}"]
        for lines in header_lines(text, caller).values()
    ]
    calls += [Call(caller=sip(text), number=number, name=f'"{text}" ') for text in RUN]
    if number != CODE:
        calls += [Call(caller=f"33697{seated.fresh():06}", number=f"{number}{sip(text)}") for text in RUN]
    log = len(seated.daemon.lines)
    placed = watched(seated, seated.start(calls, per_s=40, patience_ms=600, talk_ms=300))
    assert [met.call for met in placed if not met.ended] == []
    assert seated.listener.ask("Getvar", Variable=OWNED)["Value"] == ""
    assert "GLOBAL" not in str(seated.daemon.logged(since=log, event="call routed"))
    seated.daemon.wait_until(well)


# --- past it: extensions of an admin's own that clean nothing ---------------------------------------------------------


def test_forged_events_change_nothing(seated: RealHouse) -> None:
    """Forged AMI events are refused and counted; what is true is seen in the middle of them, a caller and a pause."""
    before = total(seated, "ccrouter_peer_faults_total")
    hostile = [Call(caller=user, number=QUEUED) for user in FORGED_EVENTS.values()]
    callers = seated.start([*hostile, *seated.calls(QUEUED)], per_s=20, patience_ms=3000)
    seated.daemon.wait_until(lambda status: queue_in(status, "support").waiting == 1)
    rows = seated.listener.listed("QueueStatus", Queue="support")
    position = next(row["Location"] for row in rows if "Location" in row)
    seated.listener.ask("QueuePause", Queue="support", Interface=position, Paused="true", Reason="lunch")
    seated.daemon.wait_until(lambda status: seats(status) == (POSITIONS, 1))
    seated.listener.ask("QueuePause", Queue="support", Interface=position, Paused="false")
    seated.daemon.wait_until(lambda status: seats(status) == (POSITIONS, 0))
    watched(seated, callers)
    seated.daemon.wait_until(well)
    assert total(seated, "ccrouter_peer_faults_total") - before >= len(hostile)
    assert total(seated, "ccrouter_ami_link_faults_total", 'fault="lost"') == 0


def test_a_forged_request_is_refused_and_its_caller_goes_on(seated: RealHouse) -> None:
    """A FastAGI request with forged lines decides nothing, and the caller gets the PABX's own plan."""
    before, log = total(seated, "ccrouter_agi_sessions_total", 'result="refused"'), len(seated.daemon.lines)
    calls = [Call(caller=user, number=ASKED) for user in FORGED_REQUESTS.values()]
    placed = watched(seated, seated.start(calls, per_s=20))
    assert [met.call.caller for met in placed if not met.ended or "183" not in met.names] == []
    assert total(seated, "ccrouter_agi_sessions_total", 'result="refused"') - before == len(calls)
    assert seated.daemon.logged(since=log, event="call routed") == []
    seated.daemon.wait_until(well)


def test_whoever_lacks_the_key_does_not_speak_for_a_waiting_caller(seated: RealHouse) -> None:
    """The caller stays where they wait, nothing is decided, and the status tells; the key is in no log."""
    port = int(str(seated.pabx.layout.agi).rpartition(":")[2].partition("/")[0])
    callers = seated.start(seated.calls(QUEUED), patience_ms=3000)
    seated.daemon.wait_until(lambda status: queue_in(status, "support").waiting == 1)
    joined = seated.listener.wait_for(lambda event: event.get("Event") == "QueueCallerJoin")
    before = len(seated.daemon.lines)
    for sent in (
        request(network_script=b"route", uniqueid=joined["Uniqueid"].encode()),
        keyed(request(network_script=b"route", uniqueid=joined["Uniqueid"].encode())),
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as peer, suppress(ConnectionError):
            peer.sendall(sent)
            assert peer.recv(4096) == b""
    status = seated.daemon.status()
    assert status is not None
    assert queue_in(status, "support").waiting == 1
    assert "REQUESTS WITHOUT THE KEY" in status.pabxs[0].reason
    assert seated.daemon.logged(since=before, event="call routed") == []
    assert total(seated, "ccrouter_agi_sessions_total", 'result="unkeyed"') == 2
    key = seated.listener.ask("Getvar", Variable=key_variable(1))["Value"]
    assert key == (seated.daemon.folder / "state" / "agi.key").read_text().strip()
    assert key not in str(seated.daemon.lines) + str(status) + str(seated.daemon.metrics())
    watched(seated, callers)


# --- probes and garbage at the FastAGI port ---------------------------------------------------------------------------

GARBAGE = (
    b"\x00\xff garbage\n\n",
    b"\n\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"agi_network: yes\n" * 100,
    b"x" * 40_000,
)


def test_probes_and_garbage_harm_no_call(seated: RealHouse) -> None:
    """A health check that connects and closes, and whatever else speaks there: counted, and every call is routed."""
    port = int(str(seated.pabx.layout.agi).rpartition(":")[2].partition("/")[0])
    ends = {"probed": 200, "refused": 3, "silent": 2}
    before = {end: total(seated, "ccrouter_agi_sessions_total", f'result="{end}"') for end in ends}
    calls = seated.calls(ROUTED, 60)
    callers = seated.start(calls, per_s=30)
    for _ in range(ends["probed"]):
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    for data in GARBAGE:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as peer, suppress(ConnectionError):
            peer.sendall(data)
            assert not [answer for answer in iter(lambda: peer.recv(4096), b"") if answer]
    placed = watched(seated, callers)
    assert all(met.answered and met.ended for met in placed)
    entries = [seated.ending(call)["Entry"] for call in calls]
    assert entries == ["routed"] * len(calls)
    seated.daemon.wait_until(well)
    after = {end: total(seated, "ccrouter_agi_sessions_total", f'result="{end}"') for end in ends}
    assert {end: after[end] - before[end] for end in ends} == ends


# --- a wrong password -------------------------------------------------------------------------------------------------


def test_a_wrong_password_is_told_and_loses_no_call(house: RealHouse) -> None:
    """Log and `ccrouter status` say that the PABX refuses, whom, and why; calls go by the stored and static plans."""
    house.place(house.calls(ROUTED))
    house.daemon.stop()
    secret = house.pabx.ami_secret_file
    right = secret.read_text()
    secret.write_text("wrong")
    house.daemon.start()
    log = len(house.daemon.lines)
    told = house.daemon.wait_for_line(since=log, event="PABX refuses the link", level="error")
    assert "refuses the manager user ccrouter: Authentication failed" in told["reason"]
    shown = house.daemon.command("status")
    assert "refused" in shown
    assert "refuses the manager user ccrouter" in " ".join(shown.split())
    assert not house.daemon.ready()
    stored, static = *house.calls(ROUTED), *house.calls("0877777777")
    met = house.place([stored, static])
    assert [placed.ended for placed in met] == [True, True]
    assert [(house.ending(call)["Entry"], house.steps(call)) for call in (stored, static)] == [
        ("stored", ["site tunis -> answered 16"]),
        ("static", ["play static -> done 0"]),
    ]
    house.daemon.stop()
    secret.write_text(right)
    house.daemon.start()
    house.daemon.wait_until(in_sync)
