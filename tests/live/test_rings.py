"""Positions that ring, and positions over all their queues: what each does, since when, for whom."""

from collections.abc import Callable

import pytest

from ccrouter.live.desks import GHOST, PositionView
from ccrouter.live.effects import Effect, PositionMissed, PositionRang
from ccrouter.live.events import ClockSet, DeviceState, Listing
from support.live_play import Play


@pytest.fixture
def play() -> Play:
    """Return a queue with two positions and a caller who waits in it."""
    play = Play()
    play.position("agent1")
    play.position("agent2")
    play.waits("c1")
    return play


def rang(effects: list[Effect]) -> list[str]:
    """Return what is told of rings: the position, and for those that ended whether it was ignored."""
    return [
        effect.interface.removeprefix("PJSIP/")
        + ("" if isinstance(effect, PositionRang) else " ignored" if effect.ignored else " missed")
        for effect in effects
        if isinstance(effect, PositionRang | PositionMissed)
    ]


def desk(play: Play, name: str = "agent1") -> PositionView:
    """Return a position over its queues."""
    [found] = [each for each in play.state.desks() if each.interface == f"PJSIP/{name}"]
    return found


# --- rings ------------------------------------------------------------------------------------------------------------


def test_a_ring_that_is_ignored(play: Play) -> None:
    """It rang to the end of its time; app_queue tells of the silence first, and then of the dial."""
    assert rang(play.called("c1")) == ["agent1"]
    play.at += 15
    assert rang(play.silent("c1")) == ["agent1 ignored"]
    assert rang(play.dial_failed("c1")) == []


def test_a_telephone_that_says_no_ignores_nobody(play: Play) -> None:
    """The end of the dial comes first: somebody, or a setting, refused the call."""
    play.called("c1")
    play.at += 15
    assert rang(play.dial_failed("c1")) == []
    assert rang(play.silent("c1")) == ["agent1 missed"]


def test_a_ring_of_no_time_ignores_nobody(play: Play) -> None:
    """A telephone that is silent at once was not left ringing, whatever is told of it."""
    play.called("c1")
    assert rang(play.silent("c1")) == ["agent1 missed"]


def test_a_ring_that_is_answered_is_not_missed_by_whom_took_it(play: Play) -> None:
    """Of two that ring at once, the other one missed the call, and did not ignore it."""
    play.called("c1", "agent1")
    play.called("c1", "agent2")
    play.at += 3
    play.left("c1")
    assert rang(play.connected("c1", agent="agent2")) == ["agent1 missed"]


@pytest.mark.parametrize("way", ["hangs up", "goes on", "is called off", "joins another queue", "is not listed"])
def test_a_ring_ends_with_its_caller(play: Play, way: str) -> None:
    """Wherever the caller goes, nobody rings on; and each ring ends once."""
    play.called("c1")
    effects: list[Effect] = []
    if way == "is called off":
        effects += play.dial_failed("c1", result="CANCEL")
    if way == "goes on":
        effects += play.left("c1")
        effects += play.ended("c1", "queue", "paris", "timeout")
    if way == "joins another queue":
        effects += play.joined("c1", queue="orders")
    if way == "is not listed":
        effects += play.listing(Listing.QUEUES, play.queue_row(), play.queue_row("orders"))
        effects += play.tick(10)
    effects += play.hung_up("c1")
    assert rang(effects) == ["agent1 missed"]


def test_a_ring_that_began_anew_has_ended(play: Play) -> None:
    """A second ring of the same position for the same caller ends the first, whose end was not told."""
    play.called("c1")
    assert rang(play.called("c1")) == ["agent1 missed", "agent1"]


def test_nobody_rings_for_a_caller_who_does_not_wait(play: Play) -> None:
    """Late or forged, it would never end."""
    assert rang(play.called("nobody")) == []
    assert rang(play.called("c1", queue="orders")) == []
    play.left("c1")
    assert rang(play.called("c1")) == []
    assert rang(play.silent("c1")) == []


def test_a_lost_link_ends_all_rings_without_a_word(play: Play) -> None:
    """Nobody knows what became of them."""
    play.called("c1")
    assert rang(play.link_lost()) == []
    play.link_up()
    assert rang(play.hung_up("c1")) == []
    assert desk(play).rings_for == ""


# --- positions over their queues --------------------------------------------------------------------------------------


def test_a_position_through_a_call(play: Play) -> None:
    """Ready, ringing, talking, in wrap-up, ready again: each since the event that began it."""
    play.position("agent1", wrapup_s=10)
    assert (desk(play).state, desk(play).since) == ("ready", None)
    course: dict[str, Callable[[], object]] = {
        "ringing": lambda: play.called("c1"),
        "talking": lambda: play.connected("c1"),
        "wrap_up": lambda: play.talk_ended("c1", 60),
        "ready": lambda: play.tick(10),
    }
    for state, act in course.items():
        play.at += 5
        act()
        assert (desk(play).state, desk(play).since) == (state, play.at)
        assert desk(play).rings_for == ("c1" if state == "ringing" else "")
        assert desk(play).talks_with == ("c1" if state == "talking" else "")
        assert desk(play).wrap_up_until == (play.at + 10 if state == "wrap_up" else None)


def test_a_position_that_hangs_up_its_caller(play: Play) -> None:
    """The end of the call ends the talk, whoever tells it first."""
    play.connected("c1")
    play.position("agent1", DeviceState.IN_USE, in_call=True)
    play.hung_up("c1")
    assert desk(play).talks_with == ""


@pytest.mark.parametrize(
    ("device", "in_call", "paused", "state"),
    [
        (DeviceState.NOT_IN_USE, False, False, "ready"),
        (DeviceState.UNKNOWN, False, False, "ready"),
        (DeviceState.RINGING, False, False, "ringing"),
        (DeviceState.IN_USE, False, False, "busy"),
        (DeviceState.ON_HOLD, False, False, "busy"),
        (DeviceState.IN_USE, True, False, "talking"),
        (DeviceState.IN_USE, True, True, "talking"),
        (DeviceState.NOT_IN_USE, False, True, "paused"),
        (DeviceState.UNAVAILABLE, False, False, "out"),
        (DeviceState.UNAVAILABLE, False, True, "out"),
    ],
)
def test_state_by_the_telephone(
    play: Play,
    device: DeviceState,
    in_call: bool,  # noqa: FBT001 - both ways
    paused: bool,  # noqa: FBT001 - both ways
    state: str,
) -> None:
    """What a telephone tells; one that is to pause after its talk still talks, and asked for it."""
    play.position("agent1", device, in_call=in_call, paused=paused)
    assert (desk(play).state, desk(play).paused) == (state, paused)


def test_one_position_in_two_queues(play: Play) -> None:
    """One telephone is one position; it is paused where it is in all its queues, and gone when it left them all."""
    play.position("agent1", queue="orders", paused=True)
    assert (desk(play).queues, desk(play).state, desk(play).paused) == (("orders", "support"), "ready", False)
    play.position("agent1", queue="support", paused=True)
    assert (desk(play).state, desk(play).paused, desk(play).since) == ("paused", True, play.at)
    play.position("agent1", DeviceState.IN_USE, queue="orders", in_call=True)
    assert desk(play).state == "talking"
    play.listing(Listing.QUEUES, play.queue_row(), play.position_row("agent1"), play.queue_row("orders"))
    assert desk(play).queues == ("support",)
    play.listing(Listing.QUEUES, play.queue_row(), play.queue_row("orders"))
    assert list(play.state.desks()) == []


def test_what_did_not_change_is_shown_again(play: Play) -> None:
    """A screen may compare by identity."""
    before = {each.interface: each for each in play.state.desks()}
    play.position("agent2", paused=True)
    after = {each.interface: each for each in play.state.desks()}
    assert after["PJSIP/agent1"] is before["PJSIP/agent1"]
    assert after["PJSIP/agent2"] is not before["PJSIP/agent2"]


def test_the_clock_is_set(play: Play) -> None:
    """A ring and a state last for as long as they lasted."""
    play.called("c1")
    play.at += 3600
    play.tell(ClockSet(at=play.at, by_s=3600))
    assert desk(play).since == play.at
    play.at += 0.5
    assert rang(play.silent("c1")) == ["agent1 missed"]


# --- ghosts -----------------------------------------------------------------------------------------------------------


def ignore(play: Play, times: int = GHOST) -> None:
    """Let a position ring so often, with nobody there."""
    for _ in range(times):
        play.called("c1")
        play.at += 15
        play.silent("c1")


def test_a_ghost_rings_three_times_in_a_row(play: Play) -> None:
    """Twice may happen to anybody; the third time, nobody sits there, and it stays so while it rings on."""
    ignore(play, GHOST - 1)
    assert not desk(play).ghost
    ignore(play, 1)
    assert desk(play).ghost
    play.called("c1")
    assert desk(play).ghost
    assert not desk(play, "agent2").ghost


def test_an_answer_a_pause_or_a_talk_of_its_own_wakes_a_ghost(play: Play) -> None:
    """Whatever takes a hand at the telephone."""
    hands: list[Callable[[], object]] = [
        lambda: play.position("agent1", paused=True),
        lambda: play.position("agent1", DeviceState.IN_USE),
        lambda: play.connected("c1"),
    ]
    for wake in hands:
        ignore(play)
        assert desk(play).ghost
        wake()
        play.position("agent1")
        assert not desk(play).ghost


def test_a_telephone_out_of_reach_ignores_nobody(play: Play) -> None:
    """It did not ring, whatever app_queue tried."""
    play.position("agent1", DeviceState.UNAVAILABLE)
    for _ in range(GHOST):
        play.called("c1")
        assert desk(play).state == "out"
        play.at += 15
        assert rang(play.silent("c1")) == ["agent1 missed"]
    play.position("agent1")
    assert not desk(play).ghost
