"""The guarded entry: a plan for every caller, whatever becomes of the router."""

import socket
from contextlib import ExitStack
from urllib.parse import unquote

import pytest

from phones import Call
from small_pabx import free_port
from support.listener import Listener
from support.rig import Rig
from support.scripted_router import answer, answer_after, babble, close, hang, reset

HEAD = "v1|d1|support|peak||position|0|"
LAST = "play|closed|beep"
BACKUP = "site|backup|PJSIP/+34@trunk-backup|5|0|pass"


ILL = {
    "hangs": hang,
    "is killed": reset,
    "closes": close,
    "babbles": babble,
    "sets nothing": answer(""),
    "another version": answer(f"v2|d1|support|peak||position|0|&{LAST}"),
    "a field too few": answer(f"v1|d1|support|peak||position|0&{LAST}"),
    "no last step": answer(f"{HEAD}&{BACKUP}"),
    "a last step in the middle": answer(f"{HEAD}&{LAST}&{BACKUP}&{LAST}"),
    "a step of no kind": answer(f"{HEAD}&goto|evil|s&{LAST}"),
    "no limit": answer(f"{HEAD}&site|tunis|PJSIP/+33@trunk-tunis||0|pass&{LAST}"),
    "a limit of zero": answer(f"{HEAD}&queue|paris|queue1|0&{LAST}"),
    "an expression": answer(f"{HEAD}&play|closed|${{SHELL(id)}}"),
    "a comma": answer(f"{HEAD}&play|closed|beep,say"),
    "a quote": answer(f'{HEAD}&play|closed|be\\"ep'),
    "a line end": answer(f"{HEAD}&play|closed|be\tep"),
}


def test_an_ill_router_costs_a_second_at_most(rig: Rig) -> None:
    """Without a plan from the router the stored plan of the number counts, and without one the static plan."""
    numbers = {rig.number(behaviour): illness for illness, behaviour in ILL.items()}

    def fates() -> dict[str, tuple[str, str, list[str], bool]]:
        """Call all numbers at once; return whose plan it was, its decision, the steps, and whether it was quick."""
        calls = [call for number in numbers for call in rig.calls(number)]
        placed = rig.place(calls, per_s=10_000)
        endings = [rig.ending(call) for call in calls]
        return {
            numbers[call.number]: (
                ending["Entry"],
                ending["Decision"],
                rig.steps(call),
                met.after_s("200" if met.answered else "183") < 2,
            )
            for call, met, ending in zip(calls, placed, endings, strict=True)
        }

    without = dict.fromkeys(ILL, ("static", "", ["play closed -> done 0"], True))
    assert fates() == without
    for number in numbers:
        rig.router.behaviours[number] = answer(f"{HEAD}&{BACKUP}&{LAST}")
    assert fates() == dict.fromkeys(ILL, ("routed", "d1", ["site backup -> answered 16"], True))
    for number, illness in numbers.items():
        rig.router.behaviours[number] = ILL[illness]
    assert fates() == dict.fromkeys(ILL, ("stored", "", ["site backup -> answered 16"], True))


def test_a_router_that_does_not_listen_costs_nothing(rig: Rig) -> None:
    """With nothing on the router's port the fallback runs at once."""
    [call] = rig.calls(rig.number(close))
    rig.listener.ask("Setvar", Variable="CCROUTER_AGI", Value=f"agi://127.0.0.1:{free_port(socket.SOCK_STREAM)}/route")
    try:
        [met] = rig.place([call])
    finally:
        rig.listener.ask("Setvar", Variable="CCROUTER_AGI", Value=rig.router.address)
    assert rig.ending(call)["Entry"] == "static"
    assert met.after_s("183") < 0.9


def test_a_router_behind_a_black_hole_costs_one_caller_two_seconds(rig: Rig) -> None:
    """The heartbeat comes through and connections do not: one caller pays for finding out, the next go on at once."""
    with ExitStack() as stack:
        deaf = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(2):  # the kernel takes one more than the backlog
            knock = stack.enter_context(socket.socket())
            knock.setblocking(False)  # noqa: FBT003 - the standard library's own signature
            knock.connect_ex(deaf.getsockname())
        stack.callback(rig.listener.ask, "Setvar", Variable="CCROUTER_DEAF", Value="")
        stack.callback(rig.listener.ask, "Setvar", Variable="CCROUTER_AGI", Value=rig.router.address)
        rig.listener.ask("Setvar", Variable="CCROUTER_AGI", Value=f"agi://127.0.0.1:{deaf.getsockname()[1]}/route")
        [first, *others] = rig.calls(rig.number(close), 6)
        [paid] = rig.place([first])
        free = rig.place(others)
        assert [rig.ending(call)["Entry"] for call in (first, *others)] == ["static"] * 6
    assert paid.after_s("183") >= 1.5
    assert max(met.after_s("183") for met in free) < 0.9


@pytest.mark.parametrize(("address", "entry"), [("127.0.0.1", "static"), ("127.0.0.9", "routed")])
def test_a_router_at_another_address_decides_for_one_behind_a_black_hole(rig: Rig, address: str, entry: str) -> None:
    """Who lost 2 s is decided by the second router, unless its address is the same: that would swallow them again."""
    with ExitStack() as stack:
        deaf = stack.enter_context(socket.create_server((address, 0), backlog=0))
        for _ in range(2):  # the kernel takes one more than the backlog
            knock = stack.enter_context(socket.socket())
            knock.setblocking(False)  # noqa: FBT003 - the standard library's own signature
            knock.connect_ex(deaf.getsockname())
        now = float(rig.listener.ask("Ping")["Timestamp"])
        for name, value, after in (
            ("CCROUTER_DEAF", "", ""),
            ("CCROUTER_AGI", f"agi://{address}:{deaf.getsockname()[1]}/route", rig.router.address),
            ("CCROUTER_AGI_2", rig.router.address, ""),
            ("CCROUTER_BEAT_2", f"{now + 1:f}", ""),
        ):
            rig.listener.ask("Setvar", Variable=name, Value=value)
            stack.callback(rig.listener.ask, "Setvar", Variable=name, Value=after)
        [call] = rig.calls(rig.number(answer(f"{HEAD}&{BACKUP}&{LAST}")))
        [met] = rig.place([call])
        assert rig.ending(call)["Entry"] == entry
    assert 1.5 <= met.after_s("200" if entry == "routed" else "183") < 3.5


def test_a_router_that_hung_is_asked_where_there_is_no_other(rig: Rig) -> None:
    """It comes second after the other had to answer in its place, and not last of all: the other may be gone by now."""
    now = float(rig.listener.ask("Ping")["Timestamp"])
    rig.listener.ask("Setvar", Variable="CCROUTER_HUNG", Value=f"{now:.0f}")
    try:
        [call] = rig.calls(rig.number(answer(f"{HEAD}&{BACKUP}&{LAST}")))
        rig.place([call])
        assert rig.ending(call)["Entry"] == "routed"
    finally:
        rig.listener.ask("Setvar", Variable="CCROUTER_HUNG", Value="0")


def test_a_plan_that_leads_to_nobody_is_not_stored(rig: Rig) -> None:
    """A message of the night is no plan for the day: without the router the static plan counts, not that message."""
    number = rig.number(answer(f"{HEAD}&play|night|beep"))
    [before] = rig.calls(number)
    rig.place([before])
    rig.router.behaviours[number] = close
    [after] = rig.calls(number)
    rig.place([after])
    assert [rig.steps(call) for call in (before, after)] == [["play night -> done 0"], ["play closed -> done 0"]]
    assert rig.ending(after)["Entry"] == "static"


@pytest.mark.parametrize("beat", ["", "0", -3, 3600, "garbage", "1.2.3"])
def test_a_router_without_a_heartbeat_is_not_asked(rig: Rig, beat: str | int) -> None:
    """A heartbeat that is missing, old, far ahead or garbled saves the caller the wait for a router that hangs."""
    number = rig.number(hang)
    now = float(rig.listener.ask("Ping")["Timestamp"])
    rig.heartbeat.stop()
    rig.listener.ask("Setvar", Variable="CCROUTER_BEAT", Value=beat if isinstance(beat, str) else f"{now + beat:f}")
    [call] = rig.calls(number)
    [met] = rig.place([call])
    assert rig.ending(call)["Entry"] == "static"
    assert met.after_s("183") < 0.9
    assert [request for request in rig.router.requests if request["agi_extension"] == number] == []


def test_an_answer_at_the_last_moment(rig: Rig) -> None:
    """Around the instant when the second is over nobody is lost, and a plan that was set is followed."""
    calls = [
        call
        for step in range(60)
        for call in rig.calls(rig.number(answer_after(0.88 + step / 400, f"{HEAD}&{BACKUP}&{LAST}")))
    ]
    rig.place(calls, per_s=10_000)
    entries = [rig.ending(call)["Entry"] for call in calls]
    for call, entry in zip(calls, entries, strict=True):
        expected = "site backup -> answered 16" if entry == "routed" else "play closed -> done 0"
        assert [expected] == rig.steps(call)
    assert {"routed", "static"} == set(entries)


def test_the_router_is_asked_for_the_number_and_the_caller(rig: Rig) -> None:
    """The request tells the number as the extension and as the argument, and the caller."""
    [call] = rig.calls(rig.number(f"{HEAD}&{LAST}"))
    rig.place([call])
    [request] = [request for request in rig.router.requests if request["agi_extension"] == call.number]
    assert (call.number, call.caller, "route") == tuple(
        request[key] for key in ("agi_arg_1", "agi_callerid", "agi_network_script")
    )


def test_a_plan_is_stored_only_when_it_changed(rig: Rig, watcher: Listener) -> None:
    """The decision's id is no part of what is stored, so the same plan again costs no write."""
    number = rig.number(f"{HEAD}&{BACKUP}&{LAST}")

    def writes() -> int:
        """Call the number; return how often its plan was written since the test began."""
        [call] = rig.calls(number)
        rig.place([call])
        watcher.wait_for(lambda event: event.get("Context") == "ccrouter-end" and event["CallerIDNum"] == call.caller)
        return sum(event.get("AppData", "").startswith(f"1?Set(DB(ccrouter/{number})=") for event in watcher.events)

    assert writes() == 1
    assert f"v1||support|peak||position|0|&{BACKUP}&{LAST}" in rig.pabx.cli(f"database get ccrouter {number}")
    rig.router.behaviours[number] = answer(f"v1|d2|support|peak||position|0|&{BACKUP}&{LAST}")
    assert writes() == 1
    rig.router.behaviours[number] = answer(f"v1|d3|support|other||position|0|&{BACKUP}&{LAST}")
    assert writes() == 2


def test_static_plans(rig: Rig) -> None:
    """A number may have a static plan of its own; one that is malformed gives an announcement or a tone."""
    rig.heartbeat.stop()
    own, broken = (Call(caller=f"33697{rig.fresh():06}", number=number) for number in ("0900000001", "0900000002"))
    [met] = rig.place([own])
    ending = rig.ending(own)
    assert (ending["Entry"], ending["Service"]) == ("static", "orders")
    assert list(dict.fromkeys(met.names)) == ["sent", "200", "bye", "end"]
    [met] = rig.place([broken])
    rig.ending(broken)
    assert rig.steps(broken) == ["play unavailable -> done 0"]
    assert "183" in met.names


HOSTILE = {
    "a forged event": "0612%0d%0a%0d%0aEvent%3a%20QueueMemberPause",
    "a forged request": "0612%0aagi_extension%3a%200",
    "an early end": "%0a%0a",
    "an expression": "%24%7bSHELL(id)%7d",
    "an argument": "0612,evil,1",
    "a quote": "0612%22)%5d%7d",
    "an endpoint": "agent1",
    "nothing": "-",
}


def test_what_a_caller_sends_is_text(rig: Rig) -> None:
    """From, Diversion and display name of a hostile caller reach neither the router nor an application."""
    users = {rig.number(f"{HEAD}&{BACKUP}&{LAST}"): user for user in HOSTILE.values()}
    calls = [
        Call(caller=user, number=number, name='"Bob %0d%0a, x" ', headers=(f"Diversion: <sip:{user}@carrier.example>",))
        for number, user in users.items()
    ]
    placed = rig.place(calls, per_s=10_000)
    assert [met.answered for met in placed] == [True] * len(calls)
    requests = {request["agi_extension"]: request for request in rig.router.requests}
    received = {one.headers["X-CCRouter-Number"]: one for one in rig.sites["backup"].received()}
    for number, user in users.items():
        digits = "".join(sign for sign in unquote(user) if sign in "+0123456789")
        assert requests[number]["agi_callerid"] == (digits or "unknown")
        assert f"sip:{number}@" in received[number].headers["Diversion"]


def test_what_a_caller_dials_is_digits(rig: Rig) -> None:
    """Only digits and a plus of a dialled number reach the router; nobody is lost for the rest."""
    rig.heartbeat.stop()
    dialled = ("0800%0d%0aX:%20y", "0800abc", "0800,1", "0" * 60, "%2b33%24%7bX%7d")
    calls = [call for number in dialled for call in rig.calls(number)]
    rig.place(calls)
    endings = [rig.ending(call) for call in calls]
    assert [ending["Number"] for ending in endings] == ["0800", "0800", "08001", "0" * 40, "+33"]
    assert {(ending["Entry"], ending["Kind"]) for ending in endings} == {("static", "play")}


def test_a_reload_of_the_dialplan_touches_no_call_and_no_heartbeat(rig: Rig) -> None:
    """An admin who reloads the dialplan neither ends calls nor cuts the router off."""
    number = rig.number(f"{HEAD}&site|slow|PJSIP/+33@trunk-slow|5|0|pass&{LAST}")
    calls = rig.calls(number, 5)
    with rig.start(calls) as callers:
        rig.wait_for(calls[-1], Event="DialEnd", DialStatus="ANSWER")
        rig.pabx.cli("dialplan reload")
        callers.wait()
    assert all(rig.steps(call) == ["site slow -> answered 16"] for call in calls if rig.ending(call))
    [call] = rig.calls(number)
    rig.place([call])
    assert rig.ending(call)["Entry"] == "routed"


def test_a_limit_of_the_admin_s_own_holds(rig: Rig) -> None:
    """The second that the router has does not undo a limit that was set for the whole call before."""
    number = "0900000003"
    rig.router.behaviours[number] = answer(f"{HEAD}&site|tunis|PJSIP/+33@trunk-tunis|20|0|pass&{LAST}")
    call = Call(caller=f"33695{rig.fresh():06}", number=number)
    [met] = rig.place([call], speaks=True)
    assert rig.ending(call)["Entry"] == "routed"
    assert rig.steps(call) == ["site tunis"]
    assert met.after_s("bye") < 4


def test_a_call_that_comes_back_is_routed_anew(rig: Rig) -> None:
    """A position or an admin who sends a caller to another number starts a new plan, and the end is told once."""
    queue = rig.queue()
    rig.sit_down(queue, answer_ms=20)
    other = rig.number(f"v1|d2|orders|usual||position|0|&{BACKUP}&{LAST}")
    [call] = rig.calls(rig.number(f"{HEAD}&queue|paris|{queue}|20&{LAST}"))
    with rig.start([call]) as callers:
        talk = rig.wait_for(call, Event="AgentConnect")
        while not any(channel["BridgeID"] for channel in rig.channels() if channel["Channel"] == talk["Channel"]):
            pass
        rig.listener.ask("Redirect", Channel=talk["Channel"], Context="ccrouter", Exten=other, Priority="1")
        [met] = callers.wait()
    ending = rig.ending(call)
    assert (ending["Number"], ending["Decision"], ending["Service"]) == (other, "d2", "orders")
    assert rig.steps(call)[-1] == "site backup -> answered 16"
    assert sum(event.get("UserEvent") == "CCRouterEnd" for event in rig.events(call)) == 1
    assert met.ended


def test_the_heartbeat_survives_a_burst(rig: Rig) -> None:
    """100 calls a second are all routed by the router."""
    number = rig.number(f"{HEAD}&{LAST}")
    calls = rig.calls(number, 100)
    rig.place(calls, per_s=100)
    assert {"routed"} == {rig.ending(call)["Entry"] for call in calls}
