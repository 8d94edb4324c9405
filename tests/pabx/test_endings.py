"""Who ended a call, and what is reported of known calls: on a real Asterisk, up to the live state."""

from collections.abc import Iterator

import pytest

from ccrouter.ami.translate import translate
from ccrouter.live.effects import (
    CallAnswered,
    CallFinished,
    CallOffered,
    Effect,
    Outcome,
    PositionMissed,
    PositionRang,
    SiteReleased,
    WaitEnded,
)
from ccrouter.live.events import LinkUp, Ticked
from ccrouter.live.sites import SiteLimits
from ccrouter.live.state import State
from phones import FOREVER_MS, Call
from support.ami import PABX, parse
from support.live_invariants import check
from support.live_reports import Account
from support.rig import Rig

HEAD = "v1|d1|support|peak||position|0|"
LAST = "play|closed|beep"
LONG = "play|closed|demo-congrats"
REPORTS = (CallOffered, CallAnswered, CallFinished, PositionRang, PositionMissed, SiteReleased, WaitEnded)


def site(name: str, limit_s: int = 20) -> str:
    """Return the step to a site of the rig."""
    return f"site|{name}|PJSIP/+33@trunk-{name}|{limit_s}|0|pass"


class Watch:
    """A live state that hears what the rig's listener hears from now on."""

    def __init__(self, rig: Rig, queue: str = "") -> None:
        self.rig = rig
        self.since = len(rig.listener.raw)
        self.began_at = rig.listener.came_at[-1]
        self.state = State([SiteLimits("paris", queue=queue), SiteLimits("backup", "PJSIP/trunk-backup")])

    def reports(self, call: Call) -> list[Effect]:
        """Return what is reported of a call that is over."""
        self.rig.wait_for(call, Event="Hangup")
        uniqueid = self.rig.ending(call)["Uniqueid"]
        state, account = self.state, Account()
        state.apply(LinkUp(pabx=PABX, at=self.began_at, version="22"))
        told = list(zip(self.rig.listener.raw, self.rig.listener.came_at, strict=True))[self.since :]
        found: list[Effect] = []
        for text, at in told:
            for message in parse(text.encode() + b"\r\n\r\n"):
                event = None if message.name in {"QueueMember", "QueueParams"} else translate(message, PABX, at)
                if event is not None:
                    effects = state.apply(event)
                    check(state)
                    account.take(event, effects, state)
                    found += [effect for effect in effects if isinstance(effect, REPORTS)]
        state.apply(Ticked(at=self.rig.listener.came_at[-1]))
        return [effect for effect in found if effect.uniqueid == uniqueid]  # type: ignore[union-attr] # all of REPORTS have it


def short(effects: list[Effect]) -> Iterator[str]:
    """Yield reports in a few words."""
    for effect in effects:
        match effect:
            case PositionRang():
                yield f"rang {effect.interface}"
            case PositionMissed():
                yield f"{'ignored by' if effect.ignored else 'missed by'} {effect.interface}"
            case CallAnswered():
                yield f"answered by {effect.interface or effect.target}"
            case CallFinished():
                yield f"finished {effect.outcome}"
            case WaitEnded():
                yield f"wait ended {effect.answered}"
            case SiteReleased():
                yield f"released {effect.site} {effect.answered}"
            case _:
                yield type(effect).__name__


def members(rig: Rig, queue: str) -> list[str]:
    """Return the positions of a queue."""
    return [event["Location"] for event in rig.listener.listed("QueueStatus", Queue=queue) if "Location" in event]


def test_a_known_call_yields_exactly_these_reports(rig: Rig) -> None:
    """A position ignores the call, another answers: each of that is told once, in its order, and nothing else."""
    queue = rig.queue()
    rig.sit_down(queue, answer_ms=FOREVER_MS)
    [idle] = members(rig, queue)
    rig.sit_down(queue, answer_ms=100, talk_ms=1500)
    [busy] = {*members(rig, queue)} - {idle}
    rig.listener.ask("QueuePause", Queue=queue, Interface=busy, Paused="true")
    watch = Watch(rig, queue)
    [call] = rig.calls(rig.number(f"{HEAD}&queue|paris|{queue}|20&{LAST}"))
    with rig.start([call]):
        rig.wait_for(call, Event="AgentRingNoAnswer")
        rig.listener.ask("QueuePause", Queue=queue, Interface=busy, Paused="false")
        rig.ending(call)
    found = watch.reports(call)
    assert list(short(found)) == [
        "CallOffered",
        f"rang {idle}",
        f"ignored by {idle}",
        f"rang {busy}",
        f"answered by {busy}",
        "wait ended True",
        "finished answered",
    ]
    answered, end = found[4], found[-1]
    assert isinstance(answered, CallAnswered)
    assert isinstance(end, CallFinished)
    assert (answered.target, answered.queue, end.interface) == ("paris", queue, busy)
    assert answered.waited_s == end.waited_s == pytest.approx(3.1, abs=1.5)
    assert end.talked_s == pytest.approx(1.5, abs=0.7)


def test_telephones_that_say_no_and_callers_who_go(rig: Rig) -> None:
    """Neither ignores a call: one refuses it as often as it rings, the other is rung for a caller who leaves."""
    found = {}
    for name, habits in (("busy", {"status": 486}), ("rings", {"answer_ms": FOREVER_MS})):
        queue = rig.queue()
        rig.sit_down(queue, **habits)  # type: ignore[arg-type] # habits of a callee
        [position] = members(rig, queue)
        watch = Watch(rig, queue)
        [call] = rig.calls(rig.number(f"{HEAD}&queue|paris|{queue}|20&{LAST}"))
        with rig.start([call], patience_ms=1700):
            rig.ending(call)
        told = [text.replace(position, "it") for text in short(watch.reports(call))]
        found[name] = list(dict.fromkeys(told))
    ends = ["wait ended False", "finished abandoned"]
    assert found == {
        "busy": ["CallOffered", "rang it", "missed by it", *ends],
        "rings": ["CallOffered", "rang it", "missed by it", *ends],
    }


ENDS: dict[str, tuple[str, str, Outcome, int]] = {
    "gives up at a site": (f"{HEAD}&{site('ringing')}&{LAST}", "caller", Outcome.ABANDONED, 700),
    "hangs up in the message": (f"{HEAD}&{LONG}", "caller", Outcome.MESSAGE, 700),
    "hangs up in the tone": (f"{HEAD}&play|closed|no-such-file", "caller", Outcome.ABANDONED, 700),
    "hears the message": (f"{HEAD}&{LAST}", "plan", Outcome.MESSAGE, 20_000),
    "hears the tone to its end": (f"{HEAD}&play|closed|no-such-file", "plan", Outcome.LOST, 20_000),
    "talks, and the site hangs up": (f"{HEAD}&{site('backup')}&{LAST}", "plan", Outcome.ANSWERED, 20_000),
}


def test_who_ended_the_call(rig: Rig) -> None:
    """The dialplan tells it, and only what its caller did not end is called lost."""
    watch = Watch(rig)
    calls = {name: rig.calls(rig.number(plan))[0] for name, (plan, *_) in ENDS.items()}
    for patience_ms in (700, 20_000):
        rig.start([calls[name] for name, end in ENDS.items() if end[3] == patience_ms], patience_ms=patience_ms)
    found = {}
    for name, call in calls.items():
        end = watch_end(watch, call)
        found[name] = (rig.ending(call)["By"], end.outcome)
    assert found == {name: end[1:3] for name, end in ENDS.items()}


def watch_end(watch: Watch, call: Call) -> CallFinished:
    """Return the report of a call's end."""
    fresh = Watch(watch.rig)
    fresh.since, fresh.began_at = watch.since, watch.began_at
    [end] = [effect for effect in fresh.reports(call) if isinstance(effect, CallFinished)]
    return end


def test_a_call_that_something_else_ended_is_lost(rig: Rig) -> None:
    """A limit on the whole call, or an order of the console: the caller was still there."""
    watch = Watch(rig)
    queue = rig.queue()
    rig.sit_down(queue, answer_ms=FOREVER_MS)
    plan = f"{HEAD}&queue|paris|{queue}|20&{LAST}"
    rig.router.behaviours["0900000003"] = rig.router.behaviours[rig.number(plan)]
    [limited] = rig.calls("0900000003")
    [torn] = rig.calls(rig.number(plan))
    with rig.start([limited, torn]):
        channel = rig.wait_for(torn, Event="QueueCallerJoin")["Channel"]
        rig.pabx.cli(f"channel request hangup {channel}")
        found = [(rig.ending(call)["By"], watch_end(watch, call).outcome) for call in (limited, torn)]
    assert found == [("other", Outcome.LOST)] * 2


def test_a_call_that_was_taken_elsewhere_is_not_called_lost(rig: Rig) -> None:
    """Whoever takes a waiting caller into a context of their own answers for the rest."""
    watch = Watch(rig)
    queue = rig.queue()
    rig.sit_down(queue, answer_ms=FOREVER_MS)
    [call] = rig.calls(rig.number(f"{HEAD}&queue|paris|{queue}|20&{LAST}"))
    with rig.start([call]):
        channel = rig.wait_for(call, Event="QueueCallerJoin")["Channel"]
        rig.listener.ask("Redirect", Channel=channel, Context="elsewhere", Exten="s", Priority="1")
        assert rig.ending(call)["By"] == ""
    assert watch_end(watch, call).outcome is Outcome.ABANDONED
