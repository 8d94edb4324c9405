"""Calls from their decision to their end: these events in, these facts and effects out."""

import pytest

from ccrouter.live.effects import FactRefused, Outcome, Relist
from ccrouter.live.events import Listing
from ccrouter.routing.plan import VoicemailStep
from ccrouter.routing.snapshot import Ended
from support.live_play import BACKUP, LYON, NUMBER, PARIS, TUNIS, Play, finished, tried


@pytest.fixture
def play() -> Play:
    """Return a PABX in sync, with nobody there."""
    return Play()


def test_answered_in_queue(play: Play) -> None:
    """A call counts in its queue from the decision on, at its site until the end, and ends as answered."""
    play.position()
    play.routed("c1")
    assert (play.queue().waiting, play.site("paris").calls) == (1, 1)
    play.began("c1")
    play.joined("c1")
    assert (play.queue().waiting, play.queue().oldest_joined_at, play.order) == (1, play.at, ["c1"])
    play.at += 12
    play.left("c1")
    play.connected("c1", hold_s=12)
    assert (play.queue().waiting, play.site("paris").calls, play.queue().busy) == (0, 1, 1)
    assert (Ended(play.at, 12.0, answered=True),) == play.queue().recent
    play.at += 60
    play.talk_ended("c1", 60)
    assert (play.site("paris").calls, play.queue().ready) == (0, 1)
    play.ended("c1", "queue", "paris", "answered")
    report = finished(play.call_ended("c1", "queue", "paris"))
    assert (report.outcome, report.target, report.waited_s, report.talked_s) == (Outcome.ANSWERED, "paris", 12.0, 60.0)
    assert (report.number, report.service, report.rule, report.decision) == (NUMBER, "sav", "rule", "d-c1")
    assert play.hung_up("c1") == []
    assert play.places == {}


def test_abandoned_while_waiting(play: Play) -> None:
    """Who hangs up before anybody answered gave up, and the wait counts in the service level."""
    play.waits("c1")
    play.at += 30
    play.left("c1")
    assert play.queue().recent == ()
    report = finished(play.hung_up("c1"))
    assert (report.outcome, report.target, report.waited_s, report.talked_s) == (Outcome.ABANDONED, "paris", 30.0, None)
    assert (Ended(play.at, 30.0, answered=False),) == play.queue().recent


def test_abandoned_in_each_phase(play: Play) -> None:
    """A caller who hangs up leaves nothing behind, wherever they were."""
    play.routed("routed")
    play.routed("entering")
    play.began("entering")
    play.waits("waiting")
    play.waits("leaving")
    play.left("leaving")
    play.routed("dialling", TUNIS)
    play.began("dialling", "site", "tunis")
    play.routed("between", TUNIS)
    play.began("between", "site", "tunis")
    play.ended("between", "site", "tunis", "busy", cause=17)
    play.waits("withdrawing")
    play.withdraw("withdrawing")
    assert play.places == {
        "routed": "routed paris",
        "entering": "entering paris",
        "waiting": "waiting paris",
        "leaving": "leaving paris",
        "dialling": "dialling tunis",
        "between": "between tunis",
        "withdrawing": "waiting paris",
    }
    assert (play.queue().waiting, play.site("paris").calls, play.site("tunis").calls) == (3, 4, 2)
    for who in list(play.places):
        assert finished(play.hung_up(who)).outcome is Outcome.ABANDONED
    assert (play.queue().waiting, play.site("paris").calls, play.site("tunis").calls) == (0, 0, 0)
    assert len(play.queue().recent) == 3


def test_time_out_then_site(play: Play) -> None:
    """A wait that timed out is neither answered nor given up, and the call goes on to the next step."""
    play.waits("c1")
    play.at += 90
    play.left("c1")
    play.ended("c1", "queue", "paris", "timeout")
    assert (play.queue().recent, play.site("paris").calls) == ((), 0)
    play.began("c1", "site", "tunis", step=2)
    assert (play.site("tunis").calls, play.places) == (1, {"c1": "dialling tunis"})
    play.at += 5
    play.site_answered("c1")
    play.at += 100
    trial = tried(play.ended("c1", "site", "tunis", "answered", cause=16, step=2, elapsed_s=105))
    assert (trial.site, trial.result, trial.cause, trial.elapsed_s) == ("tunis", "answered", 16, 105)
    report = finished(play.hung_up("c1"))
    assert (report.outcome, report.target, report.waited_s, report.talked_s) == (Outcome.ANSWERED, "tunis", 95.0, 100.0)


def test_withdrawn_to_site(play: Play) -> None:
    """A withdrawn caller counts at the site from the order on, and nowhere twice."""
    play.waits("c1")
    play.waits("c2", 2)
    assert play.withdraw("c1") == []
    assert (play.queue().waiting, play.site("paris").calls, play.site("tunis").calls) == (1, 1, 1)
    assert [caller.withdrawing for caller in play.state.waiting()] == [True, False]
    assert play.queue().oldest_joined_at == play.at
    play.left("c1")
    play.ended("c1", "queue", "paris", "withdraw")
    assert (play.site("tunis").calls, play.order) == (1, ["c2"])
    play.began("c1", "site", "tunis", decision="w-c1")
    assert (play.site("tunis").calls, play.places["c1"]) == (1, "dialling tunis")
    assert finished(play.hung_up("c1")).decision == "w-c1"


def test_withdrawn_caller_joins_before_the_step_is_told(play: Play) -> None:
    """A caller who is seen in the other queue is no longer on the way there, whoever told it first."""
    play.waits("c1")
    play.withdraw("c1", LYON)
    play.left("c1")
    play.joined("c1", queue="orders")
    (caller,) = play.state.waiting()
    assert (caller.queue, caller.withdrawing, play.queue("orders").waiting) == ("orders", False, 1)


def test_withdraw_refused_because_an_agent_answered(play: Play) -> None:
    """Who is answered in the last moment keeps the position; the line at the site is free again."""
    play.waits("c1")
    play.withdraw("c1")
    play.left("c1")
    play.connected("c1")
    assert (play.site("tunis").calls, play.site("paris").calls) == (0, 1)
    assert play.withdraw_refused("c1") == []
    assert play.places == {"c1": "talking paris"}


def test_withdraw_refused_while_waiting(play: Play) -> None:
    """A refusal puts the caller back into the count of the queue; one of another decision does nothing."""
    play.waits("c1")
    play.withdraw("c1")
    play.withdraw_refused("c2")
    assert (play.queue().waiting, play.site("tunis").calls) == (0, 1)
    play.withdraw_refused("c1")
    assert (play.queue().waiting, play.site("tunis").calls) == (1, 0)
    assert [caller.withdrawing for caller in play.state.waiting()] == [False]


def test_withdraw_that_never_happens(play: Play) -> None:
    """A withdrawal that the PABX does not carry out in time is forgotten, and may be asked for again."""
    play.waits("c1")
    play.withdraw("c1", within=15)
    play.tick(14)
    assert play.site("tunis").calls == 1
    play.tick(1)
    assert (play.queue().waiting, play.site("tunis").calls) == (1, 0)
    assert play.withdraw("c1") == []


def test_withdraw_of_somebody_who_does_not_wait(play: Play) -> None:
    """Nobody is reserved a line who can't be withdrawn, or who has been already."""
    refused = [FactRefused(pabx="pabx1", reason="withdrawal of a caller who can't be withdrawn")]
    assert play.withdraw("nobody") == refused
    play.routed("c1")
    assert play.withdraw("c1") == refused
    play.began("c1")
    play.joined("c1")
    play.withdraw("c1")
    assert play.withdraw("c1", BACKUP) == refused
    assert (play.site("tunis").calls, play.state.snapshot(play.at).sites["backup"].calls) == (1, 0)


def test_withdrawn_into_another_queue(play: Play) -> None:
    """A caller on the way from one queue to another counts in the other, and keeps the wait behind them."""
    play.waits("c1")
    play.at += 40
    play.withdraw("c1", LYON)
    assert (play.queue("support").waiting, play.queue("orders").waiting) == (0, 1)
    play.left("c1")
    play.ended("c1", "queue", "paris", "withdraw")
    play.began("c1", "queue", "lyon", decision="w-c1")
    assert play.queue("orders").waiting == 1
    play.joined("c1", queue="orders")
    (caller,) = play.state.waiting()
    assert not caller.withdrawing
    assert (caller.queue, caller.waited_before_s, caller.joined_at) == ("orders", 40.0, play.at)
    assert (play.queue("orders").waiting, play.site("paris").calls, play.site("lyon").calls) == (1, 0, 1)


@pytest.mark.parametrize(
    ("result", "cause"),
    [("busy", 17), ("congestion", 34), ("chanunavail", 3), ("noanswer", 0), ("noanswer", 19), ("full", 0)],
)
def test_site_refuses_and_the_plan_goes_on(play: Play, result: str, cause: int) -> None:
    """A site that does not take the call is reported, frees its line, and the next step begins."""
    trial = tried(play.tries("c1", result, cause))
    assert (trial.site, trial.result, trial.cause) == ("tunis", result, cause)
    assert play.site("tunis").calls == 0
    play.began("c1", "site", "backup", step=2)
    assert play.site("backup").calls == 1
    play.ended("c1", "site", "backup", "busy", cause=17, step=2)
    play.began("c1", "play", "closed", step=3)
    assert play.places == {"c1": "playing closed"}
    report = finished(play.call_ended("c1", "play", "closed"))
    assert (report.outcome, report.target, report.talked_s) == (Outcome.MESSAGE, "closed", None)


def test_site_dies_in_the_talk(play: Play) -> None:
    """Who loses the site in the middle of the talk is routed on; the call was answered, and all talks count."""
    play.routed("c1", TUNIS)
    play.began("c1", "site", "tunis")
    play.at += 5
    play.site_answered("c1")
    play.at += 50
    play.ended("c1", "site", "tunis", "died", cause=44)
    assert play.site("tunis").calls == 0
    play.began("c1", "queue", "paris", step=2)
    play.joined("c1")
    play.at += 10
    play.left("c1")
    play.connected("c1")
    play.at += 20
    report = finished(play.hung_up("c1"))
    assert (report.outcome, report.target, report.waited_s, report.talked_s) == (Outcome.ANSWERED, "paris", 5.0, 70.0)


def test_message_only(play: Play) -> None:
    """A call that goes straight to a message takes no line and ends as such."""
    play.routed("c1", VoicemailStep("night", "100@default"))
    play.began("c1", "voicemail", "night")
    assert [site.calls for site in play.state.snapshot(play.at).sites.values()] == [0, 0, 0, 0]
    play.ended("c1", "voicemail", "night", "done")
    assert finished(play.hung_up("c1")).outcome is Outcome.MESSAGE


def test_fallback_plan(play: Play) -> None:
    """A call that the PABX carried on a plan of its own counts like any other."""
    play.began("c1", "site", "tunis", decision="")
    assert (play.site("tunis").calls, play.state.snapshot(play.at).arrivals) == (1, {"sav": (play.at,)})
    play.ended("c1", "site", "tunis", "busy", cause=17, decision="")
    play.began("c1", "queue", "paris", step=2, decision="")
    play.joined("c1")
    (caller,) = play.state.waiting()
    assert (caller.routed, caller.number, caller.decision) == (True, NUMBER, "")


def test_fallback_plan_in_place_of_the_one_decided(play: Play) -> None:
    """Where the PABX could not use the plan, the call counts where it really went, and the reservation ends."""
    play.routed("c1", PARIS)
    play.began("c1", "queue", "lyon", decision="")
    assert (play.queue("support").waiting, play.queue("orders").waiting) == (0, 1)
    assert (play.site("paris").calls, play.site("lyon").calls) == (0, 1)


def test_second_fallback_plan_on_one_channel(play: Play) -> None:
    """A call that is transferred back to the entry begins at step 1 again, and is not taken for a repeated event."""
    play.began("c1", "site", "tunis", decision="")
    play.ended("c1", "site", "tunis", "busy", cause=17, decision="")
    play.began("c1", "site", "backup", step=2, decision="")
    play.site_answered("c1")
    effects = play.began("c1", "site", "tunis", step=1, decision="")
    assert not any(isinstance(effect, FactRefused | Relist) for effect in effects)
    assert play.places == {"c1": "dialling tunis"}


def test_routed_again(play: Play) -> None:
    """A call whose channel asks the router again stands at its new first step and nowhere else."""
    play.talks("c1")
    play.routed("c1", TUNIS, decision="d2")
    assert (play.site("paris").calls, play.site("tunis").calls, play.places) == (0, 1, {"c1": "routed tunis"})
    assert play.state.snapshot(play.at).arrivals["sav"] == (play.at,)


def test_transferred_back_to_a_queue(play: Play) -> None:
    """A position may send its caller to a queue again: the call waits there."""
    play.talks("c1")
    assert play.joined("c1", queue="orders") == []
    assert play.places == {"c1": "waiting lyon"}
    assert (play.site("paris").calls, play.site("lyon").calls) == (0, 1)


def test_guest_in_a_queue(play: Play) -> None:
    """Who dialled a queue by another way waits there like anybody, and is not offered for overflow."""
    play.joined("guest")
    (caller,) = play.state.waiting()
    assert (caller.routed, caller.number, caller.service, play.queue().waiting) == (False, "", "", 1)
    play.at += 8
    play.left("guest")
    play.connected("guest")
    assert (Ended(play.at, 8.0, answered=True),) == play.queue().recent
    assert play.hung_up("guest") == []


def test_guest_gives_up(play: Play) -> None:
    """A guest who hangs up in the queue gave up; one who went on elsewhere did not."""
    play.joined("g1")
    play.joined("g2", 2)
    play.at += 20
    play.left("g1")
    play.hung_up("g1")
    play.left("g2")
    play.at += 2
    play.hung_up("g2")
    assert [(wait.wait_s, wait.answered) for wait in play.queue().recent] == [(20.0, False)]


def test_reservation_expires(play: Play) -> None:
    """A decision that the PABX never shows counts until its time, and then the calls are read again."""
    play.routed("c1", TUNIS, within=5)
    play.tick(4.9)
    assert play.site("tunis").calls == 1
    effects = play.tick(0.1)
    assert effects == [Relist(pabx="pabx1", listing=Listing.CALLS, reason="a routed call was never seen")]
    assert (play.site("tunis").calls, play.places) == (0, {"c1": "lapsed tunis"})
    play.listing(Listing.CALLS)
    assert finished(play.tick(1)).outcome is Outcome.UNKNOWN
    assert play.places == {}


def test_nothing_stays_that_waits_for_time(play: Play) -> None:
    """What was confirmed, expired or ended is looked at by no tick any more."""
    play.routed("c1")
    play.began("c1")
    play.joined("c1")
    play.waits("c2")
    play.withdraw("c2")
    play.withdraw_refused("c2")
    play.routed("c3", TUNIS)
    play.hung_up("c3")
    assert play.state._picture.calls.timed == set()


def test_late_step_after_the_reservation(play: Play) -> None:
    """A call whose announcement outlasted its reservation counts again as soon as its first step begins."""
    play.routed("c1", PARIS, within=5)
    play.tick(6)
    play.began("c1")
    assert (play.queue().waiting, play.site("paris").calls) == (1, 1)


def test_reservation_expires_without_a_link() -> None:
    """Calls that are routed while nobody could tell of their end are not kept."""
    play = Play(synced=False)
    for n in range(50):
        play.routed(f"c{n}", TUNIS, within=5)
    effects = play.tick(5)
    assert [finished([effect]).outcome for effect in effects] == [Outcome.UNKNOWN] * 50
    assert play.places == {}


def test_queue_step_that_nobody_sees_in_the_queue(play: Play) -> None:
    """A caller whose queue step began counts as waiting for a moment only, where no join is told."""
    play.began("c1")
    assert play.queue().waiting == 1
    play.tick(5)
    assert (play.queue().waiting, play.site("paris").calls) == (0, 1)


def test_join_empty(play: Play) -> None:
    """A queue that takes nobody in tells it by the end of the step alone."""
    play.routed("c1")
    play.began("c1")
    play.ended("c1", "queue", "paris", "joinempty")
    assert (play.queue().waiting, play.site("paris").calls, play.queue().recent) == (0, 0, ())


def test_windows_roll(play: Play) -> None:
    """Arrivals and ended waits are those of the last hour."""
    for n in range(3):
        play.waits(f"c{n}")
        play.hung_up(f"c{n}")
        play.tick(1000)
    assert [len(play.queue().recent), len(play.state.snapshot(play.at).arrivals["sav"])] == [3, 3]
    play.tick(1000)
    assert [len(play.queue().recent), len(play.state.snapshot(play.at).arrivals["sav"])] == [2, 2]
    play.tick(2000)
    assert (play.queue().recent, play.state.snapshot(play.at).arrivals) == ((), {})


def test_order_of_a_queue(play: Play) -> None:
    """Callers stand where the PABX puts them: priority goes first, and everybody moves up."""
    play.waits("c1", 1)
    play.waits("c2", 2)
    play.waits("vip", 1)
    assert play.order == ["vip", "c1", "c2"]
    assert [caller.position for caller in play.state.waiting()] == [1, 2, 3]
    play.left("c1")
    assert play.order == ["vip", "c2"]
    assert [caller.position for caller in play.state.waiting()] == [1, 2]


def test_duplicate_join(play: Play) -> None:
    """A join of somebody who is known to wait there changes nothing."""
    play.waits("c1", 1)
    play.waits("c2", 2)
    before, places = list(play.state.waiting()), play.places
    play.at += 5
    assert play.joined("c2", 1) == []
    assert (list(play.state.waiting()), play.places) == (before, places)


def test_late_leave(play: Play) -> None:
    """A leave of somebody who is not there, or is in another queue by now, changes nothing."""
    assert play.left("nobody") == []
    play.waits("c1")
    play.left("c1", queue="orders")
    assert play.order == ["c1"]
    play.left("c1")
    play.left("c1")
    assert play.places == {"c1": "leaving paris"}


def test_end_that_is_told_twice(play: Play) -> None:
    """A call ends once, whoever tells it how often."""
    play.waits("c1")
    play.call_ended("c1", "queue", "paris")
    assert play.call_ended("c1", "queue", "paris") == []
    assert play.hung_up("c1") == []


def test_end_of_a_call_that_was_never_seen(play: Play) -> None:
    """A call that the PABX carried unseen is reported when the dialplan tells its end."""
    report = finished(play.call_ended("c1", "play", "closed"))
    assert (report.outcome, report.target) == (Outcome.MESSAGE, "closed")
    assert finished(play.call_ended("c2", "site", "tunis")).outcome is Outcome.UNKNOWN
    assert play.hung_up("c1") == []


def test_agent_channels_are_no_calls(play: Play) -> None:
    """Channels that were never routed end without a trace."""
    assert play.hung_up("agent-leg") == []
    assert play.site_answered("agent-leg") == []
    assert play.places == {}
