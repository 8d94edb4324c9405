"""A PABX that knows the truth is cut off at any point; after a resync the picture equals its truth."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from ccrouter.live.effects import Relist
from ccrouter.live.events import (
    CallRouted,
    DeviceState,
    Event,
    LinkLost,
    LinkUp,
    ListBegan,
    ListDone,
    Listing,
    Ticked,
    WithdrawAsked,
    WithdrawRefused,
)
from ccrouter.live.state import State
from ccrouter.routing.plan import PlayStep, QueueStep, SiteStep, Step
from support.live_invariants import check
from support.live_pabx import PABX, Channel, ModelPabx
from support.live_play import SITES
from support.live_reports import Account

PARIS, LYON = QueueStep("paris", "support", 90), QueueStep("lyon", "orders", 60)
TUNIS, BACKUP = SiteStep("tunis", "PJSIP/1@t", 25), SiteStep("backup", "PJSIP/2@b", 25)
CLOSED = PlayStep("closed", "closed")

PLANS: list[tuple[Step, ...]] = [
    (PARIS, TUNIS, CLOSED),
    (TUNIS, BACKUP, TUNIS, CLOSED),
    (LYON, PARIS, LYON, CLOSED),
    (TUNIS, PARIS, CLOSED),
    (CLOSED,),
]

WITHDRAWN: list[tuple[Step, ...]] = [(TUNIS, CLOSED), (LYON, PARIS, CLOSED), (CLOSED,)]


class Line:
    """Between the model and the state: delivers events late but in order, may be cut, and reads listings."""

    def __init__(self, *, overtaking: bool) -> None:
        self.pabx = ModelPabx()
        self.state = State(SITES)
        self.account = Account()
        self.up = False
        self.overtaking = overtaking
        self.asked: dict[str, tuple[str, tuple[Step, ...]]] = {}
        self.wanted: list[Listing] = []
        self.number = 0
        self.reconnect()

    def apply(self, event: Event) -> None:
        """Apply one event, note what is to be read again, and look at the invariants."""
        effects = self.state.apply(event)
        self.wanted += [effect.listing for effect in effects if isinstance(effect, Relist)]
        check(self.state)
        self.account.take(event, effects, self.state)

    def deliver(self, count: int | None = None) -> None:
        """Let the oldest events arrive."""
        undelivered = self.pabx.undelivered
        count = len(undelivered) if count is None else count
        for event in undelivered[:count]:
            if self.up:
                self.apply(event)
        del undelivered[:count]

    def cut(self) -> None:
        """Lose the link, and what was under way on it."""
        self.pabx.undelivered.clear()
        self.up = False
        self.asked.clear()
        self.wanted.clear()
        self.apply(LinkLost(pabx=PABX, at=self.pabx.at, reason="cut"))

    def reconnect(self) -> None:
        """Log in again, and read everything."""
        if self.up:
            self.cut()
        self.pabx.undelivered.clear()
        self.up = True
        self.apply(LinkUp(pabx=PABX, at=self.pabx.at, version="22"))
        for listing in Listing:
            self.read(listing)

    def read(self, listing: Listing) -> None:
        """Read a listing; its rows are of this instant, and older events may come after them."""
        if not self.overtaking:
            self.deliver()
        if self.up:
            self.apply(ListBegan(pabx=PABX, at=self.pabx.at, listing=listing))
            for row in self.pabx.rows(listing):
                self.apply(row)
            self.apply(ListDone(pabx=PABX, at=self.pabx.at, listing=listing))

    # --- what may happen ---

    def call(self, choice: int) -> None:
        """Let a caller come, and decide for them; that needs no link."""
        self.number += 1
        uniqueid, plan = f"c{self.number}", PLANS[choice % len(PLANS)]
        self.pabx.ask(uniqueid, plan, f"d{self.number}")
        self.apply(
            CallRouted(
                pabx=PABX,
                at=self.pabx.at,
                uniqueid=uniqueid,
                number="0800",
                service="sav",
                rule="rule",
                decision=f"d{self.number}",
                first=plan[0],
                expires_at=self.pabx.at + 5,
            )
        )

    def guest(self, choice: int) -> None:
        """Let a caller come into a queue by another way."""
        self.number += 1
        self.pabx.guest(f"g{self.number}", ("support", "orders")[choice % 2])

    def _one(self, choice: int, fits: Callable[[Channel], object]) -> Channel | None:
        fitting = [channel for channel in self.pabx.channels.values() if fits(channel)]
        return fitting[choice % len(fitting)] if fitting else None

    def go_on(self, choice: int) -> None:
        """Let a step end without an answer, or the first one begin."""
        channel = self._one(choice, lambda channel: channel.steps and not channel.bridged)
        if channel is not None:
            results = {"queue": "timeout", "site": "busy", "play": "done", "": ""}
            self.pabx.go_on(channel, results[channel.place[0]])

    def ring(self, choice: int) -> None:
        """Let a position ring for a caller."""
        channel = self._one(choice, lambda channel: channel.queue and not channel.bridged)
        if channel is not None:
            self.pabx.ring(channel, f"PJSIP/a{choice % 3}")

    def cease(self, choice: int) -> None:
        """Let a position stop ringing, or have stopped before."""
        channel = self._one(choice, lambda channel: channel.queue and not channel.bridged)
        if channel is not None:
            self.pabx.cease(channel, f"PJSIP/a{choice % 3}")

    def answer(self, choice: int) -> None:
        """Let somebody answer."""
        channel = self._one(
            choice, lambda channel: not channel.bridged and (channel.queue or channel.place[0] == "site")
        )
        if channel is not None:
            self.pabx.answer(channel)

    def end_talk(self, choice: int) -> None:
        """Let a talk end."""
        channel = self._one(choice, lambda channel: channel.bridged)
        if channel is not None:
            self.pabx.end_talk(channel)

    def die(self, choice: int) -> None:
        """Let a site die in the talk."""
        channel = self._one(choice, lambda channel: channel.bridged and channel.place[0] == "site")
        if channel is not None:
            self.pabx.go_on(channel, "died")

    def hang_up(self, choice: int) -> None:
        """Let a caller hang up."""
        channel = self._one(choice, lambda _: True)
        if channel is not None:
            self.pabx.hang_up(channel)

    def ask_out(self, choice: int) -> None:
        """Order a waiting caller out."""
        waiting = [caller for caller in self.state.waiting() if caller.routed and not caller.withdrawing]
        if waiting and self.up:
            caller = waiting[choice % len(waiting)]
            self.number += 1
            plan = WITHDRAWN[choice % len(WITHDRAWN)]
            self.asked[caller.uniqueid] = (f"w{self.number}", plan)
            self.apply(
                WithdrawAsked(
                    pabx=PABX,
                    at=self.pabx.at,
                    uniqueid=caller.uniqueid,
                    rule="rule",
                    decision=f"w{self.number}",
                    first=plan[0],
                    expires_at=self.pabx.at + 15,
                )
            )

    def carry_out(self, _: int) -> None:
        """Let the PABX carry an order out, or refuse it."""
        if self.asked:
            uniqueid, (decision, plan) = self.asked.popitem()
            channel = self.pabx.channels.get(uniqueid)
            if channel is not None and channel.queue and not channel.bridged and channel.steps:
                self.pabx.withdraw(channel, plan, decision)
            else:
                self.apply(
                    WithdrawRefused(
                        pabx=PABX, at=self.pabx.at, uniqueid=uniqueid, decision=decision, reason="not in the queue"
                    )
                )

    def member(self, choice: int) -> None:
        """Let a member log in, or their telephone change."""
        devices = (DeviceState.NOT_IN_USE, DeviceState.IN_USE, DeviceState.UNAVAILABLE)
        self.pabx.member(("support", "orders")[choice % 2], f"PJSIP/a{choice % 3}", devices[choice % 3])

    def some(self, choice: int) -> None:
        """Let a few events arrive."""
        self.deliver(choice)

    def audit(self, choice: int) -> None:
        """Read a listing again."""
        self.read(list(Listing)[choice % 3])

    def cut_off(self, _: int) -> None:
        """Lose the link."""
        if self.up:
            self.cut()

    def come_back(self, _: int) -> None:
        """Have the link again."""
        if not self.up:
            self.reconnect()

    def pass_time(self, choice: int) -> None:
        """Let some seconds pass."""
        self.pabx.at += choice
        self.apply(Ticked(at=self.pabx.at))


Action = Callable[[Line, int], None]
Story = list[tuple[Action, int]]

ACTIONS: list[Action] = [
    Line.call,
    Line.call,
    Line.guest,
    Line.go_on,
    Line.go_on,
    Line.go_on,
    Line.ring,
    Line.cease,
    Line.answer,
    Line.answer,
    Line.end_talk,
    Line.die,
    Line.hang_up,
    Line.ask_out,
    Line.carry_out,
    Line.member,
    Line.some,
    Line.audit,
    Line.pass_time,
]
CUTS: list[Action] = [Line.cut_off, Line.come_back]


def stories(
    actions: list[Action],
) -> st.SearchStrategy[Story]:
    """Return a strategy for what happens, with a choice for each."""
    return st.lists(st.tuples(st.sampled_from(actions), st.integers(0, 7)), max_size=60)


def finish(line: Line) -> None:
    """Let everything arrive, and everything that waits for time happen."""
    for channel in [channel for channel in line.pabx.channels.values() if channel.steps and not channel.index]:
        line.pabx.go_on(channel)
    line.deliver()
    for _ in range(20):
        line.pass_time(1)
        while line.wanted and not line.overtaking:
            line.read(line.wanted.pop())


def compare(line: Line, *, in_order: bool) -> None:
    """Compare the picture with the truth, item by item."""
    pabx, state = line.pabx, line.state
    assert {call.uniqueid: f"{call.phase} {call.target}" for call in state.calls()} == pabx.phases()
    shown: dict[str, list[str]] = {queue: [] for queue in pabx.queues}
    for caller in state.waiting():
        shown[caller.queue].append(caller.uniqueid)
        assert caller.routed == bool(pabx.channels[caller.uniqueid].steps)
        assert not caller.withdrawing
    arranged: Callable[[list[str]], list[str]] = list if in_order else sorted
    assert {queue: arranged(callers) for queue, callers in shown.items()} == {
        queue: arranged(callers) for queue, callers in pabx.queues.items()
    }
    snapshot = state.snapshot(pabx.at)
    assert {name: site.calls for name, site in snapshot.sites.items() if site.calls} == pabx.calls_at()
    assert {key[1]: facts.waiting for key, facts in snapshot.queues.items()} == {
        queue: len(callers) for queue, callers in pabx.queues.items()
    }
    assert {(position.queue, position.interface): position.device for _, position in state.positions()} == pabx.members


@settings(max_examples=150)
@given(stories(ACTIONS))
def test_without_a_cut(story: Story) -> None:
    """Events alone, with audits between them, keep the picture equal to the truth."""
    line = Line(overtaking=False)
    for action, choice in story:
        action(line, choice)
    finish(line)
    compare(line, in_order=True)


@settings(max_examples=150)
@given(stories(ACTIONS + CUTS))
def test_cut_at_any_point(story: Story) -> None:
    """Whatever was missed, the listings after a reconnect make the picture equal to the truth."""
    line = Line(overtaking=False)
    for action, choice in story:
        action(line, choice)
    line.reconnect()
    finish(line)
    compare(line, in_order=True)


@settings(max_examples=150)
@given(stories(ACTIONS + CUTS))
def test_listings_that_overtake_events(story: Story) -> None:
    """Rows may be newer than events that arrive after them: when all has arrived the picture equals the truth.

    Only the order within a queue may be off, until the next listing, where a caller left and joined meanwhile.
    """
    line = Line(overtaking=True)
    for action, choice in story:
        action(line, choice)
    if not line.up:
        line.reconnect()
    finish(line)
    compare(line, in_order=False)


@settings(max_examples=100)
@given(stories(ACTIONS))
def test_attach_in_the_middle(story: Story) -> None:
    """A state that starts in the middle of everything, and reads the listings, sees what one sees that was there."""
    line = Line(overtaking=False)
    for action, choice in story:
        action(line, choice)
    finish(line)
    line.state, line.account = State(SITES), Account()
    line.reconnect()
    compare(line, in_order=True)


@settings(max_examples=100)
@given(stories(ACTIONS))
def test_replayed_listing_changes_nothing(story: Story) -> None:
    """Listings that tell what is known already change nothing at all."""
    line = Line(overtaking=False)
    for action, choice in story:
        action(line, choice)
    finish(line)

    def picture() -> tuple[object, ...]:
        shown = line.state.snapshot(0.0)
        return shown.queues, shown.sites, shown.arrivals, list(line.state.waiting()), list(line.state.calls())

    before = picture()
    for listing in (*Listing, *Listing):
        line.apply(ListBegan(pabx=PABX, at=line.pabx.at, listing=listing))
        for row in line.pabx.rows(listing):
            assert line.state.apply(row) == []
        assert line.state.apply(ListDone(pabx=PABX, at=line.pabx.at, listing=listing)) == []
    assert picture() == before
