"""Shares where two routers take calls in turn: how far what is given may be from what is exact."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from ccrouter.routing.shares import Turns, take_turn

SEGMENTS = st.lists(st.tuples(st.integers(0, 1), st.integers(1, 60)), min_size=1, max_size=12)


def dealt(weights: list[int], segments: list[tuple[int, int]]) -> list[int]:
    """Return which part each call got, where segments of calls (router, how many) go to two routers."""
    turns: list[Turns] = [{}, {}]
    given_to = []
    for router, calls in segments:
        for _ in range(calls):
            part, turns[router] = take_turn(weights, frozenset(range(len(weights))), turns[router])
            assert part is not None
            given_to.append(part)
    return given_to


def off(weights: list[int], given_to: list[int]) -> Fraction:
    """Return by how many calls the part that is worst off, or best, differs from its exact share."""
    whole, calls = sum(weights), len(given_to)
    return max(abs(given_to.count(part) - Fraction(calls * weight, whole)) for part, weight in enumerate(weights))


@given(weights=st.lists(st.integers(1, 100), min_size=2, max_size=2), segments=SEGMENTS)
def test_between_two_destinations_two_routers_are_off_by_one_call_at_most(
    weights: list[int], segments: list[tuple[int, int]]
) -> None:
    """However often calls go over to the other router and back: each router goes on where it stopped.

    One router alone is off by half a call at most.
    """
    assert off(weights, dealt(weights, [(0, calls) for _, calls in segments])) <= Fraction(1, 2)
    assert off(weights, dealt(weights, segments)) <= 1


@given(weights=st.lists(st.integers(1, 100), min_size=3, max_size=3), segments=SEGMENTS)
def test_between_three_destinations_they_are_off_by_less_than_two(
    weights: list[int], segments: list[tuple[int, int]]
) -> None:
    """One router alone is off by less than a call."""
    assert off(weights, dealt(weights, [(0, calls) for _, calls in segments])) < 1
    assert off(weights, dealt(weights, segments)) < 2


@given(weights=st.lists(st.integers(1, 100), min_size=2, max_size=5), segments=SEGMENTS)
def test_handovers_do_not_add_up(weights: list[int], segments: list[tuple[int, int]]) -> None:
    """Both together are off by no more than the sum of what each is by itself, whatever the order of their calls."""
    alone = [
        off(weights, dealt(weights, [segment for segment in segments if segment[0] == router])) for router in (0, 1)
    ]
    assert off(weights, dealt(weights, segments)) <= sum(alone)
