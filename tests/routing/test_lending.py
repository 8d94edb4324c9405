"""Lines lent to several PABXs: never more than there are, whatever is lost on the way, and where they are needed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ccrouter.routing.lending import Lender, Read, Write
from ccrouter.routing.lines import deal, own_lines
from support.lending_model import SITE, Arriving, ModelHouse

PABXS = ("a", "b", "c")


class Lending(RuleBasedStateMachine):
    """Calls, orders, answers, losses and restarts in any order; both routers believe that they are on duty."""

    @initialize(pabxs=st.integers(2, 3), max_calls=st.integers(1, 12))
    def open(self, pabxs: int, max_calls: int) -> None:
        """Bring it up."""
        self.house = ModelHouse(PABXS[:pabxs], max_calls, 2)

    def _pabx(self, place: int) -> str:
        return PABXS[place % len(self.house.pabxs)]

    @rule(place=st.integers(0, 2), calls=st.integers(1, 6))
    def calls_come(self, place: int, calls: int) -> None:
        """Let calls enter the group, and stop there."""
        self.house.pabxs[self._pabx(place)].arriving += [Arriving() for _ in range(calls)]

    @rule(place=st.integers(0, 2), which=st.integers(0, 9), steps=st.integers(1, 3))
    def a_call_goes_on(self, place: int, which: int, steps: int) -> None:
        """Let a call take steps of the guard."""
        pabx = self.house.pabxs[self._pabx(place)]
        for _ in range(steps):
            if pabx.arriving:
                pabx.go_on(pabx.arriving[which % len(pabx.arriving)])

    @rule(place=st.integers(0, 2))
    def all_calls_go_on(self, place: int) -> None:
        """All calls in the guard get through it, or don't."""
        pabx = self.house.pabxs[self._pabx(place)]
        while pabx.arriving:
            pabx.go_on(pabx.arriving[0])

    @rule(place=st.integers(0, 2), calls=st.integers(1, 6))
    def calls_end(self, place: int, calls: int) -> None:
        """End calls at the site."""
        pabx = self.house.pabxs[self._pabx(place)]
        pabx.through -= min(calls, pabx.through)

    @rule(router=st.integers(0, 1), place=st.integers(0, 2))
    def a_router_asks(self, router: int, place: int) -> None:
        """Let a router send what it wants to."""
        self.house.ask(router, self._pabx(place))

    @rule(place=st.integers(0, 2), session=st.integers(0, 9), orders=st.integers(1, 8))
    def a_pabx_reads(self, place: int, session: int, orders: int) -> None:
        """Let a PABX carry out what it was sent over any session, one that is gone for its router perhaps."""
        pabx = self.house.pabxs[self._pabx(place)]
        for _ in range(orders):
            if pabx.sessions[session % len(pabx.sessions)]:
                pabx.carry_out(session % len(pabx.sessions))

    @rule(router=st.integers(0, 1), place=st.integers(0, 2))
    def answers_arrive(self, router: int, place: int) -> None:
        """Give a router its answers, or let it give up waiting for them."""
        self.house.answer(router, self._pabx(place))

    @rule(router=st.integers(0, 1), place=st.integers(0, 2))
    def all_goes_well(self, router: int, place: int) -> None:
        """Let a router ask, and answer it at once."""
        pabx = self._pabx(place)
        self.house.ask(router, pabx)
        session = self.house.session[router, pabx]
        while self.house.pabxs[pabx].sessions[session]:
            self.house.pabxs[pabx].carry_out(session)
        self.house.answer(router, pabx)

    @rule(router=st.integers(0, 1), place=st.integers(0, 2))
    def a_link_is_lost(self, router: int, place: int) -> None:
        """Cut a link, and make another; or take the duty away for a moment."""
        self.house.link(router, self._pabx(place))

    @rule(place=st.integers(0, 2))
    def a_pabx_restarts(self, place: int) -> None:
        """Restart a PABX."""
        self.house.restart(self._pabx(place))

    @rule(seconds=st.sampled_from([0.01, 0.1, 0.6, 1.1, 6.0]))
    def time_passes(self, seconds: float) -> None:
        """Time passes."""
        self.house.now += seconds

    @rule(router=st.integers(0, 1))
    def a_calm_second(self, router: int) -> None:
        """One router works undisturbed."""
        self.house.settle(router, 1.5)

    @invariant()
    def never_too_many(self) -> None:
        """Assert that the site carries no more than it takes, and that no more can get through."""
        if hasattr(self, "house"):
            assert sum(pabx.through for pabx in self.house.pabxs.values()) <= self.house.max_calls
            assert sum(self.house.lines().values()) <= self.house.max_calls

    def teardown(self) -> None:
        """In the end one router alone has all lines lent again."""
        if hasattr(self, "house"):
            for pabx in self.house.pabxs:
                self.house.link(0, pabx)
            self.house.settle(0, 10)
            for model in self.house.pabxs.values():
                while model.arriving:
                    model.go_on(model.arriving[0])
            self.house.settle(0, 10)
            assert sum(self.house.lines().values()) == self.house.max_calls


Lending.TestCase.settings = settings(max_examples=60, stateful_step_count=50)
TestLending = Lending.TestCase


@given(
    lines=st.integers(0, 60),
    parts=st.dictionaries(st.sampled_from("abcd"), st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=2),
)
def test_what_is_dealt_is_all_there_is_and_stays(lines: int, parts: dict[str, tuple[int, int]]) -> None:
    """All lines are dealt, none twice; each PABX has its own; dealing again changes nothing."""
    own = own_lines(lines, len(parts))
    held, calls = {name: part[0] for name, part in parts.items()}, {name: part[1] for name, part in parts.items()}
    dealt = deal(lines, own, held, calls)
    assert sum(dealt.values()) == lines
    assert all(has >= own for has in dealt.values())
    assert deal(lines, own, dealt, calls) == dealt
    if sum(calls.values()) + own * len(parts) <= lines:
        assert all(has >= calls[name] for name, has in dealt.items())


@pytest.mark.parametrize(
    ("max_calls", "pabxs", "own"),
    [(10, 1, 10), (10, 2, 1), (30, 2, 3), (2, 2, 1), (1, 2, 0), (2, 3, 0), (60, 3, 5), (0, 2, 0)],
)
def test_own_lines(max_calls: int, pabxs: int, own: int) -> None:
    """A PABX alone has all lines; one of several keeps a quarter of an even share, where there is one for each."""
    assert own_lines(max_calls, pabxs) == own


@pytest.mark.parametrize(
    ("held", "calls", "dealt"),
    [
        ({"a": 1, "b": 1}, {}, {"a": 5, "b": 5}),  # from nothing: evenly
        ({"a": 5, "b": 5}, {"a": 2}, {"a": 5, "b": 5}),  # both have room: nothing moves
        ({"a": 5, "b": 5}, {"a": 4}, {"a": 8, "b": 2}),  # one gets busy
        ({"a": 8, "b": 2}, {"a": 7}, {"a": 8, "b": 2}),  # room for one more is enough here
        ({"a": 8, "b": 2}, {"a": 8}, {"a": 9, "b": 1}),  # to the last
        ({"a": 9, "b": 1}, {"a": 9, "b": 1}, {"a": 9, "b": 1}),  # the site is full
        ({"a": 9, "b": 1}, {"a": 0, "b": 1}, {"a": 3, "b": 7}),  # and it goes back as calls go
    ],
)
def test_lines_follow_the_calls(held: dict[str, int], calls: dict[str, int], dealt: dict[str, int]) -> None:
    """10 lines of two PABXs: who runs out of room gets more, and nothing moves for less."""
    assert deal(10, 1, held, calls) == dealt


def test_lines_are_lent_within_a_second_of_the_start() -> None:
    """All lines are lent at once where nothing is known; later they move to where the calls are."""
    house = ModelHouse(("a", "b"), 10, 1)
    house.settle(0, 0.1)
    assert house.lines() == {"a": 5, "b": 5}
    house.pabxs["a"].through = 4
    house.settle(0, 0.5)
    assert house.lines() == {"a": 5, "b": 5}  # another router may still believe that it lends them
    house.settle(0, 1)
    assert house.lines() == {"a": 8, "b": 2}


def test_a_pabx_that_is_out_keeps_its_lines_until_it_is_back() -> None:
    """What was lent to it stays lent; when it restarted, what it did not keep is lent again at once."""
    house = ModelHouse(("a", "b"), 10, 1)
    house.settle(0, 2)
    house.lenders[0].lose("b")
    house.pabxs["a"].through = 5
    for _ in range(100):
        house.now += 0.05
        house.ask(0, "a")
        house.pabxs["a"].sessions[-1].clear()
        house.waiting.clear()
    assert house.lenders[0]._purses[SITE].free == 0
    assert house.lines() == {"a": 5, "b": 5}
    house.restart("b")
    house.settle(0, 0.2)
    assert sum(house.lines().values()) == 10
    assert house.lines()["a"] >= 7


def test_one_pabx_alone_is_lent_nothing() -> None:
    """It goes by the plan's own limit; what was left of another time is taken away, and else nothing is written."""
    lender = Lender(("a",), iter(()), lambda site: site)
    lender.configure({SITE: 10})
    batch = lender.next("a", {}, 1.0)
    assert batch is not None
    assert batch.orders == (Read("CCROUTER_LINES"),)
    lender.answered("a", batch, ["s1"], 1.0)
    batch = lender.next("a", {}, 1.0)
    assert batch is not None
    assert batch.orders == (Write("CCROUTER_LINES", ""),)
    lender.answered("a", batch, [""], 1.0)
    assert lender.next("a", {}, 100.0) is None
