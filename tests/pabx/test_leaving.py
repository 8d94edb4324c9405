"""A caller may hang up at any moment, and leaves nothing on the PABX (the rig checks that after each test)."""

import pytest

from phones import FOREVER_MS
from support.rig import Rig
from support.scripted_router import hang

HEAD = "v1|d1|support|peak||position|0|"
LAST = "play|closed|beep"


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ("play|closed|demo-congrats", ["play closed"]),
        ("site|ringing|PJSIP/+33@trunk-ringing|20|5|pass&" + LAST, ["site ringing"]),
        ("site|silent|PJSIP/+33@trunk-silent|20|5|pass&" + LAST, ["site silent"]),
        ("site|busy|PJSIP/+33@trunk-busy|20|5|pass&voicemail|reception|999@nowhere", ["site busy -> busy 17"]),
    ],
    ids=["in a message", "while a site rings", "while a site says nothing", "in the tone"],
)
def test_before_anybody_answered(rig: Rig, steps: str, told: list[str]) -> None:
    """The step is left without an end event, and the end is told once."""
    [call] = rig.calls(rig.number(f"{HEAD}&{steps}"))
    [placed] = rig.place([call], patience_ms=500, talk_ms=500)
    assert rig.ending(call)["Entry"] == "routed"
    assert told == rig.steps(call)[: len(told)]
    assert placed.ended
    assert sum(event.get("UserEvent") == "CCRouterEnd" for event in rig.events(call)) == 1


def test_while_waiting_and_while_a_position_rings(rig: Rig) -> None:
    """Both the caller who makes a position ring and the one behind leave the queue at once."""
    queue = rig.queue()
    agent = rig.sit_down(queue, answer_ms=FOREVER_MS)
    calls = rig.calls(rig.number(f"{HEAD}&queue|paris|{queue}|30&{LAST}"), 2)
    placed = rig.place(calls, patience_ms=600)
    for call in calls:
        rig.ending(call)
        rig.wait_for(call, Event="QueueCallerLeave")
        assert rig.steps(call) == ["queue paris"]
    assert [met.names[-3:] == ("gave-up", "487", "end") for met in placed] == [True, True]
    assert [event for event in rig.listener.listed("QueueStatus", Queue=queue) if "Position" in event] == []
    assert not any(received.answered for received in agent.received())


@pytest.mark.parametrize("treatment", ["entry", "position"])
def test_in_a_talk(rig: Rig, treatment: str) -> None:
    """A caller who says goodbye to a position or to a site is not routed again."""
    queue = rig.queue()
    rig.sit_down(queue, answer_ms=20)
    head = f"v1|d1|support|peak||{treatment}|0|"
    [with_position] = rig.calls(rig.number(f"{head}&queue|paris|{queue}|30&{LAST}"))
    [with_site] = rig.calls(rig.number(f"{head}&site|tunis|PJSIP/+33@trunk-tunis|20|5|pass&{LAST}"))
    placed = rig.place([with_position, with_site], talk_ms=1200, speaks=True)
    assert rig.course(with_position) == ["queue paris"]
    assert rig.course(with_site) == ["site tunis"]
    assert [met.names[-2:] for met in placed] == [("hung-up", "end")] * 2


def test_while_the_router_is_asked(rig: Rig) -> None:
    """A caller who hangs up while the router hangs is gone at once, and not only after the router's second."""
    [call] = rig.calls(rig.number(hang))
    rig.place([call], patience_ms=200)
    ending = rig.ending(call)
    assert tuple(ending[key] for key in ("Step", "Kind", "Target")) == ("0", "", "")
    rig.wait_until_quiet()


def test_in_the_announcement(rig: Rig) -> None:
    """The announcement at entry comes before the first step."""
    [call] = rig.calls(rig.number(f"v1|d1|support|peak||position|0|demo-congrats&{LAST}"))
    rig.place([call], patience_ms=300)
    assert tuple(rig.ending(call)[key] for key in ("Decision", "Step")) == ("d1", "0")
