"""EWT: the queue-length predictor with abandonment."""

import math
from fractions import Fraction
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccrouter.live.forecast import HANDLED, MICROS, MIN_SAMPLES, Forecast, estimated_waits
from support.live_play import Play

AHEAD = st.integers(0, 300)
SERVING = st.integers(1, 200)
HANDLING = st.floats(0.5, 7200)
RATES = st.one_of(st.just(0.0), st.floats(1e-6, 1.0))


def estimated_wait(ahead: int, serving: int, handling_s: float, rate: float) -> float:
    """Return the forecast of who joins behind so many callers."""
    return next(islice(estimated_waits(serving, handling_s, rate), ahead, None))


@given(AHEAD, SERVING, HANDLING, RATES)
def test_formula(ahead: int, serving: int, handling_s: float, rate: float) -> None:
    """The forecast is the sum over the callers ahead, and this one, of 1 / (s mu + j theta), to the last digits."""
    served = Fraction(serving) / Fraction(handling_s)
    exact = sum((1 / (served + j * Fraction(rate)) for j in range(ahead + 1)), Fraction(0))
    assert math.isclose(estimated_wait(ahead, serving, handling_s, rate), float(exact), rel_tol=1e-9)


@given(AHEAD, SERVING, HANDLING)
def test_without_abandonment(ahead: int, serving: int, handling_s: float) -> None:
    """Where nobody gives up it is the plain predictor (n + 1) / (s mu)."""
    assert math.isclose(estimated_wait(ahead, serving, handling_s, 0.0), (ahead + 1) * handling_s / serving)


@given(AHEAD, SERVING, HANDLING, RATES)
def test_monotone(ahead: int, serving: int, handling_s: float, rate: float) -> None:
    """One more caller ahead lengthens the wait, one more position or more impatience shortens it."""
    wait = estimated_wait(ahead, serving, handling_s, rate)
    assert estimated_wait(ahead + 1, serving, handling_s, rate) > wait
    assert estimated_wait(ahead, serving + 1, handling_s, rate) < wait
    assert estimated_wait(ahead, serving, handling_s, rate + 0.01) <= wait


@given(AHEAD, SERVING, HANDLING, st.floats(1e-6, 1.0))
def test_bounds(ahead: int, serving: int, handling_s: float, rate: float) -> None:
    """It lies between one service and the plain predictor: those ahead who give up only shorten the wait."""
    wait = estimated_wait(ahead, serving, handling_s, rate)
    alone = handling_s / serving
    assert alone * (1 - 1e-12) <= wait <= (ahead + 1) * alone * (1 + 1e-12)


def taught(samples: int, handling_s: float = 300.0) -> Forecast:
    """Return a forecast that has seen calls."""
    forecast = Forecast()
    for _ in range(samples):
        forecast.handled(handling_s)
    return forecast


@pytest.mark.parametrize(
    ("samples", "waiting", "serving", "ready", "expected"),
    [
        (0, 0, 3, 1, 0.0),
        (0, 0, 3, 0, None),
        (0, 2, 3, 1, None),
        (MIN_SAMPLES - 1, 1, 1, 0, None),
        (MIN_SAMPLES, 1, 1, 0, 600.0),
        (MIN_SAMPLES, 0, 2, 0, 150.0),
        (MIN_SAMPLES, 0, 0, 0, None),
        (MIN_SAMPLES, 9, 0, 0, None),
        (MIN_SAMPLES, 0, 2, 1, 0.0),
        (MIN_SAMPLES, 4, 2, 1, 750.0),
    ],
)
def test_what_can_be_said(samples: int, waiting: int, serving: int, ready: int, expected: float | None) -> None:
    """Unknown under 20 samples or with nobody to serve; 0 where a position is ready and nobody waits."""
    assert taught(samples).estimate(waiting, serving, ready) == expected


def test_rolling_mean() -> None:
    """The mean covers the last 100 handling times."""
    forecast = taught(HANDLED, 1000.0)
    for _ in range(HANDLED // 2):
        forecast.handled(200.0)
    assert forecast.estimate(0, 1, 0) == 600.0
    for _ in range(HANDLED // 2):
        forecast.handled(200.0)
    assert forecast.estimate(0, 1, 0) == 200.0


def test_impatience() -> None:
    """Theta is abandonments over all time spent waiting, whatever ended the wait."""
    forecast = taught(MIN_SAMPLES, 100.0)
    forecast.waited(50.0, gave_up=True)
    forecast.waited(30.0, gave_up=False)
    forecast.waited(20.0, gave_up=False)
    assert forecast.estimate(1, 1, 0) == pytest.approx(1 / 0.01 + 1 / (0.01 + 0.01))


def test_a_time_out_is_no_abandonment() -> None:
    """Who waited in vain and went on has lost patience no more than who was answered."""
    play = Play()
    play.waits("c1")
    play.at += 90
    play.left("c1")
    play.ended("c1", "queue", "paris", "timeout")
    play.waits("c2")
    play.at += 10
    play.left("c2")
    play.hung_up("c2")
    queue = play.state._picture.queues.get("pabx1", "support")
    assert queue is not None
    waits = zip(queue.forecast._waits._kept, queue.forecast._given_up._kept, strict=True)
    assert list(waits) == [(90 * MICROS, False), (10 * MICROS, True)]


def test_talks_of_no_length() -> None:
    """Nothing is divided by zero where all talks and waits were zero seconds long."""
    forecast = taught(MIN_SAMPLES, 0.0)
    forecast.waited(0.0, gave_up=True)
    assert forecast.estimate(5, 1, 0) == 0.0


def test_from_events() -> None:
    """Talks and wrap-up of a queue's positions, its waits and its positions make its forecast."""
    play = Play()
    play.position("agent1", wrapup_s=10)
    play.position("agent2", paused=True)
    for n in range(MIN_SAMPLES):
        assert play.queue().estimated_wait_s in {None, 0.0}
        play.waits(f"c{n}")
        play.at += 5
        play.left(f"c{n}")
        play.connected(f"c{n}")
        play.at += 90
        play.talk_ended(f"c{n}", 90)
        play.hung_up(f"c{n}")
    assert play.queue().estimated_wait_s == pytest.approx(100.0)
    play.tick(10)
    assert play.queue().estimated_wait_s == 0.0
    play.waits("next")
    assert play.queue().estimated_wait_s == pytest.approx(200.0)
    play.position("agent2")
    assert play.queue().estimated_wait_s == pytest.approx(100.0)


def test_a_talk_that_is_told_twice_is_one_sample() -> None:
    """A repeated end of a talk teaches nothing."""
    play = Play()
    play.position()
    for n in range(MIN_SAMPLES):
        play.talks(f"c{n}")
        play.talk_ended(f"c{n}", 60)
        play.talk_ended(f"c{n}", 60)
        play.hung_up(f"c{n}")
        assert len(play.state._picture.queues.get("pabx1", "support").forecast._handled) <= MIN_SAMPLES  # type: ignore[union-attr]
    play.waits("next")
    assert play.queue().estimated_wait_s == pytest.approx(120.0)
