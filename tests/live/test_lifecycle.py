"""The lifecycle table, and facts that contradict it."""

import pytest

from ccrouter.live.effects import FactRefused, Outcome, Relist
from ccrouter.live.events import Listing
from ccrouter.live.lifecycle import TRANSITIONS, Fact, Phase
from support.live_play import LYON, PARIS, TUNIS, Play, finished

IMPOSSIBLE = {
    (Phase.DIALLING, Fact.JOINED),
    (Phase.DIALLING, Fact.CONNECTED),
    (Phase.PLAYING, Fact.QUEUE_BEGAN),
    (Phase.PLAYING, Fact.SITE_BEGAN),
    (Phase.PLAYING, Fact.JOINED),
    (Phase.PLAYING, Fact.CONNECTED),
    (Phase.BETWEEN, Fact.CONNECTED),
}


@pytest.fixture
def play() -> Play:
    """Return a PABX in sync, with nobody there."""
    return Play()


def test_table_is_complete() -> None:
    """Every fact has an answer in every phase, or is one of the few that can't be."""
    living = [phase for phase in Phase if phase is not Phase.FINISHED]
    assert list(TRANSITIONS) == living
    missing = {(phase, fact) for phase in living for fact in Fact if fact not in TRANSITIONS[phase]}
    assert missing == IMPOSSIBLE


def test_every_call_can_end() -> None:
    """The end is one step away from every phase, and every phase can be reached from the decision."""
    assert all(row[Fact.GONE] is Phase.FINISHED for row in TRANSITIONS.values())
    reached, new = set(), {Phase.ROUTED}
    while new:
        reached |= new
        new = {after for phase in new for after in TRANSITIONS.get(phase, {}).values()} - reached
    assert reached == set(Phase)


def into(play: Play, phase: Phase) -> None:
    """Bring call c1 into a phase."""
    if phase is Phase.DIALLING:
        play.routed("c1", TUNIS)
        play.began("c1", "site", "tunis")
    elif phase is Phase.PLAYING:
        play.began("c1", "play", "closed", step=3)
    else:
        play.tries("c1", "busy", 17)


@pytest.mark.parametrize(("phase", "fact"), sorted(IMPOSSIBLE))
def test_impossible_facts(play: Play, phase: Phase, fact: Fact) -> None:
    """A fact that can't be is refused, counted, and what it touches read again; the picture stays."""
    into(play, phase)
    before, waiting = play.places, list(play.state.waiting())
    effects = {
        Fact.JOINED: lambda: play.joined("c1"),
        Fact.CONNECTED: lambda: play.connected("c1"),
        Fact.QUEUE_BEGAN: lambda: play.began("c1", "queue", "paris", step=4),
        Fact.SITE_BEGAN: lambda: play.began("c1", "site", "tunis", step=4),
    }[fact]()
    reason = f"{fact} while {phase}"
    assert effects == [
        FactRefused(pabx="pabx1", reason=reason),
        Relist(pabx="pabx1", listing=Listing.CALLS, reason=reason),
        Relist(pabx="pabx1", listing=Listing.QUEUES, reason=reason),
    ]
    assert (play.places, list(play.state.waiting())) == (before, waiting)


def test_a_storm_of_impossible_facts(play: Play) -> None:
    """However many facts are refused, a listing is asked for once a second at the most."""
    into(play, Phase.PLAYING)
    effects = [effect for _ in range(100) for effect in play.joined("c1")]
    assert len([effect for effect in effects if isinstance(effect, FactRefused)]) == 100
    assert len([effect for effect in effects if isinstance(effect, Relist)]) == 2


def test_steps_go_up(play: Play) -> None:
    """Within a decision a step that is past can't begin or end again; a repeated one changes nothing."""
    play.routed("c1", TUNIS)
    play.began("c1", "site", "tunis")
    assert play.began("c1", "site", "tunis") == []
    play.ended("c1", "site", "tunis", "busy", cause=17)
    play.began("c1", "queue", "paris", step=2)
    play.joined("c1")
    for effects in (
        play.began("c1", "site", "backup", step=1),
        play.began("c1", "site", "backup", step=2),
        play.ended("c1", "site", "tunis", "busy", cause=17, step=1),
        play.ended("c1", "site", "tunis", "busy", cause=17, step=2),
        play.ended("c1", "queue", "paris", "timeout", step=2, decision="another"),
    ):
        assert isinstance(effects[0], FactRefused)
    assert play.places == {"c1": "waiting paris"}
    assert play.site("tunis").calls == 0


def test_site_step_that_is_told_twice(play: Play) -> None:
    """The end of a site step is reported and learnt from once."""
    play.tries("c1", "busy", 17)
    (refused,) = play.ended("c1", "site", "tunis", "busy", cause=17)
    assert isinstance(refused, FactRefused)


def test_begin_that_is_told_again_after_the_end(play: Play) -> None:
    """A begin that is repeated after its end begins nothing; only on a fallback plan it is a step of a new one."""
    play.tries("c1", "busy", 17)
    assert play.began("c1", "site", "tunis") == []
    assert play.places == {"c1": "between tunis"}
    play.began("f1", "site", "tunis", decision="")
    play.ended("f1", "site", "tunis", "busy", cause=17, decision="")
    play.began("f1", "site", "tunis", decision="")
    assert play.places == {"c1": "between tunis", "f1": "dialling tunis"}


def test_queue_of_no_site_that_is_known(play: Play) -> None:
    """A call in a queue that belongs to no site counts in the queue alone, until its step tells the site."""
    play.began("c1", "site", "tunis")
    play.ended("c1", "site", "tunis", "busy", cause=17)
    play.joined("c1", queue="unheard")
    assert play.places == {"c1": "waiting"}
    assert set(play.state.snapshot(play.at).sites) == {"paris", "lyon", "tunis", "backup"}
    play.began("c1", "queue", "nice", step=2)
    assert (play.places, play.site("nice").calls) == ({"c1": "waiting nice"}, 1)


def test_missed_answer_of_a_site(play: Play) -> None:
    """A step that ended as answered was answered, also where the answer itself was not seen."""
    play.routed("c1", TUNIS)
    play.began("c1", "site", "tunis")
    play.at += 30
    play.ended("c1", "site", "tunis", "answered", cause=16)
    report = finished(play.hung_up("c1"))
    assert (report.outcome, report.waited_s, report.talked_s) == (Outcome.ANSWERED, 30.0, 0.0)


def test_missed_begin(play: Play) -> None:
    """A step whose begin was not seen is known by its end."""
    play.routed("c1", TUNIS)
    play.ended("c1", "site", "tunis", "busy", cause=17)
    play.ended("c1", "site", "backup", "busy", cause=17, step=2)
    assert play.places == {"c1": "between backup"}


def test_missed_answer(play: Play) -> None:
    """A talk whose begin was not seen is known by its end."""
    play.waits("c1")
    play.at += 70
    play.talk_ended("c1", 60)
    assert play.places == {"c1": "between paris"}
    (call,) = play.state._picture.calls.records.values()
    assert (call.answered_at, call.talked_s) == (play.at - 60, 60)


def test_unknown_kind_of_step(play: Play) -> None:
    """A step of a kind that no plan has is refused."""
    refused = [FactRefused(pabx="pabx1", reason="a step of an unknown kind")]
    assert play.began("c1", "teleport", "mars") == refused
    assert play.ended("c1", "teleport", "mars", "done") == refused
    assert play.tell(play.call_row("c1", "teleport", "mars")) == refused
    assert play.places == {}


def test_mid_stream(play: Play) -> None:
    """Calls that were never seen before are taken up wherever they are."""
    play.left("left")
    play.joined("joined")
    play.connected("connected", hold_s=7)
    play.talk_ended("talked", 30)
    play.ended("ended", "site", "tunis", "busy", cause=17, step=2)
    play.began("began", "site", "tunis", step=3)
    assert play.places == {"ended": "between tunis", "began": "dialling tunis"}
    assert play.state.snapshot(play.at).arrivals == {}
    assert [wait.wait_s for wait in play.queue().recent] == [7.0]


def test_join_of_another_queue_than_the_decision_says(play: Play) -> None:
    """The PABX decides where a caller is: a call that joined elsewhere counts there."""
    play.routed("c1", PARIS)
    play.began("c1", "queue", "paris")
    play.joined("c1", queue="orders")
    assert (play.queue("support").waiting, play.queue("orders").waiting) == (0, 1)
    assert play.places == {"c1": "waiting lyon"}
    play.joined("c1", queue="support")
    assert (play.queue("support").waiting, play.queue("orders").waiting) == (1, 0)


def test_join_without_a_begin(play: Play) -> None:
    """A call whose queue step was not seen to begin is in its queue when it joins."""
    play.routed("c1", LYON)
    play.joined("c1", queue="orders")
    assert play.places == {"c1": "waiting lyon"}
    assert play.began("c1", "queue", "lyon") == []
    assert play.places == {"c1": "waiting lyon"}
