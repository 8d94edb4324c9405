"""How the picture is read anew after a loss, heals where it went wrong, and says how fresh it is."""

import pytest

from ccrouter.live.effects import CallFinished, FactRefused, Outcome, Relist
from ccrouter.live.events import Heard, LinkLost, ListBegan, ListDone, Listing, PabxRestarted, PeerFault, QueueListed
from ccrouter.live.link import AUDIT_S, PATIENCE_S, READING_S
from ccrouter.routing.snapshot import Health, PabxFacts
from support.live_play import TUNIS, Play, finished, tried


@pytest.fixture
def play() -> Play:
    """Return a PABX in sync, with nobody there."""
    return Play()


def fresh(play: Play) -> PabxFacts:
    """Return how fresh the picture is."""
    return play.state.snapshot(play.at).pabxs["pabx1"]


def requests(*listings: Listing, reason: str, queue: str = "") -> list[Relist]:
    """Return requests for listings."""
    return [Relist(pabx="pabx1", listing=listing, reason=reason, queue=queue) for listing in listings]


def test_in_sync_after_all_three_listings() -> None:
    """The picture is whole when the link is up and every listing was read since; not before, not after a loss."""
    play = Play(synced=False)
    play.routed("c1")
    assert fresh(play) == PabxFacts("pabx1", in_sync=False, heard_at=0.0)
    play.link_up()
    for listing in Listing:
        assert not fresh(play).in_sync
        play.listing(listing)
    assert fresh(play) == PabxFacts("pabx1", in_sync=True, heard_at=play.at)
    play.link_lost()
    assert not fresh(play).in_sync
    play.link_up()
    assert not fresh(play).in_sync


def test_listing_of_one_queue_is_no_full_picture() -> None:
    """A listing of one queue says nothing of the others."""
    play = Play(synced=False)
    play.link_up()
    play.listing(Listing.CALLS)
    play.listing(Listing.ENDPOINTS)
    play.listing(Listing.QUEUES, play.queue_row(), queue="support")
    assert not fresh(play).in_sync


def test_signs_of_life(play: Play) -> None:
    """Whatever the PABX tells is a sign of life; what the router did itself, or the loss of the link, is none."""
    heard_at = play.at
    play.at += 5
    play.routed("c1")
    play.withdraw_refused("c1")
    play.tell(LinkLost(pabx="pabx1", at=play.at, reason="closed"))
    assert fresh(play).heard_at == heard_at
    play.tell(Heard(pabx="pabx1", at=play.at))
    assert fresh(play).heard_at == play.at


def test_changes_while_the_link_was_lost(play: Play) -> None:
    """What happened in an outage is found by the listings: who came, who went, who moved on."""
    play.waits("gone", 1)
    play.waits("answered", 2)
    play.waits("stays", 3)
    play.routed("moved", TUNIS)
    play.began("moved", "site", "tunis")
    play.position("agent1")
    play.position("agent2")
    play.endpoint(reachable=True)
    play.at += 10
    play.link_lost()
    assert (play.queue().waiting, play.order) == (3, ["gone", "answered", "stays"])
    play.at += 60
    play.link_up()
    effects = play.listing(
        Listing.QUEUES,
        play.queue_row(),
        play.position_row("agent2"),
        play.caller_row("came", 1, 30),
        play.caller_row("stays", 2, 70),
    )
    assert effects == []
    assert play.order == ["came", "stays"]
    effects = play.listing(
        Listing.CALLS,
        play.call_row("answered", "queue", "paris", bridged=True, ago=75),
        play.call_row("stays", "queue", "paris"),
        play.call_row("moved", "site", "backup"),
        play.call_row("came", "queue", "paris", ago=30),
    )
    report = finished(effects)
    assert (report.uniqueid, report.outcome, report.talked_s) == ("gone", Outcome.UNKNOWN, None)
    assert play.places == {
        "answered": "talking paris",
        "stays": "waiting paris",
        "moved": "dialling backup",
        "came": "waiting paris",
    }
    assert (play.site("paris").calls, play.site("tunis").calls, play.site("backup").calls) == (3, 0, 1)
    play.listing(Listing.ENDPOINTS)
    assert play.site("tunis").health is Health.UNKNOWN
    assert [position.name for _, position in play.state.positions()] == ["agent2"]
    assert [caller.joined_at for caller in play.state.waiting()] == [play.at - 30, play.at - 70]
    assert {caller.number for caller in play.state.waiting()} == {"0800123456"}


def test_asterisk_restart(play: Play) -> None:
    """A restart ends all calls that were known, and none that is routed right after it."""
    play.waits("waiting")
    play.talks("talking")
    play.joined("guest")
    play.link_lost()
    play.routed("new", TUNIS)
    effects = play.tell(PabxRestarted(pabx="pabx1", at=play.at))
    ends = {effect.uniqueid: effect.outcome for effect in effects if isinstance(effect, CallFinished)}
    assert ends == {"waiting": Outcome.UNKNOWN, "talking": Outcome.UNKNOWN}
    assert (play.order, play.places) == ([], {"new": "routed tunis"})


def test_asterisk_restart_told_after_the_link_came_up(play: Play) -> None:
    """What the new Asterisk has told of since the link came up is not dropped with the old."""
    play.waits("old")
    play.link_lost()
    play.link_up()
    play.waits("new")
    play.tell(PabxRestarted(pabx="pabx1", at=play.at))
    assert (play.order, play.places) == (["new"], {"new": "waiting paris"})


def test_listing_equal_to_the_picture(play: Play) -> None:
    """A listing that tells what is known already changes nothing."""
    play.waits("c1", 1)
    play.at += 1.7
    play.waits("c2", 2)
    play.withdraw("c2")
    play.talks("c3")
    play.routed("c4", TUNIS)
    play.began("c4", "site", "tunis")
    play.routed("c5")
    play.at += 3.2
    before = (play.places, list(play.state.waiting()), play.queue(), play.site("tunis"), play.site("paris"))
    play.listing(
        Listing.QUEUES,
        play.queue_row("orders"),
        play.queue_row("support"),
        play.caller_row("c1", 1, 4),
        play.caller_row("c2", 2, 3),
    )
    effects = play.listing(
        Listing.CALLS,
        play.call_row("c1", "queue", "paris", ago=4.9),
        play.call_row("c2", "queue", "paris", ago=3.2),
        play.call_row("c3", "queue", "paris", bridged=True, ago=3.2),
        play.call_row("c4", "site", "tunis", ago=3.2),
        play.call_row("c5", "", "", decision=""),
    )
    assert effects == []
    assert (play.places, list(play.state.waiting()), play.queue(), play.site("tunis"), play.site("paris")) == before


def test_call_known_from_a_listing_alone(play: Play) -> None:
    """A call that was found under way goes on like any other: its steps end, its talk counts from what is known."""
    play.tell(play.call_row("c1", "site", "tunis", ago=8))
    play.tell(play.call_row("c2", "site", "tunis", bridged=True, ago=100))
    assert (play.places, play.site("tunis").calls) == ({"c1": "dialling tunis", "c2": "talking tunis"}, 2)
    assert tried(play.ended("c1", "site", "tunis", "busy", cause=17)).result == "busy"
    assert finished(play.hung_up("c1")).waited_s == 8
    report = finished(play.hung_up("c2"))
    assert (report.outcome, report.waited_s, report.talked_s) == (Outcome.ANSWERED, 0, 100)


def test_call_that_moved_within_its_plan(play: Play) -> None:
    """A call that went on to another step while nobody listened stands there, since that step began."""
    play.waits("c1")
    play.talks("c2")
    play.at += 100
    play.tell(play.call_row("c1", "queue", "lyon"))
    assert (play.queue("orders").waiting, play.queue("support").waiting) == (1, 0)
    play.tell(play.call_row("c2", "site", "tunis", bridged=True, ago=20))
    assert finished(play.hung_up("c2")).talked_s == 100
    play.tell(play.call_row("c3", "site", "tunis", bridged=True, ago=20))
    play.began("c1", "site", "tunis", step=2)
    assert play.places == {"c1": "dialling tunis", "c3": "talking tunis"}


def test_call_listed_on_its_way_into_a_queue(play: Play) -> None:
    """A call that is listed at a queue step, and in no queue, counts as waiting for a moment."""
    play.tell(play.call_row("c1", "queue", "paris"))
    assert play.queue().waiting == 1
    play.tick(5)
    assert (play.queue().waiting, play.site("paris").calls) == (0, 1)


def test_listing_puts_a_queue_in_order(play: Play) -> None:
    """Ranks that changed unseen are those of the listing."""
    for position, who in enumerate("abc", start=1):
        play.joined(who, position)
    rows = [play.caller_row(who, position) for position, who in enumerate("cab", start=1)]
    play.listing(Listing.QUEUES, play.queue_row(), *rows)
    assert play.order == ["c", "a", "b"]


def test_talk_that_ended_unseen(play: Play) -> None:
    """How long a talk was whose end nobody saw is not made up."""
    play.talks("c1")
    play.link_lost()
    play.at += 5000
    play.link_up()
    report = finished(play.listing(Listing.CALLS))
    assert (report.outcome, report.talked_s) == (Outcome.UNKNOWN, 0.0)


def test_events_that_a_listing_overtook(play: Play) -> None:
    """A listing is newer than events of before that arrive after it: they change nothing for good."""
    play.waits("c1")
    play.listing(Listing.QUEUES, play.queue_row())
    play.listing(Listing.CALLS, play.call_row("c1", "site", "tunis", bridged=True))
    assert play.places == {"c1": "talking tunis"}
    play.left("c1")
    play.ended("c1", "queue", "paris", "timeout")
    play.began("c1", "site", "tunis", step=2)
    play.site_answered("c1")
    assert (play.places, play.site("tunis").calls) == ({"c1": "talking tunis"}, 1)
    play.ended("c1", "site", "tunis", "answered", step=2)
    assert play.places == {"c1": "between tunis"}


def test_call_that_no_listing_confirms(play: Play) -> None:
    """A call that nothing touches dies at the next listing; a moment later, for its end may be on its way."""
    play.talks("forgotten")
    play.talks("ending")
    play.at += 100
    assert play.listing(Listing.CALLS) == []
    assert finished(play.hung_up("ending")).outcome is Outcome.ANSWERED
    report = finished(play.tick(1))
    assert (report.uniqueid, report.outcome) == ("forgotten", Outcome.UNKNOWN)
    assert play.site("paris").calls == 0


def test_call_that_is_told_of_after_the_listing(play: Play) -> None:
    """A call that a listing missed and an event shows is alive."""
    play.waits("c1")
    play.listing(Listing.CALLS)
    play.left("c1")
    assert play.tick(2) == []
    assert play.places == {"c1": "leaving paris"}


def test_row_of_a_call_that_has_just_ended(play: Play) -> None:
    """A channel that is still listed while its end was told does not come back to life."""
    play.waits("c1")
    play.call_ended("c1", "queue", "paris")
    play.listing(Listing.CALLS, play.call_row("c1", "queue", "paris"))
    assert play.places == {}
    assert play.hung_up("c1") == []


def test_queue_that_is_gone(play: Play) -> None:
    """A queue that was deleted vanishes with the next listing."""
    play.position()
    play.listing(Listing.QUEUES, play.queue_row("orders"))
    assert list(play.state.snapshot(play.at).queues) == [("pabx1", "orders")]


def test_listing_of_one_queue(play: Play) -> None:
    """A listing of one queue drops nobody from another."""
    play.joined("a", queue="support")
    play.joined("b", queue="orders")
    play.listing(Listing.QUEUES, play.queue_row("support"), queue="support")
    assert play.order == ["b"]


def test_overlapping_listings(play: Play) -> None:
    """Of two listings at once the earlier begin counts: nobody is dropped whom only the first one showed."""
    play.joined("a")
    play.joined("b", 2)
    began = ListBegan(pabx="pabx1", at=play.at, listing=Listing.QUEUES)
    done = ListDone(pabx="pabx1", at=play.at, listing=Listing.QUEUES)
    for event in (began, play.queue_row(), play.caller_row("a", 1), play.caller_row("b", 2), began, done):
        play.tell(event)
    assert play.order == ["a", "b"]
    assert play.tell(done) == [FactRefused(pabx="pabx1", reason="the end of a listing that did not begin")]
    assert play.order == ["a", "b"]


def test_a_refused_event_is_read_again(play: Play) -> None:
    """A forged or broken event makes what it touches be read again; no faster than once a second, whatever comes."""
    fault = PeerFault(pabx="pabx1", at=play.at, event="QueueMemberPause", reason="foreign field", queue="support")
    refused = "an event was refused"
    assert play.tell(fault) == requests(Listing.QUEUES, reason=refused, queue="support")
    assert play.tell(fault) == []
    play.listing(Listing.QUEUES, play.queue_row(), queue="support")
    assert play.tell(fault) == []
    assert play.tick(1) == requests(Listing.QUEUES, reason=refused, queue="support")


@pytest.mark.parametrize(
    ("event", "listings"),
    [
        ("QueueCallerJoin", [Listing.QUEUES]),
        ("AgentConnect", [Listing.QUEUES]),
        ("UserEvent", [Listing.CALLS]),
        ("DialEnd", [Listing.CALLS]),
        ("ContactStatus", [Listing.ENDPOINTS]),
        ("Whatever", [Listing.QUEUES, Listing.CALLS]),
    ],
)
def test_what_a_refused_event_touches(play: Play, event: str, listings: list[Listing]) -> None:
    """Without a queue that is known, the name of the event tells what to read; an unknown name, all but trunks."""
    fault = PeerFault(pabx="pabx1", at=play.at, event=event, reason="forged", queue="no such queue")
    assert play.tell(fault) == requests(*listings, reason="an event was refused")


def test_faults_during_a_listing(play: Play) -> None:
    """What is doubted while a listing is read may be older than its begin: it is read again afterwards."""
    fault = PeerFault(pabx="pabx1", at=play.at, event="Hangup", reason="forged")
    row = play.call_row("c1", "site", "tunis")
    effects = play.listing(Listing.CALLS, fault, row)
    asked = [effect for effect in effects if isinstance(effect, Relist)]
    assert asked == requests(Listing.CALLS, reason="an event was refused")


def test_nothing_is_asked_of_a_lost_link(play: Play) -> None:
    """While the link is down nothing is requested; the resync reads all anyway."""
    play.link_lost()
    assert play.tell(PeerFault(pabx="pabx1", at=play.at, event="Hangup", reason="forged")) == []
    assert play.tick(AUDIT_S) == []


def test_audit(play: Play) -> None:
    """Every listing is read again after a while, so that what went wrong unseen heals."""
    play.tell(QueueListed(pabx="pabx1", at=play.at, queue="forged"))
    assert play.tick(AUDIT_S - 1) == []
    assert play.tick(1) == requests(*Listing, reason="audit")
    assert play.tick(1) == []
    play.listing(Listing.QUEUES, play.queue_row())
    assert list(play.state.snapshot(play.at).queues) == [("pabx1", "support")]


def test_listing_that_never_begins(play: Play) -> None:
    """A request that was lost is made again."""
    play.tick(AUDIT_S)
    assert play.tick(PATIENCE_S - 1) == []
    assert play.tick(1) == requests(*Listing, reason="audit")


def test_resync_that_never_comes() -> None:
    """Once the link is up, listings that nobody reads are asked for."""
    play = Play(synced=False)
    play.link_up()
    assert play.tick(PATIENCE_S) == requests(*Listing, reason="a listing was never complete")


def test_listing_that_is_cut_off(play: Play) -> None:
    """A listing without an end is given up and asked for again; its late end drops nobody."""
    play.joined("a")
    play.tell(ListBegan(pabx="pabx1", at=play.at, listing=Listing.QUEUES))
    assert play.tick(READING_S) == requests(Listing.QUEUES, reason="a listing was cut off")
    play.tell(ListDone(pabx="pabx1", at=play.at, listing=Listing.QUEUES))
    assert play.order == ["a"]


def test_two_pabxs_are_two_worlds(play: Play) -> None:
    """The same ids on another PABX are other calls; a site counts them all."""
    play.routed("c1", TUNIS)
    play.joined("w1")
    play.pabx = "pabx2"
    play.routed("c1", TUNIS)
    play.joined("w1")
    assert play.site("tunis").calls == 2
    play.hung_up("c1")
    play.left("w1")
    assert play.site("tunis").calls == 1
    assert [(caller.pabx, caller.uniqueid) for caller in play.state.waiting()] == [("pabx1", "w1")]
