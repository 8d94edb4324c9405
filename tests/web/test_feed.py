"""A feed and its ring: whoever follows it, with whatever gaps, knows what is shown, and was told nothing twice."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccrouter.live.desks import PositionOnBoard, PositionView
from ccrouter.web.feed import Feed
from ccrouter.web.ring import Ring, frame
from support.sse import Merged, events_in


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture with two sections."""

    at: float = 0.0
    queues: tuple[int, ...] = ()
    modes: str = ""


class Source:
    """A picture that a test changes, and the feed of it."""

    def __init__(self, most: int = 1000) -> None:
        self.shown = Shown()
        self.feed = Feed(Shown, self.view)
        self.feed.ring = Ring(most=most)
        self.feed.look()

    def view(self) -> Shown:
        """Return the picture; a look takes time, and what is as before is made anew."""
        self.shown = replace(self.shown, at=self.shown.at + 0.25, queues=(*self.shown.queues,))
        return self.shown


class Client:
    """One that follows a feed; all that it is told over several connections."""

    def __init__(self, feed: Feed[Shown]) -> None:
        self.feed = feed
        self.merged = Merged()
        self.numbers: list[int] = []
        self.connect()

    def connect(self) -> None:
        """Begin, or come back with the last id seen."""
        told, self.number = self.feed.first(self.merged.last_id)
        if told:
            self.numbers.clear()
        self._take(told)
        self.linked = True

    def catch_up(self, most_bytes: int) -> None:
        """Be told what came since; one that lost touch has to connect anew."""
        if not self.feed.ring.holds_all_after(self.number):
            self.linked = False
            return
        told, self.number = self.feed.ring.after(self.number, most_bytes)
        self._take(told)

    def _take(self, data: bytes) -> None:
        for told in events_in(data):
            assert told.number is not None
            self.numbers.append(told.number)
            self.merged.take(told)


class World:
    """A source and three clients, to whom things happen."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self.source = Source(most)
        self.clients = [Client(self.source.feed) for _ in range(3)]
        self._most = most
        self._most_bytes = most_bytes
        self._looks: list[Iterator[None]] = []

    def do(self, step: str, value: object) -> None:
        """Let something happen."""
        match step, value:
            case "queues", tuple():
                self.source.shown = replace(self.source.shown, queues=value)
            case "modes", str():
                self.source.shown = replace(self.source.shown, modes=value)
            case "say", int():
                self.source.feed.say("happened", json.dumps({"kind": "ringing", "n": value}).encode())
            case "look", _:
                self.source.feed.look()
            case "begin to look", _:
                self._looks.append(self.source.feed.looking())
                next(self._looks[-1])
            case "look on", int() if self._looks:
                next(self._looks[value % len(self._looks)], None)
            case "cut", int():
                self.clients[value].linked = False
            case "catch up", int() if self.clients[value].linked:
                self.clients[value].catch_up(self._most_bytes)
            case "restart", _:
                self._restart()

    def _restart(self) -> None:
        self._looks.clear()
        before, self.source = self.source.shown, Source(self._most)
        self.source.shown = before
        for client in self.clients:
            client.feed, client.linked = self.source.feed, False


STEP: Final = st.one_of(
    st.tuples(st.just("queues"), st.lists(st.integers(0, 3), max_size=2).map(tuple)),
    st.tuples(st.just("modes"), st.sampled_from(["", "crisis", "café \u2028\u2029\x85\r\n"])),
    st.tuples(st.just("say"), st.integers(0, 99)),
    st.tuples(st.just("look"), st.none()),
    st.tuples(st.just("begin to look"), st.none()),
    st.tuples(st.just("look on"), st.integers(0, 9)),
    st.tuples(st.just("cut"), st.integers(0, 2)),
    st.tuples(st.just("catch up"), st.integers(0, 2)),
    st.tuples(st.just("restart"), st.none()),
)


@given(
    steps=st.lists(STEP, max_size=60), most=st.sampled_from([1, 3, 1000]), most_bytes=st.sampled_from([1, 150, 10**6])
)
def test_wherever_it_is_cut_a_client_ends_with_what_is_shown(
    steps: list[tuple[str, object]], most: int, most_bytes: int
) -> None:
    """Nothing is lost and nothing repeated over any cuts: numbers follow each other, and the merged board is the whole.

    Also where looks overlap or never end; and where the ring is too short for the gap, or the daemon is another one by
    then: then a whole board comes first.
    """
    world = World(most, most_bytes)
    for step, value in steps:
        world.do(step, value)
    world.source.feed.look()
    whole = {name: value for name, value in json.loads(world.source.feed.whole()).items() if name != "at"}
    for client in world.clients:
        while not client.linked or client.number != client.feed.ring.last:
            if client.linked:
                client.catch_up(most_bytes)
            else:
                client.connect()
        assert whole == client.merged.sections
        first = client.numbers[0]
        assert list(range(first, first + len(client.numbers))) == client.numbers


@pytest.mark.parametrize(
    "said",
    ["", "x", "00000000-0", "00000000-3", "00000000-", "-1", "{epoch}-99", "{epoch}-1-1", "{epoch}--1", "{epoch}-0"],
)
def test_an_id_of_somewhere_else_brings_a_whole_board(said: str) -> None:
    """Another epoch, a number that was never told, one that is not kept any more, or what is no id at all."""
    source = Source(most=2)
    for number in range(4):
        source.feed.say("happened", b"%d" % number)
    [told] = events_in(source.feed.first(said.format(epoch=source.feed.ring.epoch))[0])
    assert ("board", source.feed.ring.last_id) == (told.event, told.event_id)


def test_the_last_id_brings_nothing_again() -> None:
    """Who comes back at once is told what comes then."""
    source = Source()
    source.feed.say("happened", b"1")
    assert source.feed.first(source.feed.ring.last_id) == (b"", 1)


def test_time_alone_is_no_change() -> None:
    """A look that finds the sections as before tells nothing, however late it is; one that changed goes out alone."""
    source = Source()
    source.shown = replace(source.shown, queues=(1, 2))
    source.feed.look()
    for _ in range(5):
        source.feed.look()
        [told] = events_in(source.feed.first("")[0])
        assert told.data["at"] == source.shown.at
    assert source.feed.ring.last == 1
    source.shown = replace(source.shown, modes="crisis")
    source.feed.look()
    [told] = events_in(source.feed.ring.after(1, 10**6)[0])
    assert {"at": source.shown.at, "modes": "crisis"} == told.data


@dataclass(frozen=True, slots=True)
class Room:
    """A picture of positions, as the board has it."""

    at: float
    positions: tuple[PositionOnBoard, ...]


def test_of_a_position_nothing_is_told_but_what_everybody_may_see() -> None:
    """The live state's position knows the call that it has: that is no part of the board, nor a change of it."""
    rooms = [
        Room(1.0, (PositionView("pbx", "PJSIP/1", "Ines", "ringing", 1.0, ("sales",), rings_for=caller),))
        for caller in ("1795299280.25", "1795299280.26")
    ]
    feed = Feed(Room, iter(rooms).__next__)
    feed.look()
    [shown] = json.loads(feed.whole())["positions"]
    assert shown.keys() == {each.name for each in fields(PositionOnBoard)}
    feed.look()
    assert feed.ring.last == 0


def test_of_looks_that_overlap_the_latest_tells() -> None:
    """A look that others overtook knows less than they do, and changes nothing any more."""
    source = Source()
    source.shown = replace(source.shown, modes="crisis")
    old = source.feed.looking()
    next(old)
    source.shown = replace(source.shown, modes="")
    source.feed.look()
    whole = source.feed.whole()
    assert list(old) == [None]
    assert (whole, 0) == (source.feed.whole(), source.feed.ring.last)


def test_a_look_that_fails_tells_nothing_and_the_next_one_all() -> None:
    """A fault of the view costs nothing but time."""
    source = Source()
    before = source.feed.whole()
    source.shown = replace(source.shown, modes="crisis")
    view = source.feed._view

    def faulty() -> Shown:
        raise ZeroDivisionError

    source.feed._view = faulty
    with pytest.raises(ZeroDivisionError):
        source.feed.look()
    assert (before, 0) == (source.feed.whole(), source.feed.ring.last)
    source.feed._view = view
    source.feed.look()
    assert json.loads(source.feed.whole())["modes"] == "crisis"


def test_a_look_that_fails_takes_nothing_from_one_that_goes_on() -> None:
    """What was seen before the view failed is told all the same: perhaps no look after it succeeds for long."""
    source = Source()
    source.shown = replace(source.shown, modes="crisis")
    going_on = source.feed.looking()
    next(going_on)

    def faulty() -> Shown:
        raise ZeroDivisionError

    source.feed._view = faulty
    with pytest.raises(ZeroDivisionError):
        source.feed.look()
    list(going_on)
    assert json.loads(source.feed.whole())["modes"] == "crisis"
    assert source.feed.ring.last == 1


def test_the_ring_keeps_so_many_and_so_much() -> None:
    """The oldest go first, by number or by bytes; a single one that is larger than all is not kept, and is missed."""
    ring = Ring(most=3, most_bytes=10**6)
    for number in range(5):
        ring.add("happened", b"%d" % number)
    assert [told.data for told in events_in(ring.after(2, 10**6)[0])] == [2, 3, 4]
    assert not ring.holds_all_after(1)
    small = Ring(most=100, most_bytes=len(frame("happened", b"0", f"{ring.epoch}-1")) * 2)
    for number in range(5):
        small.add("happened", b"%d" % number)
    assert small.holds_all_after(3)
    assert not small.holds_all_after(2)
    small.add("change", b"x" * 1000)
    assert not small.holds_all_after(5)
    assert small.holds_all_after(6)
