"""Calls to an outsourcer or a backup centre: capacity, who is told what, and a site that dies in the talk."""

from contextlib import ExitStack

import pytest

from phones import Call, Callee
from small_pabx import SITES_ADDRESS
from support.rig import Rig

HEAD = "v1|d1|support|peak||position|0|"
LAST = "play|closed|beep"
BACKUP = "site|backup|PJSIP/+34@trunk-backup|5|0|pass"


def site(name: str, *, limit_s: int = 5, calls: int = 0, caller: str = "pass") -> str:
    """Return the step to a site of the rig."""
    return f"site|{name}|PJSIP/+33@trunk-{name}|{limit_s}|{calls}|{caller}"


@pytest.mark.parametrize("answered_before", ["entry", "position"])
def test_a_site_never_carries_more_than_its_capacity(rig: Rig, answered_before: str) -> None:
    """60 calls at the same instant, limit 10: 10 reach the site, the other 50 get the next step."""
    number = rig.number(f"v1|d1|support|peak||{answered_before}|0|&{site('slow', calls=10)}&{LAST}")
    calls = rig.calls(number, 60)
    placed = rig.place(calls, per_s=10_000)
    assert all(one.ended for one in placed)
    for call in calls:
        rig.ending(call)
    results = [rig.steps(call) for call in calls]
    assert results.count(["site slow -> answered 16"]) == 10
    assert results.count(["site slow -> full 0", "play closed -> done 0"]) == 50
    assert sum(len(rig.received(rig.sites["slow"], call)) for call in calls) == 10


def test_a_line_is_free_again_when_its_call_is_over(rig: Rig) -> None:
    """What a site refused or finished no longer counts against its capacity."""
    number = rig.number(f"{HEAD}&{site('busy', calls=1)}&{site('backup', calls=1)}&{LAST}")
    for _ in range(3):
        [call] = rig.calls(number)
        rig.place([call])
        rig.ending(call)
        assert rig.steps(call) == ["site busy -> busy 17", "site backup -> answered 16"]


def test_a_site_reads_which_number_was_dialled(rig: Rig) -> None:
    """The outsourcer gets the green number in Diversion and in a header, the service, and the caller's number."""
    [call] = rig.calls(rig.number(f"v1|d1|après-vente|peak||position|0|&{site('backup')}&{LAST}"))
    rig.place([call])
    [received] = rig.received(rig.sites["backup"], call)
    assert received.dialled == "+33"
    assert f"<sip:{call.number}@127.0.0.1>;reason=unconditional" == received.headers["Diversion"]
    assert call.number == received.headers["X-CCRouter-Number"]
    assert received.headers["X-CCRouter-Service"] == "après-vente"
    assert f"<sip:{call.caller}@127.0.0.1>" == received.headers["P-Asserted-Identity"]


def test_a_site_that_must_not_see_the_caller(rig: Rig) -> None:
    """`hide`: nothing that is sent to the site holds the caller's number or name."""
    call = Call(caller=f"33699{rig.fresh():06}", number=rig.number(f"{HEAD}&{site('slow', caller='hide')}&{LAST}"))
    call = Call(caller=call.caller, number=call.number, name='"Jeanne" ')
    rig.place([call])
    rig.ending(call)
    assert rig.steps(call) == ["site slow -> answered 16"]
    received = rig.sites["slow"].received()[-1]
    assert call.number == received.headers["X-CCRouter-Number"]
    assert received.caller == "anonymous"
    assert not [text for text in received.headers.values() if call.caller in text or "Jeanne" in text]


@pytest.mark.parametrize("hidden", ["privacy", "anonymous"])
def test_a_hidden_caller_stays_hidden(rig: Rig, hidden: str) -> None:
    """A caller who withheld the number is anonymous to positions and to sites, though the carrier told the number."""
    secret = f"33698{rig.fresh():06}"
    queue = rig.queue()
    agent = rig.sit_down(queue, answer_ms=60_000)
    number = rig.number(f"{HEAD}&queue|paris|{queue}|1&{site('slow')}&{LAST}")
    asserted = f"P-Asserted-Identity: <sip:{secret}@carrier.example>"
    shown = secret if hidden == "privacy" else "anonymous"
    rig.place([Call(caller=shown, number=number, headers=(asserted, "Privacy: id"))])
    seen = [agent.received()[-1], rig.sites["slow"].received()[-1]]
    assert number == seen[1].headers["X-CCRouter-Number"]
    for received in seen:
        assert received.caller == "anonymous"
        assert not [text for text in received.headers.values() if secret in text]


def test_a_site_that_dies_in_the_talk_gives_its_caller_back(rig: Rig) -> None:
    """A site that falls silent is left, and its caller, who was answered, is routed to the next step.

    It stays silent, though other telephones open at its address in this moment: none of them sends back its sound.
    """
    [call] = rig.calls(rig.number(f"{HEAD}&{site('dying')}&{BACKUP}&{LAST}"))
    with rig.start([call], speaks=True) as callers, ExitStack() as others:
        rig.wait_for(call, Event="DialEnd", DialStatus="ANSWER")
        rig.sites["dying"].sipp.stop()
        for n in range(10):
            others.enter_context(Callee(rig.folder, f"other{n}", address=SITES_ADDRESS))
        [placed] = callers.wait(within_s=20)
    rig.ending(call)
    assert rig.steps(call) == ["site dying -> died 44", "site backup -> answered 16"]
    assert [received.answered for received in rig.received(rig.sites["backup"], call)] == [True]
    assert placed.names[-2:] == ("bye", "end")


def test_a_site_that_fails_in_the_talk_gives_its_caller_back(rig: Rig) -> None:
    """A site that hangs up because of a failure of its own (Q.850 cause 38) did not say goodbye to its caller."""
    [call] = rig.calls(rig.number(f"{HEAD}&{site('failing')}&{BACKUP}&{LAST}"))
    rig.place([call])
    rig.ending(call)
    assert rig.steps(call) == ["site failing -> died 38", "site backup -> answered 16"]


def test_a_dead_site_that_nobody_noticed_yet(rig: Rig) -> None:
    """A site that died since it was last seen costs its caller the limit of the step and no more."""
    rig.sites["deaf"].sipp.stop()
    [call] = rig.calls(rig.number(f"{HEAD}&{site('deaf', limit_s=1)}&{BACKUP}&{LAST}"))
    [placed] = rig.place([call])
    rig.ending(call)
    assert rig.steps(call) == ["site deaf -> noanswer 0", "site backup -> answered 16"]
    assert placed.after_s("200") < 2
