"""What must be true of the live state after every event, whatever the event was."""

import math
from itertools import pairwise

from ccrouter.live.breaker import Circuit
from ccrouter.live.calls import CallRecord, Count
from ccrouter.live.lifecycle import Phase
from ccrouter.live.picture import Picture
from ccrouter.live.queues import Queue
from ccrouter.live.state import State
from ccrouter.live.views import Views
from ccrouter.live.windows import NEWEST
from ccrouter.routing.snapshot import Snapshot


def check(state: State) -> None:
    """Assert every invariant of a state."""
    picture = state._picture
    for key, call in picture.calls.records.items():
        assert call.key == key
        check_call(picture, call)
    check_counts(picture)
    for queue in picture.queues:
        check_queue(picture, queue)
    check_whereabouts(picture)
    check_desks(state)
    check_sites(picture)
    check_views(state)


def check_call(picture: Picture, call: CallRecord) -> None:
    """Assert that a call is in one phase, at one place, and only where its phase allows it."""
    assert call.phase is not Phase.FINISHED
    waits_in = picture.queues.where(call.key)
    assert (call.phase is Phase.WAITING) == (waits_in is not None)
    if waits_in is not None:
        assert (call.stand.kind, call.stand.queue) == ("queue", waits_in.name)
    assert (call.phase is Phase.TALKING) == (call.talking_since is not None)
    if call.phase in {Phase.ROUTED, Phase.LAPSED}:
        assert (call.phase is Phase.ROUTED) == (call.expires_at is not None)
    elif call.phase is not Phase.ENTERING:
        assert call.expires_at is None
    if call.withdrawal is not None:
        assert call.phase in {Phase.WAITING, Phase.LEAVING, Phase.BETWEEN}
    assert call.talked_s >= 0
    assert call.queued_s >= 0


def check_counts(picture: Picture) -> None:
    """Assert that the sets equal the records: nothing leaks, nothing is counted twice or goes below zero."""
    calls = picture.calls
    counts: dict[str, Count] = {}
    at_site: dict[object, set[object]] = {}
    sent_to: dict[object, set[object]] = {}
    leaving: dict[object, set[object]] = {}
    for key, call in calls.records.items():
        count = call.counts()
        assert call.count == count
        counts[call.uniqueid] = count
        for index, place in ((at_site, count.site), (sent_to, count.sent_to), (leaving, count.leaving)):
            if place is not None:
                index.setdefault(place, set()).add(key)
        timed = call.expires_at is not None or call.withdrawal is not None
        assert not timed or key in calls.timed
    assert at_site == calls.at_site
    assert sent_to == calls.sent_to
    assert leaving == calls.leaving
    assert calls.timed <= calls.records.keys()


def check_queue(picture: Picture, queue: Queue) -> None:
    """Assert that callers stand in one order, positions in one standing each, and windows are in order and bounded."""
    order = [caller.uniqueid for caller in queue]
    assert len(order) == len(set(order)) == len(queue)
    for uniqueid in order:
        assert picture.queues.where((queue.pabx, uniqueid)) is queue
    positions = queue.positions
    by_standing = {name: standing for standing, names in positions._standing.items() for name in names}
    assert {position.interface: position.standing for position in positions} == by_standing
    assert sum(map(len, positions._standing.values())) == len(positions)
    assert {position.interface for position in positions if position.wrapup_until is not None} == positions._in_wrapup
    tally = positions.tally()
    assert tally.ready <= tally.logged_in <= len(positions)
    waits = queue.ended.shown()
    assert len(waits) <= NEWEST
    assert all(first.at <= second.at for first, second in pairwise(waits))
    assert all(0 <= wait.wait_s < math.inf for wait in waits)


def check_desks(state: State) -> None:
    """Assert that each position is shown once, with the queues that have it and a state that one of them gives it."""
    members: dict[tuple[str, str], dict[str, str]] = {}
    for pabx, position in state.positions():
        members.setdefault((pabx, position.interface), {})[position.queue] = position.state
    shown = {(view.pabx, view.interface): view for view in state.desks()}
    assert shown.keys() == members.keys()
    for key, view in shown.items():
        assert view.queues == tuple(sorted(members[key]))
        assert view.state in {*members[key].values(), "ringing"}
        assert (view.state == "out") == ({*members[key].values()} == {"out"})
        assert not view.rings_for or (key[0], view.rings_for) in {ring.caller for ring in state._picture.rings}
        assert not view.talks_with or view.state == "talking"


def check_whereabouts(picture: Picture) -> None:
    """Assert that nobody waits in two queues of a PABX, or in one that does not exist; who left waits nowhere."""
    waiting = [(queue.pabx, caller.uniqueid) for queue in picture.queues for caller in queue]
    assert len(waiting) == len(set(waiting))
    assert set(waiting) == picture.queues._where.keys()
    assert not picture.queues.departed.keys() & picture.queues._where.keys()
    waits_or_left = picture.queues._where.keys() | picture.queues.departed.keys()
    assert {ring.caller for ring in picture.rings} <= waits_or_left


def check_sites(picture: Picture) -> None:
    """Assert that a site on probation has one call that tries it, and that this call is there."""
    for name, site in picture.sites._external.items():
        breaker = site.breaker
        assert (breaker.circuit is Circuit.PROBING) == (breaker.probe is not None)
        if breaker.probe is not None:
            assert breaker.probe in picture.calls.at_site[name]
        assert site.told is site.health


def check_views(state: State) -> None:
    """Assert that readers see what somebody who starts from nothing would work out."""
    picture, shown = state._picture, state.snapshot(0.0)
    waiting = list(state.waiting())
    anew = Views(picture)
    picture.queues.changed.update((queue.pabx, queue.name) for queue in picture.queues)
    picture.sites.changed.update(picture.sites.directory.by_name, picture.calls.at_site)
    picture.services_changed.update(picture.arrivals)
    assert anew.snapshot(0.0) == shown
    picture.queues.changed.update((queue.pabx, queue.name) for queue in picture.queues)
    assert sorted(Views(picture).waiting(), key=repr) == sorted(waiting, key=repr)
    check_snapshot(shown)
    for (pabx, name), facts in shown.queues.items():
        here = [caller for caller in waiting if (caller.pabx, caller.queue) == (pabx, name)]
        staying = [caller for caller in here if not caller.withdrawing]
        assert [caller.position for caller in here] == list(range(1, len(here) + 1))
        assert facts.waiting == len(staying) + len(picture.calls.sent_to.get((pabx, name), ()))
        assert facts.oldest_joined_at == min((caller.joined_at for caller in staying), default=None)


def check_snapshot(shown: Snapshot) -> None:
    """Assert that figures are counts and durations."""
    for facts in shown.queues.values():
        assert facts.waiting >= 0
        assert min(facts.logged_in, facts.ready, facts.busy, facts.paused) >= 0
        assert facts.estimated_wait_s is None or 0 <= facts.estimated_wait_s < math.inf
    assert all(site.calls >= 0 for site in shown.sites.values())
    assert all(list(instants) == sorted(instants) for instants in shown.arrivals.values())
