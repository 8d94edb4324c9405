"""The clock is set while calls are under way: nothing that is remembered grows, shrinks, ends or begins by it."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccrouter.live.events import ClockSet, Ticked
from ccrouter.live.state import State
from support.live_play import TUNIS, Play

AN_INSTANT = 1e9
OTHER_CLOCKS = frozenset({"last_call_at"})
"""Told by the PABX by its own clock."""


def instants(thing: object, path: str = "", seen: set[int] | None = None) -> Iterator[tuple[str, float]]:
    """Yield all instants that can be reached from a thing, with the way there."""
    seen = set() if seen is None else seen
    if isinstance(thing, float):
        if thing > AN_INSTANT:
            yield path, thing
        return
    if isinstance(thing, (str, int, bytes, type(None))) or id(thing) in seen or callable(thing):
        return
    seen.add(id(thing))
    if isinstance(thing, dict):
        parts = [(str(key), value) for key, value in thing.items()]
    elif isinstance(thing, (list, tuple, set, frozenset)):
        parts = [(str(place), value) for place, value in enumerate(sorted(thing, key=str))]
    elif is_dataclass(thing):
        parts = [(field.name, getattr(thing, field.name)) for field in fields(thing)]
    else:
        parts = list(vars(thing).items()) if hasattr(thing, "__dict__") else []
    for name, part in parts:
        if name not in OTHER_CLOCKS and name not in {"_tuple", "_rates"}:
            yield from instants(part, f"{path}.{name}", seen)


def busy() -> Play:
    """Return a house in which each thing that has an instant is at hand."""
    play = Play()
    for agent in ("agent1", "agent2"):
        play.position(agent, wrapup_s=30)
    play.waits("waits")
    play.waits("ends")
    play.waits("leaves")
    play.tick(5)
    play.talks("talks")
    play.talks("talked")
    play.talk_ended("talked", 3, agent="agent2")
    play.hung_up("ends")
    play.left("leaves")
    play.routed("reserved", TUNIS)
    play.withdraw("waits")
    for place in range(3):
        play.tries(f"dead{place}", "congestion", 34)
    return play


@pytest.mark.parametrize("by_s", [3600.0, -3600.0, 40_000_000.0])
def test_every_instant_moves_with_the_clock(by_s: float) -> None:
    """Whatever is remembered by our clock stands as far from now as before: nothing was forgotten."""
    play = busy()
    before = dict(instants(play.state._picture))
    play.at += by_s
    play.tell(ClockSet(at=play.at, by_s=by_s))
    after = dict(instants(play.state._picture))
    assert len(before) > 20
    assert {path: at + by_s for path, at in before.items()} == pytest.approx(after, abs=1e-3)


def test_a_wait_is_as_long_after_the_clock_was_set() -> None:
    """A caller who waits for 5 s does so after a step of an hour, and no rule on the longest wait starts by it."""
    play = Play()
    play.joined("first")
    play.tick(5)
    play.at += 3600
    play.tell(ClockSet(at=play.at, by_s=3600.0))
    joined_at = play.queue().oldest_joined_at
    assert joined_at is not None
    assert play.at - joined_at == pytest.approx(5)


def test_a_site_that_is_left_out_is_tried_when_it_would_have_been() -> None:
    """A step ahead does not end the time that a failing site is left out, a step back does not lengthen it."""
    for by_s in (3600.0, -3600.0):
        play = busy()
        assert play.site().health.value == "down"
        play.at += by_s
        play.tell(ClockSet(at=play.at, by_s=by_s))
        play.tick(1)
        assert play.site().health.value == "down"
        play.tick(30)
        assert play.site().health.value == "probe"


@settings(max_examples=60)
@given(
    steps=st.lists(st.tuples(st.sampled_from("jcgtsr"), st.floats(0.1, 40.0)), min_size=1, max_size=12),
    place=st.integers(0, 11),
    by_s=st.floats(-100_000.0, 100_000.0),
)
def test_what_happens_is_the_same_with_and_without_a_step(
    steps: list[tuple[str, float]], place: int, by_s: float
) -> None:
    """Two houses live through the same; in one the clock is set on the way: both look alike at the end."""
    plain, stepped = Play(), Play()
    for number, (what, after) in enumerate(steps):
        for play in (plain, stepped):
            play.tick(after)
            _happens(play, what, f"c{number}", f"c{number - 1}")
        if number == place:
            stepped.at += by_s
            stepped.tell(ClockSet(at=stepped.at, by_s=by_s))
    moved = stepped.at - plain.at
    assert plain.places == stepped.places
    assert _picture(plain.state, plain.at, 0.0) == _picture(stepped.state, stepped.at, moved)


def _happens(play: Play, what: str, new: str, old: str) -> None:
    if what == "j":
        play.routed(new)
        play.joined(new)
    elif what == "c" and old in play.order:
        play.left(old)
        play.connected(old)
    elif what == "g":
        play.hung_up(old)
    elif what == "t":
        play.tell(Ticked(at=play.at))
    elif what == "s":
        play.routed(new, TUNIS)
    elif what == "r":
        play.endpoint(reachable=True)


def _picture(state: State, at: float, moved: float) -> object:
    snapshot = state.snapshot(at)
    return (
        [
            (key, queue.waiting, queue.ready, _whole(queue.oldest_joined_at, moved), len(queue.recent))
            for key, queue in sorted(snapshot.queues.items())
        ],
        [(name, site.calls, site.health) for name, site in sorted(snapshot.sites.items())],
        {service: len(arrivals) for service, arrivals in snapshot.arrivals.items()},
    )


def _whole(at: float | None, moved: float) -> float | None:
    return None if at is None else round(at - moved, 2)
