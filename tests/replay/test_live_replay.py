"""Recorded AMI of real Asterisks, through to the live state: what they told contradicts nothing that it believes."""

from collections import Counter
from functools import cache

import pytest

from ccrouter.ami import shapes
from ccrouter.ami.hearing import WANTED
from ccrouter.ami.rows import ENDS, translate_row
from ccrouter.ami.translate import translate
from ccrouter.ami.wire import Framer, Kind
from ccrouter.live.effects import CallFinished, Effect, FactRefused, Outcome, SiteTried
from ccrouter.live.events import LinkUp, ListBegan, ListDone, Listing, PabxEvent, Ticked
from ccrouter.live.sites import SiteLimits
from ccrouter.live.state import State
from support.ami import AT, PABX, recording
from support.live_invariants import check
from support.live_reports import Account

SITES = (SiteLimits("paris", queue="support"), SiteLimits("tunis", "PJSIP/trunk-tunis", 30), SiteLimits("backup"))
ENDED = {end: listing for listing, end in ENDS.items()}
ROWS = {
    "QueueParams": Listing.QUEUES,
    "QueueMember": Listing.QUEUES,
    "QueueEntry": Listing.QUEUES,
    "Status": Listing.CALLS,
    "DeviceStateChange": Listing.ENDPOINTS,
}
ROUTED = ("routed_calls_22", "routed_calls_16")
RINGS = ("rings_22", "rings_16")
EVERY = (*ROUTED, *RINGS, "queue_calls", "hostile_callers_22", "hostile_callers_16")


@cache
def told(name: str) -> tuple[PabxEvent, ...]:
    """Return the events of a recording, a hundredth of a second apart, with the begins and ends of its listings."""
    events: list[PabxEvent] = []
    reading: Listing | None = None
    for n, message in enumerate(Framer(WANTED).feed(recording(name))):
        at = AT + n / 100
        row = message.name in shapes.ROWS and "ActionID" in message.fields
        listing = ENDED.get(message.name) or (ROWS[message.name] if row else None)
        if listing is not None and reading is None:
            reading = listing
            events.append(ListBegan(pabx=PABX, at=at, listing=listing))
        if message.name in ENDED:
            reading = None
            events.append(ListDone(pabx=PABX, at=at, listing=ENDED[message.name]))
        elif message.kind is not Kind.RESPONSE:
            event = translate_row(message, PABX, at) if row else translate(message, PABX, at)
            events += [] if event is None else [event]
    return tuple(events)


def play(events: tuple[PabxEvent, ...]) -> tuple[State, list[Effect]]:
    """Return a state that was told all this, and all that followed."""
    state = State(SITES)
    effects = state.apply(LinkUp(pabx=PABX, at=AT, version="22"))
    for event in events:
        effects += state.apply(event)
    return state, effects


@pytest.mark.parametrize("name", EVERY)
def test_invariants_hold_after_every_event(name: str) -> None:
    """Whatever a real Asterisk tells, and whatever a hostile caller makes it tell, the state is of one mind."""
    state, account = State(SITES), Account()
    for event in told(name):
        effects = state.apply(event)
        check(state)
        account.take(event, effects, state)


@pytest.mark.parametrize("name", [*ROUTED, *RINGS, "queue_calls"])
def test_genuine_events_are_all_possible(name: str) -> None:
    """Not one event of calls that nobody forged is refused."""
    _, effects = play(told(name))
    assert [effect for effect in effects if isinstance(effect, FactRefused)] == []


@pytest.mark.parametrize("name", ROUTED)
def test_every_call_ends_once(name: str) -> None:
    """24 calls come and go, each with one outcome; nobody stays behind."""
    state, effects = play(told(name))
    ends = Counter(effect.uniqueid for effect in effects if isinstance(effect, CallFinished))
    assert len(ends) == 24
    assert set(ends.values()) == {1}
    assert [list(state.calls()), list(state.waiting())] == [[], []]
    assert all(site.calls == 0 for site in state.snapshot(AT).sites.values())


def test_a_busy_house_comes_to_rest() -> None:
    """320 calls, and all that their Asterisk told: nothing contradicts itself, each ends once, nobody stays behind."""
    state, effects = play(told("busy_house"))
    check(state)
    assert [effect for effect in effects if isinstance(effect, FactRefused)] == []
    ends = Counter(effect.uniqueid for effect in effects if isinstance(effect, CallFinished))
    assert (len(ends), set(ends.values())) == (320, {1})
    outcomes = Counter(effect.outcome for effect in effects if isinstance(effect, CallFinished))
    assert outcomes == {Outcome.ANSWERED: 291, Outcome.MESSAGE: 20, Outcome.ABANDONED: 9}
    assert [list(state.calls()), list(state.waiting())] == [[], []]
    assert all(site.calls == 0 for site in state.snapshot(AT).sites.values())


@pytest.mark.parametrize("name", ROUTED)
def test_outcomes(name: str) -> None:
    """Who talked was answered, who heard the message heard it, and the two who hung up while they waited gave up."""
    _, effects = play(told(name))
    outcomes = Counter(effect.outcome for effect in effects if isinstance(effect, CallFinished))
    assert outcomes.keys() == {Outcome.ANSWERED, Outcome.MESSAGE, Outcome.ABANDONED}
    assert outcomes[Outcome.ABANDONED] == 2
    assert sum(isinstance(effect, SiteTried) for effect in effects) == 15


@pytest.mark.parametrize("name", ROUTED)
def test_from_any_starting_point(name: str) -> None:
    """A daemon that attaches anywhere in the stream ends with what one shows that heard it all."""
    events = told(name)
    last = max(n for n, event in enumerate(events) if isinstance(event, ListBegan))
    whole, _ = play(events)
    end = events[-1].at
    whole.apply(Ticked(at=end + 60))
    for start in range(0, last, 11):
        state, _ = play(events[start:])
        state.apply(Ticked(at=end + 60))
        check(state)
        assert shown(state) == shown(whole)


def shown(state: State) -> tuple[object, ...]:
    """Return what a state shows, as far as somebody can know who was not there from the start."""
    positions = [(pabx, each.queue, each.interface, each.standing) for pabx, each in state.positions()]
    return list(state.calls()), list(state.waiting()), sorted(positions, key=str)
