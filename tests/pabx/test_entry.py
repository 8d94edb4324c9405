"""The guarded entry: a plan for every caller, whatever becomes of the router."""

import socket
from urllib.parse import unquote

import pytest

from phones import Call
from small_pabx import free_port
from support.rig import Rig
from support.scripted_router import Behaviour, answer, answer_after, babble, close, hang, reset

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


@pytest.mark.parametrize("behaviour", ILL.values(), ids=ILL.keys())
def test_an_ill_router_costs_a_second_at_most(rig: Rig, behaviour: Behaviour) -> None:
    """Without a plan from the router the stored plan of the number counts, and without one the static plan."""
    number = rig.number(behaviour)
    first, again, last = rig.calls(number, 3)
    [met] = rig.place([first])
    assert rig.ending(first)["Entry"] == "static"
    assert rig.steps(first) == ["play closed -> done 0"]
    assert met.after_s("183") < 2
    rig.router.behaviours[number] = answer(f"{HEAD}&{BACKUP}&{LAST}")
    rig.place([again])
    assert rig.ending(again)["Entry"] == "routed"
    rig.router.behaviours[number] = behaviour
    [met] = rig.place([last])
    ending = rig.ending(last)
    assert tuple(ending[key] for key in ("Entry", "Decision", "Service", "Rule")) == ("stored", "", "support", "peak")
    assert rig.steps(last) == ["site backup -> answered 16"]
    assert met.after_s("200") < 2


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
        for call in rig.calls(rig.number(answer_after(0.97 + step / 1000, f"{HEAD}&{BACKUP}&{LAST}")))
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


def test_a_stored_plan_is_written_only_when_it_changed(rig: Rig) -> None:
    """The decision's id is no part of what is stored, so an unchanged plan costs no write."""
    number = rig.number(f"{HEAD}&{LAST}")
    rig.place(rig.calls(number))
    rig.pabx.cli(f"database put ccrouter/{number} before")
    rig.place(rig.calls(number))
    assert f"v1||support|peak||position|0|&{LAST}" in rig.pabx.cli(f"database get ccrouter {number}")


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


@pytest.mark.parametrize("user", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_a_caller_sends_is_text(rig: Rig, user: str) -> None:
    """From, Diversion and display name of a hostile caller reach neither the router nor an application."""
    number = rig.number(f"{HEAD}&{BACKUP}&{LAST}")
    diverted = f"Diversion: <sip:{user}@carrier.example>"
    [met] = rig.place([Call(caller=user, number=number, name='"Bob %0d%0a, x" ', headers=(diverted,))])
    [request] = [request for request in rig.router.requests if request["agi_extension"] == number]
    assert request["agi_callerid"] in {"unknown"} | {"".join(sign for sign in unquote(user) if sign in "+0123456789")}
    assert "200" in met.names
    seen = rig.sites["backup"].received()[-1]
    assert number == seen.headers["X-CCRouter-Number"]
    assert f"sip:{number}@" in seen.headers["Diversion"]


@pytest.mark.parametrize("dialled", ["0800%0d%0aX:%20y", "0800abc", "0800,1", "0" * 60, "%2b33%24%7bX%7d"])
def test_what_a_caller_dials_is_digits(rig: Rig, dialled: str) -> None:
    """Only digits and a plus of a dialled number reach the router; nobody is lost for the rest."""
    rig.heartbeat.stop()
    caller = f"33696{rig.fresh():06}"
    rig.place([Call(caller=caller, number=dialled)])
    ending = rig.listener.wait_for(
        lambda event: event.get("UserEvent") == "CCRouterEnd" and event["CallerIDNum"] == caller
    )
    assert set(ending["Number"]) <= set("+0123456789")
    assert (ending["Entry"], ending["Kind"]) == ("static", "play")


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


def test_the_heartbeat_survives_a_burst(rig: Rig) -> None:
    """100 calls a second are all routed by the router."""
    number = rig.number(f"{HEAD}&{LAST}")
    calls = rig.calls(number, 100)
    rig.place(calls, per_s=100)
    assert {"routed"} == {rig.ending(call)["Entry"] for call in calls}
