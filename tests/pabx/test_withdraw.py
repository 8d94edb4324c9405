"""A waiting caller gets a new plan by QueueWithdrawCaller."""

import threading

from phones import FOREVER_MS
from support.rig import Rig

HEAD = "v1|d1|support|peak||position|0|"
LAST = "play|closed|beep"
BACKUP = "site|backup|PJSIP/+34@trunk-backup|5|0|pass"
TUNIS = "site|tunis|PJSIP/+33@trunk-tunis|5|0|pass"


def test_a_withdrawn_caller_follows_the_new_plan(rig: Rig) -> None:
    """The plan in WithdrawInfo takes the place of the old one: decision, rule, language, priority and steps."""
    queue = rig.queue()
    rig.sit_down(queue, answer_ms=FOREVER_MS)
    [call] = rig.calls(rig.number(f"{HEAD}&queue|paris|{queue}|30&{TUNIS}&{LAST}"))
    with rig.start([call]) as callers:
        joined = rig.wait_for(call, Event="QueueCallerJoin")
        new = f"v1|d2|support|too long|fr|position|1|beep&{BACKUP}&{LAST}"
        asked = rig.listener.ask("QueueWithdrawCaller", Queue=queue, Caller=joined["Channel"], WithdrawInfo=new)
        callers.wait()
    assert asked["Response"] == "Success"
    ending = rig.ending(call)
    assert tuple(ending[key] for key in ("Decision", "Rule", "Step", "Language")) == ("d2", "too long", "1", "fr")
    assert rig.steps(call) == ["queue paris -> withdraw 0", "site backup -> answered 16"]


GARBLED = [
    "",
    "nonsense",
    f"v2|d2|support|peak||position|0|&{LAST}",
    f"v1|d2|support|peak||position|0|&{TUNIS}",
    f"v1|d2|support|peak||position|0&{LAST}",
    f"v1|d2|support|peak||position|0|&{TUNIS}|more&{LAST}",
    f"v1|d2|support|${{EVAL(x)}}||position|0|&{LAST}",
    f"v1|d2|support|peak||position|0|&{LAST},and,more",
]


def test_a_garbled_new_plan_leaves_the_old_one(rig: Rig) -> None:
    """What is not a plan is not followed: the caller goes on with the remaining steps of the old one."""
    queue = rig.queue()
    rig.sit_down(queue, answer_ms=FOREVER_MS)
    calls = rig.calls(rig.number(f"{HEAD}&queue|paris|{queue}|30&{BACKUP}&{LAST}"), len(GARBLED))
    with rig.start(calls) as callers:
        for call, info in zip(calls, GARBLED, strict=True):
            channel = rig.wait_for(call, Event="QueueCallerJoin")["Channel"]
            rig.listener.ask("QueueWithdrawCaller", Queue=queue, Caller=channel, WithdrawInfo=info)
        callers.wait()
    assert {rig.ending(call)["Decision"] for call in calls} == {"d1"}
    told = ["queue paris -> withdraw 0", "site backup -> answered 16"]
    assert [rig.steps(call) for call in calls] == [told] * len(calls)


def test_a_caller_who_talks_is_not_withdrawn(rig: Rig) -> None:
    """The PABX refuses once a position has answered, and the talk goes on."""
    queue = rig.queue()
    rig.sit_down(queue, answer_ms=20, talk_ms=300)
    [call] = rig.calls(rig.number(f"{HEAD}&queue|paris|{queue}|30&{LAST}"))
    with rig.start([call]) as callers:
        connected = rig.wait_for(call, Event="AgentConnect")
        asked = rig.listener.ask("QueueWithdrawCaller", Queue=queue, Caller=connected["Channel"], WithdrawInfo=LAST)
        [placed] = callers.wait()
    assert asked["Message"] == "Unable to request withdraw from queue: No such caller"
    rig.ending(call)
    assert rig.steps(call) == ["queue paris -> answered 0"]
    assert placed.after_s("bye") - placed.after_s("200") > 0.25


def test_a_withdrawal_never_tears_a_call_from_a_position(rig: Rig) -> None:
    """In 120 tries around the instant of the answer each caller has either the whole talk or the whole new plan."""
    queue = rig.queue()
    agents = rig.sit_down(queue, 10, answer_ms=150, talk_ms=200)
    number = rig.number(f"{HEAD}&queue|paris|{queue}|30&{LAST}")
    new = f"v1|d2|support|too long||position|0|&{BACKUP}&{LAST}"
    torn, kept, moved = [], 0, 0
    for _ in range(12):
        calls = rig.calls(number, 10)
        with rig.start(calls, per_s=10_000) as callers:
            channels = [rig.wait_for(call, Event="QueueCallerJoin")["Channel"] for call in calls]
            threading.Event().wait(0.1)
            for channel in channels:
                rig.listener.ask("QueueWithdrawCaller", Queue=queue, Caller=channel, WithdrawInfo=new)
                threading.Event().wait(0.008)
            placed = callers.wait()
        for call, met in zip(calls, placed, strict=True):
            rig.ending(call)
            by_position = any(received.answered for received in rig.received(agents, call))
            by_site = any(received.answered for received in rig.received(rig.sites["backup"], call))
            kept += by_position
            moved += by_site
            talked_s = met.after_s("bye") - met.after_s("200")
            if by_position == by_site or (by_position and talked_s < 0.15):
                torn.append((call, rig.steps(call), talked_s))
    assert torn == []
    assert kept + moved == 120
