"""Shares are exact, whatever happens to the destinations in between."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ccrouter.routing.shares import Turns, take_turn

WEIGHTS = st.lists(st.integers(0, 100), min_size=1, max_size=5).filter(any)


def turns_of(weights: list[int], usable: frozenset[int], count: int, turns: Turns) -> tuple[list[int], Turns]:
    """Take turns in a row."""
    taken = []
    for _ in range(count):
        chosen, turns = take_turn(weights, usable, turns)
        assert chosen is not None
        taken.append(chosen)
    return taken, turns


def test_any_hundred_in_a_row_are_exact() -> None:
    """Of any 100 calls in a row with 70/30, 70 and 30 (P5)."""
    taken, _ = turns_of([70, 30], frozenset({0, 1}), 350, {})
    assert all(Counter(taken[i : i + 100]) == {0: 70, 1: 30} for i in range(250))


@given(WEIGHTS)
def test_any_full_round_is_exact(weights: list[int]) -> None:
    """In any run as long as the sum of the weights, each part gets its weight."""
    everybody = frozenset(range(len(weights)))
    total = sum(weights)
    taken, _ = turns_of(weights, everybody, 2 * total, {})
    expected = {i: weight for i, weight in enumerate(weights) if weight}
    assert all(Counter(taken[i : i + total]) == expected for i in range(total))


@given(WEIGHTS, st.data())
def test_an_outage_is_not_made_up_for(weights: list[int], data: st.DataObject) -> None:
    """While a part is out the others share by weight; afterwards the rotation goes on as if nothing had been."""
    everybody = frozenset(range(len(weights)))
    before = data.draw(st.integers(0, 50))
    out = data.draw(st.sets(st.sampled_from(sorted(everybody))))
    left = everybody - out
    undisturbed, _ = turns_of(weights, everybody, before + 50, {})
    first, turns = turns_of(weights, everybody, before, {})
    if any(weights[i] for i in left):
        total = sum(weights[i] for i in left)
        during, turns = turns_of(weights, left, total, turns)
        assert Counter(during) == {i: weights[i] for i in left if weights[i]}
    else:
        assert take_turn(weights, left, turns) == (None, turns)
    after, _ = turns_of(weights, everybody, 50, turns)
    assert undisturbed == first + after


def test_an_edited_share_starts_afresh() -> None:
    """A state kept for another number of parts is dropped, never an error."""
    _, turns = take_turn([1, 1, 1], frozenset({0, 1}), {})
    chosen, _ = take_turn([1, 1], frozenset({0, 1}), turns)
    assert chosen == 0
