"""Which of two routers is on duty for a PABX: never both, and never nobody for long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccrouter.ami.duty import HANDOVER_S, Duty
from support.hand_clock import HandClock

FRESH_S = 2.0
BEAT_S = 0.5


def held(duty: Duty) -> bool:
    """Tell whether the duty is held now."""
    return duty.held


def test_a_router_alone_is_on_duty_with_its_first_heartbeat() -> None:
    """Whatever its rank; before it is not, for nobody would know."""
    for rank in (1, 2):
        clock = HandClock()
        duty = Duty(clock, rank, FRESH_S)
        assert not held(duty)
        duty.beaten(clock.steady(), ())
        assert held(duty)


def test_the_better_rank_takes_it_back_after_the_other_has_seen_it() -> None:
    """The other one looks twice in this time."""
    clock = HandClock()
    duty = Duty(clock, 1, FRESH_S)
    duty.beaten(clock.steady(), {2})
    assert not held(duty)
    clock.at += HANDOVER_S - 0.1
    duty.beaten(clock.steady(), {2})
    assert not held(duty)
    clock.at += 0.1
    assert held(duty)


def test_the_worse_rank_has_it_while_the_better_is_gone() -> None:
    """And leaves it with the first heartbeat of the other that it sees."""
    clock = HandClock()
    duty = Duty(clock, 2, FRESH_S)
    duty.beaten(clock.steady(), {1})
    clock.at += 1.5
    duty.beaten(clock.steady(), {1})
    assert not held(duty)
    duty.beaten(clock.steady(), ())
    assert held(duty)
    duty.beaten(clock.steady(), {1})
    assert not held(duty)


@pytest.mark.parametrize("rank", [1, 2])
def test_after_a_pause_of_the_process_it_is_nobody_s_at_first(rank: int) -> None:
    """Whoever was stopped for longer than a heartbeat lasts must not go on where the other has begun."""
    clock = HandClock()
    duty = Duty(clock, rank, FRESH_S)
    duty.beaten(clock.steady(), ())
    clock.at += FRESH_S + 0.1
    assert not held(duty)
    duty.beaten(clock.steady(), {1, 2} - {rank})
    assert not held(duty)


def test_after_the_farewell_it_is_the_other_s() -> None:
    """Also where a heartbeat is confirmed late."""
    clock = HandClock()
    duty = Duty(clock, 1, FRESH_S)
    duty.beaten(clock.steady(), ())
    duty.end()
    assert not held(duty)


@given(
    pauses=st.lists(st.tuples(st.sampled_from((1, 2)), st.integers(0, 200), st.integers(1, 80)), max_size=6),
    shift=st.integers(0, 4),
)
def test_two_are_never_on_duty_at_once(pauses: list[tuple[int, int, int]], shift: int) -> None:
    """However long each stands still, and whenever: in tenths of seconds, each with a heartbeat every half second."""
    clock = HandClock()
    began = clock.steady()
    duties = {rank: Duty(clock, rank, FRESH_S) for rank in (1, 2)}
    beats = {1: -1e9, 2: -1e9}
    free_for = 0
    for tick in range(300):
        clock.at += 0.1
        still = {rank for rank, begin, length in pauses if begin <= tick < begin + length}
        for rank, phase in ((1, 0), (2, shift)):
            if rank not in still and tick % 5 == phase:
                now = clock.steady()
                beats[rank] = now
                duties[rank].beaten(now, {each for each in (1, 2) if each != rank and now - beats[each] <= FRESH_S})
        # One that stands still does nothing, whatever it would think.
        both = {rank for rank in (1, 2) if rank not in still and duties[rank].held}
        assert len(both) < 2
        free_for = 0 if both or still == {1, 2} else free_for + 1
        assert free_for <= (FRESH_S + HANDOVER_S + BEAT_S) * 10 + 1
    assert clock.steady() > began
