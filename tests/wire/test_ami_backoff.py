"""How long a link waits before the next try."""

from hypothesis import given
from hypothesis import strategies as st

from ccrouter.ami.backoff import Backoff
from ccrouter.ami.link import RETRY_REFUSED_S, RETRY_S


def test_waits_double_up_to_the_longest_and_begin_again() -> None:
    """The longest of each draw: 0.2, 0.4, 0.8 ... and never more than the most."""
    backoff = Backoff(0.2, 2.0, draw=lambda _least, most: most)
    assert [backoff.next_s() for _ in range(6)] == [0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    backoff.reset()
    assert backoff.next_s() == 0.2


def test_the_shortest_of_each_draw_is_half_of_it() -> None:
    """Several daemons that lost one PABX do not come back at the same instant."""
    backoff = Backoff(0.2, 2.0, draw=lambda least, _most: least)
    assert [backoff.next_s() for _ in range(4)] == [0.1, 0.2, 0.4, 0.8]


@given(st.sampled_from([RETRY_S, RETRY_REFUSED_S]), st.integers(1, 3000))
def test_every_wait_is_within_its_bounds(bounds: tuple[float, float], tries: int) -> None:
    """However many tries there were."""
    least, most = bounds
    backoff = Backoff(least, most)
    waits = [backoff.next_s() for _ in range(tries)]
    assert all(least / 2 <= wait <= most for wait in waits)
