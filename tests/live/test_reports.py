"""What is reported of calls: offered, answered, at a site, and how each ended; once each."""

from collections.abc import Iterable

import pytest

from ccrouter.live.effects import (
    CallAnswered,
    CallFinished,
    CallOffered,
    Effect,
    Outcome,
    SiteReleased,
    WaitEnded,
)
from ccrouter.live.events import CallEnded, Listing
from ccrouter.routing.plan import VoicemailStep
from support.live_play import BACKUP, LYON, NUMBER, TUNIS, Play, finished


@pytest.fixture
def play() -> Play:
    """Return a PABX in sync, with nobody there."""
    return Play()


def reports(effects: Iterable[Effect]) -> list[str]:
    """Return the names of the reports of calls."""
    told = (CallOffered, CallAnswered, CallFinished, SiteReleased, WaitEnded)
    return [type(effect).__name__ for effect in effects if isinstance(effect, told)]


def one(effects: Iterable[Effect], kind: type[Effect]) -> Effect:
    """Return the one report of a kind."""
    [found] = [effect for effect in effects if isinstance(effect, kind)]
    return found


# --- offered ----------------------------------------------------------------------------------------------------------


def test_offered_once_whatever_comes_after(play: Play) -> None:
    """A call is offered by its decision, not by its steps, and not by being asked for again."""
    offered = one(play.routed("c1"), CallOffered)
    assert offered == CallOffered(
        pabx="pabx1", uniqueid="c1", number=NUMBER, service="sav", caller=None, entry="routed", at=play.at
    )
    effects = play.began("c1")
    effects += play.joined("c1")
    effects += play.routed("c1", TUNIS, decision="d2")
    effects += play.began("c1", "site", "tunis", decision="d2")
    effects += play.listing(Listing.CALLS, play.call_row("c1", "site", "tunis", decision="d2"))
    assert not any(isinstance(effect, CallOffered) for effect in effects)


@pytest.mark.parametrize(("decision", "entry"), [("", ""), ("d-other", "routed")])
def test_offered_without_this_router(play: Play, decision: str, entry: str) -> None:
    """A call that goes by the PABX's own plan, or by another router's, is offered by its first step."""
    offered = one(play.began("c1", decision=decision), CallOffered)
    assert (offered.entry, offered.listed) == (entry, False)  # type: ignore[union-attr] # a CallOffered
    assert not reports(play.ended("c1", "queue", "paris", "timeout", decision=decision))


def test_offered_where_only_its_end_was_seen(play: Play) -> None:
    """Offered and ended in one moment; and once only, told twice."""
    assert reports(play.call_ended("c1", "site", "tunis", by="plan")) == ["CallOffered", "CallFinished"]
    assert reports(play.call_ended("c1", "site", "tunis", by="plan")) == []


@pytest.mark.parametrize(
    ("kind", "by", "outcome"),
    [
        ("", "caller", Outcome.ABANDONED),
        ("", "other", Outcome.UNKNOWN),
        ("queue", "caller", Outcome.UNKNOWN),
        ("site", "plan", Outcome.UNKNOWN),
        ("play", "caller", Outcome.MESSAGE),
    ],
)
def test_what_only_the_end_tells(play: Play, kind: str, by: str, outcome: Outcome) -> None:
    """A caller who was gone before the first step was not answered; of later steps nobody knows."""
    assert finished(play.call_ended("c1", kind, "somewhere" if kind else "", by)).outcome is outcome


def test_calls_under_way_at_a_start_are_offered_then() -> None:
    """A router that starts in the midst counts each call once, and says that it came late; nobody is inflated."""
    play = Play(synced=False)
    play.link_up()
    rows = play.call_row("c1", "queue", "paris"), play.call_row("c2", "site", "tunis", bridged=True, ago=60)
    effects = play.listing(Listing.CALLS, *rows)
    offered = [effect for effect in effects if isinstance(effect, CallOffered)]
    assert [(each.uniqueid, each.listed) for each in offered] == [("c1", True), ("c2", True)]
    answered = one(effects, CallAnswered)
    assert answered == CallAnswered(
        pabx="pabx1",
        uniqueid="c2",
        number=NUMBER,
        service="sav",
        rule="rule",
        decision="d-c2",
        caller=None,
        target="tunis",
        queue="",
        interface="",
        waited_s=None,
        at=play.at,
    )
    assert reports(play.listing(Listing.CALLS, *rows)) == []


def test_a_channel_whose_router_is_asked_is_offered_with_its_service(play: Play) -> None:
    """A listing may show a channel before there is a plan: it is not offered to a service without a name."""
    assert reports(play.listing(Listing.CALLS, play.call_row("c1", "", "", decision=""))) == []
    assert one(play.routed("c1"), CallOffered).listed is False  # type: ignore[union-attr] # a CallOffered
    assert finished(play.call_ended("c1", "", "", by="other")).outcome is Outcome.LOST
    play.listing(Listing.CALLS, play.call_row("c2", "", "", decision=""))
    assert reports(play.hung_up("c2")) == ["CallOffered", "CallFinished"]


def test_a_call_given_up_in_an_outage_that_shows_up_again(play: Play) -> None:
    """Reported as unknown while nobody could see it, it is counted no more; its end is told again, for the journal."""
    play.link_lost()
    play.routed("c1", TUNIS, within=5)
    play.routed("c2", TUNIS, within=5)
    effects = play.tick(5)
    assert [finished([effect]).again for effect in effects if isinstance(effect, CallFinished)] == [False, False]
    play.link_up()
    assert reports(play.listing(Listing.CALLS, play.call_row("c1", "site", "tunis"))) == []
    assert reports(play.site_answered("c1")) == []
    report = finished(play.hung_up("c1"))
    assert (report.again, report.outcome) == (True, Outcome.ANSWERED)
    assert play.state._picture.calls.unseen == {}


def test_an_end_that_comes_after_a_call_was_given_up(play: Play) -> None:
    """The same where its end is all that is ever heard of it."""
    play.link_lost()
    play.routed("c1", TUNIS, within=5)
    play.tick(5)
    play.link_up()
    effects = play.call_ended("c1", "site", "tunis")
    assert (reports(effects), finished(effects).again) == (["CallFinished"], True)


def test_a_caller_who_hung_up_while_the_router_was_asked(play: Play) -> None:
    """A decision that comes after the end of its call changes nothing."""
    play.call_ended("c1", "", "", by="caller")
    assert play.routed("c1") == []
    assert play.places == {}


# --- answered ---------------------------------------------------------------------------------------------------------


def test_answered_by_a_position(play: Play) -> None:
    """The first answer is told with its position, its queue and the wait since the call was offered."""
    play.position()
    play.waits("c1")
    play.at += 12
    play.left("c1")
    effects = play.connected("c1", hold_s=12)
    assert reports(effects) == ["CallAnswered", "WaitEnded"]
    answered = one(effects, CallAnswered)
    assert (answered.target, answered.queue, answered.interface) == ("paris", "support", "PJSIP/agent1")  # type: ignore[union-attr] # a CallAnswered
    assert answered.waited_s == 12  # type: ignore[union-attr] # the same
    play.talk_ended("c1", 5)
    play.ended("c1", "queue", "paris", "answered")
    report = finished(play.call_ended("c1", "queue", "paris", by="plan"))
    assert (report.interface, report.offered_at) == ("PJSIP/agent1", play.at - 12)


def test_answered_by_a_site(play: Play) -> None:
    """An external site has neither queue nor interface; its line is released with the length of the talk."""
    play.routed("c1", TUNIS)
    play.began("c1", "site", "tunis")
    play.at += 4
    answered = one(play.site_answered("c1"), CallAnswered)
    assert (answered.target, answered.queue, answered.waited_s) == ("tunis", "", 4)  # type: ignore[union-attr] # a CallAnswered
    play.at += 61.5
    effects = play.call_ended("c1", "site", "tunis", by="caller")
    assert reports(effects) == ["SiteReleased", "CallFinished"]
    assert one(effects, SiteReleased) == SiteReleased(
        pabx="pabx1", uniqueid="c1", service="sav", site="tunis", answered=True, talked_s=61.5, at=play.at
    )


def test_answered_twice_is_one_answer(play: Play) -> None:
    """A site that dies in the talk, and the next one: one answer, two lines, the position of neither."""
    play.routed("c1", TUNIS)
    play.began("c1", "site", "tunis")
    play.site_answered("c1")
    play.at += 10
    effects = play.ended("c1", "site", "tunis", "died", cause=41)
    effects += play.began("c1", "site", "backup", step=2)
    play.at += 2
    effects += play.site_answered("c1")
    play.at += 20
    effects += play.ended("c1", "site", "backup", "answered", cause=16, step=2)
    effects += play.call_ended("c1", "site", "backup", by="plan")
    assert reports(effects) == ["SiteReleased", "SiteReleased", "CallFinished"]
    lines = [effect for effect in effects if isinstance(effect, SiteReleased)]
    assert [(line.site, line.answered, line.talked_s) for line in lines] == [("tunis", True, 10), ("backup", True, 20)]


def test_an_answer_that_only_the_end_of_the_step_tells(play: Play) -> None:
    """The answer counts, the site was seized, and its talk is not guessed."""
    play.routed("c1", TUNIS)
    effects = play.ended("c1", "site", "tunis", "answered", elapsed_s=30)
    assert reports(effects) == ["CallAnswered", "SiteReleased"]
    line = one(effects, SiteReleased)
    assert (line.answered, line.talked_s) == (True, 0)  # type: ignore[union-attr] # a SiteReleased


def test_a_call_first_seen_when_a_step_failed_is_not_late(play: Play) -> None:
    """Its wait is known from then on; one that is first seen when it was answered has none."""
    play.ended("c1", "site", "tunis", "busy")
    play.began("c1", "site", "backup", step=2)
    play.at += 3
    assert one(play.site_answered("c1"), CallAnswered).waited_s == 3  # type: ignore[union-attr] # a CallAnswered
    assert one(play.ended("c2", "site", "tunis", "answered"), CallAnswered).waited_s is None  # type: ignore[union-attr] # the same


@pytest.mark.parametrize(("result", "lines"), [("busy", 1), ("noanswer", 1), ("full", 0)])
def test_a_site_that_does_not_answer(play: Play, result: str, lines: int) -> None:
    """It was seized, unless our own limit kept the call from it."""
    play.routed("c1", TUNIS)
    effects = play.began("c1", "site", "tunis")
    effects += play.ended("c1", "site", "tunis", result)
    released = [effect for effect in effects if isinstance(effect, SiteReleased)]
    assert [(line.answered, line.talked_s) for line in released] == [(False, 0)] * lines


# --- how it ended -----------------------------------------------------------------------------------------------------

ENDS = {
    "caller": (Outcome.ABANDONED, Outcome.MESSAGE, Outcome.ABANDONED),
    "plan": (Outcome.LOST, Outcome.MESSAGE, Outcome.LOST),
    "other": (Outcome.LOST, Outcome.MESSAGE, Outcome.LOST),
    "": (Outcome.ABANDONED, Outcome.MESSAGE, Outcome.ABANDONED),
}


@pytest.mark.parametrize("by", ENDS)
def test_lost_is_only_what_its_caller_did_not_end(play: Play, by: str) -> None:
    """Waiting; hearing a message; after a message that is missing, whose tone no plan follows."""
    play.waits("waiting")
    play.routed("hears", VoicemailStep("night", "1@default"))
    play.began("hears", "voicemail", "night")
    play.routed("tone", VoicemailStep("night", "1@default"))
    play.began("tone", "voicemail", "night")
    play.ended("tone", "voicemail", "night", "failed")
    found = (
        finished(play.call_ended("waiting", "queue", "paris", by)).outcome,
        finished(play.call_ended("hears", "voicemail", "night", by)).outcome,
        finished(play.call_ended("tone", "voicemail", "night", by)).outcome,
    )
    assert found == ENDS[by]


def test_a_talk_is_never_lost(play: Play) -> None:
    """Whoever ends an answered call, it was answered."""
    play.talks("c1")
    assert finished(play.call_ended("c1", "queue", "paris", by="other")).outcome is Outcome.ANSWERED


def test_what_was_not_watched_is_not_called_lost() -> None:
    """A call of before the link, or of an outage, may have been answered unseen: nobody knows how it ended."""
    play = Play()
    play.waits("c1")
    play.at += 1
    play.link_lost()
    play.link_up()
    assert finished(play.call_ended("c1", "queue", "paris", by="plan")).outcome is Outcome.UNKNOWN
    play.listing(Listing.CALLS, play.call_row("c2", "queue", "paris"))
    assert finished(play.call_ended("c2", "queue", "paris", by="other")).outcome is Outcome.UNKNOWN


def test_lost_without_a_step(play: Play) -> None:
    """A call whose plan never began, and that its caller did not end, is lost as well."""
    play.routed("c1")
    play.at += 1
    assert finished(play.call_ended("c1", "", "", by="other")).outcome is Outcome.LOST


# --- waits and their forecast -----------------------------------------------------------------------------------------


def test_a_wait_ends_with_what_was_forecast_when_it_began(play: Play) -> None:
    """A ready position promises no wait; where nothing can be forecast, nothing is."""
    play.position()
    play.waits("c1")
    play.at += 3
    play.left("c1")
    ended = one(play.connected("c1"), WaitEnded)
    assert ended == WaitEnded(
        pabx="pabx1", queue="support", uniqueid="c1", answered=True, waited_s=3, forecast_s=0.0, at=play.at
    )
    play.waits("c2")
    play.at += 90
    play.left("c2")
    ended = one(play.ended("c2", "queue", "paris", "timeout"), WaitEnded)
    assert (ended.answered, ended.waited_s, ended.forecast_s) == (None, 90, None)  # type: ignore[union-attr] # a WaitEnded
    play.routed("c3", LYON)
    play.began("c3", "queue", "lyon")
    play.joined("c3", queue="orders")
    ended = one(play.hung_up("c3"), WaitEnded)
    assert (ended.queue, ended.answered) == ("orders", False)  # type: ignore[union-attr] # the same


def test_the_forecast_is_that_of_the_place_in_the_queue(play: Play) -> None:
    """Twenty talks of 100 s by one position: the first in the queue waits 100 s, the third 300 s."""
    play.position()
    for n in range(20):
        play.talks(f"t{n}")
        play.at += 100
        play.talk_ended(f"t{n}", 100)
        play.hung_up(f"t{n}")
        play.tick(10)
    play.talks("busy")
    for place in (1, 2, 3):
        play.waits(f"w{place}", place)
    play.listing(Listing.QUEUES, play.queue_row(), *(play.caller_row(f"w{place}", place) for place in (1, 2, 3)))
    found = [one(play.hung_up(f"w{place}"), WaitEnded).forecast_s for place in (3, 1)]  # type: ignore[union-attr] # WaitEnded
    assert found == [pytest.approx(300.0), pytest.approx(100.0)]


def test_a_wait_whose_begin_was_not_seen(play: Play) -> None:
    """Its length is what the PABX tells, and there was no forecast."""
    play.began("c1")
    ended = one(play.connected("c1", hold_s=7), WaitEnded)
    assert (ended.answered, ended.waited_s, ended.forecast_s) == (True, 7, None)  # type: ignore[union-attr] # a WaitEnded


def test_an_end_without_a_way_is_of_its_number() -> None:
    """What the dialplan tells of a call that nobody saw is what is reported."""
    play = Play()
    told = CallEnded(
        pabx="pabx1",
        at=play.at,
        uniqueid="c1",
        number=NUMBER,
        decision="",
        service="sav",
        rule="static",
        kind="play",
        target="closed",
        entry="static",
    )
    effects = play.tell(told)
    offered = one(effects, CallOffered)
    assert (offered.entry, offered.service) == ("", "sav")  # type: ignore[union-attr] # a CallOffered
    assert (finished(effects).outcome, finished(effects).offered_at) == (Outcome.MESSAGE, None)


def test_backup_takes_over_within_one_offer(play: Play) -> None:
    """A call that tries three places is one call offered, one answered, one ended."""
    effects = play.routed("c1", BACKUP)
    effects += play.began("c1", "site", "backup")
    effects += play.ended("c1", "site", "backup", "busy", cause=17)
    effects += play.began("c1", "site", "tunis", step=2)
    effects += play.ended("c1", "site", "tunis", "congestion", cause=34, step=2)
    effects += play.began("c1", "queue", "paris", step=3)
    effects += play.joined("c1")
    effects += play.left("c1")
    effects += play.connected("c1")
    effects += play.call_ended("c1", "queue", "paris", by="caller")
    assert reports(effects) == [
        "CallOffered",
        "SiteReleased",
        "SiteReleased",
        "CallAnswered",
        "WaitEnded",
        "CallFinished",
    ]
