"""Positions: who would be rung for the next caller."""

import pytest

from ccrouter.live.events import DeviceState, Listing, PositionLeft
from ccrouter.live.sites import SiteLimits
from support.live_play import Play

D = DeviceState


@pytest.fixture
def play() -> Play:
    """Return a PABX in sync, with nobody there."""
    return Play()


def figures(play: Play, queue: str = "support") -> tuple[int, int, int, int]:
    """Return logged in, ready, busy, paused."""
    facts = play.queue(queue)
    return facts.logged_in, facts.ready, facts.busy, facts.paused


@pytest.mark.parametrize(
    ("device", "paused", "in_call", "expected"),
    [
        (D.NOT_IN_USE, False, False, (1, 1, 0, 0)),
        (D.NOT_IN_USE, True, False, (1, 0, 0, 1)),
        (D.NOT_IN_USE, False, True, (1, 0, 1, 0)),
        (D.NOT_IN_USE, True, True, (1, 0, 1, 1)),
        (D.IN_USE, False, False, (1, 0, 1, 0)),
        (D.IN_USE, True, False, (1, 0, 1, 1)),
        (D.RINGING, False, False, (1, 0, 1, 0)),
        (D.RING_IN_USE, False, True, (1, 0, 1, 0)),
        (D.ON_HOLD, False, True, (1, 0, 1, 0)),
        (D.BUSY, False, False, (1, 0, 1, 0)),
        (D.UNKNOWN, False, False, (1, 1, 0, 0)),
        (D.UNAVAILABLE, False, False, (0, 0, 0, 0)),
        (D.UNAVAILABLE, True, True, (0, 0, 0, 0)),
        (D.INVALID, False, False, (0, 0, 0, 0)),
    ],
)
def test_standing(
    play: Play,
    device: DeviceState,
    paused: bool,  # noqa: FBT001 - a column of the table
    in_call: bool,  # noqa: FBT001 - a column of the table
    expected: tuple[int, int, int, int],
) -> None:
    """State of the telephone, pause and call make a position logged in, ready, busy, paused."""
    play.position(device=device, paused=paused, in_call=in_call)
    assert figures(play) == expected


def test_wrap_up(play: Play) -> None:
    """After a call a position is busy for its wrap-up, by our clock where the end of the call was seen."""
    play.position(wrapup_s=20)
    play.position(device=D.IN_USE, in_call=True, wrapup_s=20)
    play.at += 60
    play.position(last_call_at=play.at - 0.7, wrapup_s=20)
    play.tick(19)
    assert figures(play) == (1, 0, 1, 0)
    play.tick(1)
    assert figures(play) == (1, 1, 0, 0)


def test_wrap_up_from_a_listing(play: Play) -> None:
    """Where the end of the call was not seen the PABX's clock tells, and one that is ahead stretches nothing."""
    play.position("agent1", last_call_at=play.at - 12, wrapup_s=20)
    play.position("agent2", last_call_at=play.at + 5000, wrapup_s=20)
    play.position("agent3", last_call_at=play.at - 20, wrapup_s=20)
    assert figures(play) == (3, 1, 2, 0)
    play.tick(8)
    assert figures(play) == (3, 2, 1, 0)
    play.position("agent2", last_call_at=play.at + 4992, wrapup_s=20)
    play.tick(20)
    assert figures(play) == (3, 3, 0, 0)


@pytest.mark.parametrize(("own_s", "lasts_s"), [(0.0, 20), (5.0, 5)])
def test_wrap_up_of_the_queue(own_s: float, lasts_s: int) -> None:
    """The PABX does not tell it, the routing file does; it counts for who has none of their own, as in Asterisk."""
    play = Play([SiteLimits("paris", queue="support", wrap_up_s=20)])
    play.position(device=D.IN_USE, in_call=True, wrapup_s=own_s)
    play.at += 60
    play.position(last_call_at=play.at, wrapup_s=own_s)
    play.tick(lasts_s - 1)
    assert figures(play) == (1, 0, 1, 0)
    play.tick(1)
    assert figures(play) == (1, 1, 0, 0)


def test_repeated_state_does_not_prolong_a_wrap_up(play: Play) -> None:
    """A state that is told again during the wrap-up leaves its end where it was."""
    play.position(wrapup_s=20, last_call_at=play.at)
    play.at += 15
    play.position(wrapup_s=20, last_call_at=play.at - 15)
    play.tick(5)
    assert figures(play) == (1, 1, 0, 0)


def test_talk_without_a_state(play: Play) -> None:
    """The begin and end of a talk make a position busy and free, also where its telephone's state is not known."""
    play.position(device=D.UNKNOWN, wrapup_s=10)
    play.talks("c1")
    assert figures(play) == (1, 0, 1, 0)
    play.talk_ended("c1", 0)
    assert figures(play) == (1, 0, 1, 0)
    play.tick(10)
    assert figures(play) == (1, 1, 0, 0)


def test_a_state_of_before_the_answer(play: Play) -> None:
    """A member's state that arrives after the answer, but is older, does not end the talk; a later one does."""
    play.position()
    play.talks("c1")
    play.position(device=D.IN_USE)
    [(_, position)] = play.state.positions()
    assert (position.device, position.in_call) == (D.IN_USE, True)
    play.at += 1
    play.position(device=D.IN_USE)
    [(_, position)] = play.state.positions()
    assert not position.in_call


def test_a_short_talk_ends(play: Play) -> None:
    """The end of a talk counts, however soon after the answer it comes."""
    play.position(last_call_at=play.at - 60)
    play.talks("c1")
    play.position(last_call_at=play.at)
    assert figures(play) == (1, 1, 0, 0)


def test_member_of_several_queues(play: Play) -> None:
    """A member of two queues is a position in each, and leaves each of its own."""
    play.position("agent1", queue="support")
    play.position("agent1", queue="orders", paused=True)
    assert (figures(play, "support"), figures(play, "orders")) == ((1, 1, 0, 0), (1, 0, 0, 1))
    play.tell(PositionLeft(pabx="pabx1", at=play.at, queue="support", interface="PJSIP/agent1"))
    assert (figures(play, "support"), figures(play, "orders")) == ((0, 0, 0, 0), (1, 0, 0, 1))


def test_leaving_twice(play: Play) -> None:
    """A member who is not there, or whose queue is not known, leaves without a trace."""
    for queue in ("support", "unheard"):
        assert play.tell(PositionLeft(pabx="pabx1", at=play.at, queue=queue, interface="PJSIP/agent1")) == []
    assert set(play.state.snapshot(play.at).queues) == {("pabx1", "support"), ("pabx1", "orders")}


def test_member_who_left_in_an_outage(play: Play) -> None:
    """A member whom a listing does not show is gone; a pause that it shows holds."""
    play.position("agent1")
    play.position("agent2")
    play.listing(Listing.QUEUES, play.queue_row(), play.position_row("agent2", paused=True))
    assert figures(play) == (1, 0, 0, 1)
