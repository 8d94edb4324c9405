"""Whatever is told in whatever order, the invariants hold and nothing raises."""

import dataclasses
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccrouter.contract import STEP_RESULTS
from ccrouter.live import events, state
from ccrouter.live.events import ClockSet, DeviceState, Event, Listing, PabxEvent, Ticked
from ccrouter.live.state import State
from ccrouter.routing.plan import PlayStep, QueueStep, SiteStep, VoicemailStep
from support.live_invariants import check
from support.live_play import SITES, Play
from support.live_reports import Account

INSTANTS = st.one_of(st.integers(0, 90).map(float), st.just(4000.0))
PEER_NUMBERS = st.one_of(st.integers(0, 100).map(float), st.sampled_from([-1.0, 1e300, math.inf, -math.inf, math.nan]))
QUEUES = st.sampled_from(["support", "orders"])
STEPS = st.sampled_from(
    [
        QueueStep("paris", "support", 90),
        QueueStep("lyon", "orders", 60),
        SiteStep("tunis", "PJSIP/1@t", 25),
        SiteStep("backup", "PJSIP/2@b", 25),
        PlayStep("closed", "closed"),
        VoicemailStep("night", "1@default"),
    ]
)
KINDS = st.sampled_from(
    [
        ("queue", "paris"),
        ("queue", "lyon"),
        ("queue", "unheard"),
        ("site", "tunis"),
        ("site", "backup"),
        ("play", "closed"),
        ("voicemail", "night"),
        ("", ""),
        ("teleport", "mars"),
    ]
)
RESULTS = st.sampled_from(
    sorted({"CANCEL", "NOANSWER", "BUSY", *(result for results in STEP_RESULTS.values() for result in results)})
)

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "pabx": st.sampled_from(["pabx1", "pabx2"]),
    "at": INSTANTS,
    "version": st.just("22"),
    "reason": st.just("because"),
    "listing": st.sampled_from(Listing),
    "queue": QUEUES,
    "uniqueid": st.sampled_from(["c1", "c2", "c3"]),
    "channel": st.just("PJSIP/x"),
    "position": st.integers(-1, 4),
    "wait_s": PEER_NUMBERS,
    "number": st.just("0800"),
    "caller": st.none() | st.just("+33612345678"),
    "language": st.sampled_from(["", "fr"]),
    "decision": st.sampled_from(["", "d1", "d2"]),
    "service": st.sampled_from(["sav", "orders"]),
    "rule": st.just("rule"),
    "since": st.one_of(st.none(), PEER_NUMBERS),
    "bridged": st.booleans(),
    "called": st.sampled_from(["a1", "a2"]),
    "by": st.sampled_from(["", "caller", "plan", "other"]),
    "interface": st.sampled_from(["PJSIP/a1", "PJSIP/a2"]),
    "name": st.just("Agent"),
    "device": st.sampled_from(DeviceState),
    "paused": st.booleans(),
    "paused_reason": st.just(""),
    "penalty": st.just(0),
    "in_call": st.booleans(),
    "last_call_at": PEER_NUMBERS,
    "wrapup_s": PEER_NUMBERS,
    "hold_s": PEER_NUMBERS,
    "ring_s": PEER_NUMBERS,
    "talk_s": PEER_NUMBERS,
    "first": STEPS,
    "expires_at": INSTANTS,
    "stays_until": INSTANTS,
    "step": st.integers(0, 3),
    "result": RESULTS,
    "cause": st.sampled_from([0, 3, 17, 19, 34]),
    "elapsed_s": PEER_NUMBERS,
    "entry": st.sampled_from(["routed", "stored", "static"]),
    "endpoint": st.sampled_from(["PJSIP/trunk-tunis", "PJSIP/agent1"]),
    "by_s": st.sampled_from([3600.0, -3600.0, 2.5]),
    "reachable": st.sampled_from([True, False, None]),
    "site": st.sampled_from(["tunis", "backup", "elsewhere"]),
    "lines": st.one_of(st.none(), st.integers(0, 9)),
    "event": st.sampled_from(["QueueMemberPause", "UserEvent", "Whatever"]),
}


def happenings(event: type[Event]) -> st.SearchStrategy[Event]:
    """Return a strategy for events of one class, by the names of its fields."""
    names = [field.name for field in dataclasses.fields(event)]
    fields = {name: VALUES[name] for name in names if name not in {"kind", "target"}}
    if "kind" not in names:
        return st.builds(event, **fields)

    def somewhere(place: tuple[str, str], **rest: Any) -> Event:  # noqa: ANN401 - of every type
        rest["kind"], rest["target"] = place
        return event(**rest)

    return st.builds(somewhere, KINDS, **fields)


CLASSES: list[type[Event]] = [
    kind
    for kind in vars(events).values()
    if isinstance(kind, type) and issubclass(kind, PabxEvent | Ticked | ClockSet) and kind is not PabxEvent
]
ANY_EVENT = st.one_of([happenings(kind) for kind in CLASSES])


def test_every_event_has_its_place() -> None:
    """Each class of event is applied by something, and nothing else is."""
    assert set(CLASSES) == set(state._APPLY)


@settings(max_examples=300)
@given(st.lists(ANY_EVENT, max_size=60))
def test_any_order(told: list[Event]) -> None:
    """Any events in any order, at any instants, with any numbers: the invariants hold after each of them."""
    live, account = State(SITES), Account()
    for event in told:
        effects = live.apply(event)
        check(live)
        account.take(event, effects, live)


@settings(max_examples=60)
@given(st.lists(ANY_EVENT, max_size=40), st.lists(ANY_EVENT, max_size=40))
def test_reload_in_the_middle(before: list[Event], after: list[Event]) -> None:
    """Sites may come and go at any moment."""
    live, account = State(SITES), Account()
    for n, part in enumerate((before, after)):
        for event in part:
            effects = live.apply(event)
            check(live)
            account.take(event, effects, live)
        live.configure(SITES[n + 1 :])
        tick = Ticked(at=100.0)
        account.take(tick, live.apply(tick), live)
        check(live)


@settings(max_examples=100)
@given(st.lists(ANY_EVENT, max_size=60))
def test_empty_listings_empty_the_picture(told: list[Event]) -> None:
    """After anything at all, a PABX that says it has nothing is believed: no ghost stays."""
    live = State(SITES)
    for event in told:
        live.apply(event)
    at = 1_000_000.0  # later than whatever a clock that was set has moved ahead
    for pabx in ("pabx1", "pabx2"):
        live.apply(events.LinkUp(pabx=pabx, at=at, version="22"))
        live.apply(Ticked(at=at))
        for listing in Listing:
            live.apply(events.ListBegan(pabx=pabx, at=at, listing=listing))
            live.apply(events.ListDone(pabx=pabx, at=at, listing=listing))
    check(live)
    assert list(live.waiting()) == []
    assert list(live.calls()) == []
    assert list(live.positions()) == []
    assert not live.snapshot(at).queues
    assert all(site.calls == 0 for site in live.snapshot(5000.0).sites.values())
    assert not live._picture.sites.endpoints.seen


@pytest.mark.parametrize("listings", [True, False])
def test_memory_is_bounded(listings: bool) -> None:  # noqa: FBT001 - both ways
    """A hundred thousand ids that are told of once, forged or missed, leave as much behind as none."""
    play = Play()
    at = play.at
    live = play.state
    for n in range(20_000):
        at += 0.01
        who = f"u{n}"
        for event in (
            events.CallHungUp(pabx="pabx1", at=at, uniqueid=f"x{n}", cause=16),
            events.SiteAnswered(pabx="pabx1", at=at, uniqueid=f"y{n}"),
            events.CallerLeft(pabx="pabx1", at=at, queue="support", uniqueid=f"z{n}"),
            events.CallRouted(
                pabx="pabx1",
                at=at,
                uniqueid=who,
                number="0800",
                service="sav",
                rule="rule",
                decision=who,
                first=QueueStep("paris", "support", 90),
                expires_at=at + 5,
            ),
            events.CallerJoined(pabx="pabx1", at=at, queue="support", uniqueid=who, channel="C", position=1),
            events.CallerLeft(pabx="pabx1", at=at, queue="support", uniqueid=who),
        ):
            live.apply(event)
        if not listings:
            live.apply(events.CallHungUp(pabx="pabx1", at=at, uniqueid=who, cause=16))
        if n % 1000 == 0:
            live.apply(Ticked(at=at))
            for listing in Listing:
                live.apply(events.ListBegan(pabx="pabx1", at=at, listing=listing))
                live.apply(events.QueueListed(pabx="pabx1", at=at, queue="support"))
                live.apply(events.ListDone(pabx="pabx1", at=at, listing=listing))
    picture = live._picture
    assert len(picture.calls.records) <= 2_100
    assert len(picture.calls.ended) <= 2_100
    assert len(picture.calls.timed) <= 2_100
    assert len(picture.queues.departed) <= 2_100
    assert len(live.snapshot(at).queues["pabx1", "support"].recent) <= 5_000
    assert len(live.snapshot(at).arrivals["sav"]) <= 5_000
