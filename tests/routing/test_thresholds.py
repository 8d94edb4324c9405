"""Thresholds start at one level, stop at another, and hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccrouter.routing.thresholds import OFF, Direction, Latch, Level

UP, DOWN = Direction.AT_LEAST, Direction.AT_MOST


@pytest.mark.parametrize(
    ("level", "values", "expected"),
    [
        (Level(UP, 5, 3), [4, 5, 4, 3, 2, 3, 4, 5], [0, 1, 1, 1, 0, 0, 0, 1]),
        (Level(UP, 5, 5), [4, 5, 4, 5], [0, 1, 0, 1]),
        (Level(DOWN, 0, 2), [1, 0, 1, 2, 3, 1, 0], [0, 1, 1, 1, 0, 0, 1]),
        (Level(UP, 5, 3, hold_s=2), [5, 5, 5, 2, 5, 4, 5, 5, 5], [0, 0, 1, 0, 0, 0, 0, 0, 1]),
        (Level(UP, 5, 3), [5, None, 4, None, 2], [1, 1, 1, 1, 0]),
        (Level(UP, 5, 3, hold_s=2), [5, None, 5, 5, 5], [0, 0, 0, 0, 1]),
    ],
    ids=["up", "one level", "down", "hold", "unknown keeps", "unknown breaks a hold"],
)
def test_steps(level: Level, values: list[float | None], expected: list[int]) -> None:
    """A value a second: on from the start level (held), off only beyond the stop level (P8, P9)."""
    latch, seen = OFF, []
    for at, value in enumerate(values):
        latch = level.step(latch, value, float(at))
        seen.append(int(latch.on))
    assert expected == seen


def test_a_clock_that_is_set_back_restarts_a_hold() -> None:
    """After a step of an hour back the hold runs its time from there, not an hour more."""
    level = Level(UP, 5, 3, hold_s=10)
    latch = level.step(OFF, 6, 3600.0)
    latch = level.step(latch, 6, 0.0)
    assert not level.step(latch, 6, 9.0).on
    assert level.step(level.step(latch, 6, 9.0), 6, 10.0).on


@given(st.lists(st.floats(0, 10), max_size=60), st.floats(0, 10), st.floats(0, 10))
def test_no_flapping_between_the_levels(values: list[float], one: float, other: float) -> None:
    """A value that stays between stop and start never changes the answer."""
    stop, start = sorted((one, other))
    level = Level(UP, start, stop)
    for on in (True, False):
        latch = Latch(on=on)
        for at, value in enumerate(values):
            if stop <= value < start:
                latch = level.step(latch, value, float(at))
        assert latch.on == on
