"""Calls on their way through a plan, and where each of them counts."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import field
from typing import NamedTuple, TypeVar

from ccrouter.live.durations import since
from ccrouter.live.lifecycle import AT_A_SITE, BETWEEN, FINISHED, PLAYING, RESERVED, TALKING, WAITING, WITHDRAWN, Phase
from ccrouter.live.queues import CallKey, QueueKey
from ccrouter.routing.plan import QueueStep, SiteStep, Step, VoicemailStep
from ccrouter.routing.snapshot import Seconds
from ccrouter.routing.values import dataclass

K = TypeVar("K", str, QueueKey)


class Stand(NamedTuple):
    """A step of a plan at which a call stands.

    Attributes:
        kind: queue, site, play, voicemail; empty for none.
        target: name of the site or message.
        queue: of a queue step, where known.
        step: number of the step in its plan; 0 where not known.

    """

    kind: str = ""
    target: str = ""
    queue: str = ""
    step: int = 0

    @classmethod
    def at(cls, step: Step) -> "Stand":
        """Return the stand of a call that is sent to `step`."""
        if isinstance(step, QueueStep):
            return cls("queue", step.site, step.queue)
        if isinstance(step, SiteStep):
            return cls("site", step.site)
        return cls("voicemail" if isinstance(step, VoicemailStep) else "play", step.message)

    def is_at(self, kind: str, target: str) -> bool:
        """Tell whether this is that place; a queue step whose site is not known may be any."""
        return self.kind == kind and (self.target == target or (kind == "queue" and not self.target))


NOWHERE = Stand()

MOST_UNSEEN = 20_000
"""Calls that are remembered although they were given up, until the link is back and the PABX has told what it has."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What the PABX was asked to do with a waiting caller: the new decision and its first step."""

    decision: str
    rule: str
    first: Stand
    expires_at: float


class Count(NamedTuple):
    """Where a call counts.

    Attributes:
        site: where it takes a line.
        sent_to: queue in which it counts as waiting without having been seen there.
        leaving: queue in which it waits without counting there, because it was asked out.

    """

    site: str | None = None
    sent_to: QueueKey | None = None
    leaving: QueueKey | None = None


UNCOUNTED = Count()


@dataclass(slots=True)
class CallRecord:
    """One call.

    Attributes:
        began_at: decision or first sight.
        caller, language: what the router was asked with; None before it was asked, or for a hidden caller.
        asked: whether this router was asked about the call; else caller and language are not known.
        expires_at: until when a call counts at a place where the PABX has not shown it; None where it has, or is late.
        stays_until: until when the PABX is not asked for the caller again.
        queued_s: waits in queues that are over.
        answered_at: first answer.
        talking_since: begin of the present talk.
        heard_message: whether a last step was reached.
        mark: when the PABX last told of the call, in the order of events.
        absent_at: when a listing did not show it; None where one has since.
        offered, answer_told: what has been reported of it.
        listed: it was under way already when it was first seen; `late`: it had been answered by then.
        again: its end was reported as unknown before it showed up again.
        interface: of the position that talked last, unless a site did since.
        no_message: its last step failed, and the caller heard a tone.
        line: the external site that it was dialled to and has not left; `line_answered` whether that took it, and
            `line_from_s` what had been talked before.

    """

    pabx: str
    uniqueid: str
    began_at: float
    channel: str = ""
    number: str = ""
    service: str = ""
    rule: str = ""
    decision: str = ""
    caller: str | None = None
    language: str = ""
    asked: bool = False
    phase: Phase = BETWEEN
    stand: Stand = NOWHERE
    expires_at: float | None = None
    withdrawal: Withdrawal | None = None
    stays_until: float = 0.0
    queued_s: Seconds = 0.0
    answered_at: float | None = None
    talking_since: float | None = None
    talked_s: Seconds = 0.0
    heard_message: bool = False
    mark: int = 0
    absent_at: float | None = None
    offered: bool = False
    answer_told: bool = False
    listed: bool = False
    late: bool = False
    again: bool = False
    interface: str = ""
    no_message: bool = False
    line: str = ""
    line_answered: bool = False
    line_from_s: Seconds = 0.0
    count: Count = UNCOUNTED

    @property
    def key(self) -> CallKey:
        """Return PABX and uniqueid."""
        return (self.pabx, self.uniqueid)

    def go(self, phase: Phase, at: float) -> None:
        """Enter a phase: what belongs to the one before ends with it, and a talk is timed."""
        if self.phase is not TALKING and phase is TALKING:
            self.talking_since = at
            self.answered_at = at if self.answered_at is None else self.answered_at
        elif self.phase is TALKING and phase is not TALKING:
            self.talked_s += since(at if self.talking_since is None else self.talking_since, at)
            self.talking_since = None
        self.heard_message |= phase is PLAYING
        if phase not in RESERVED:
            self.expires_at = None
        if phase not in WITHDRAWN:
            self.withdrawal = None
        self.phase = phase

    def counts(self) -> Count:
        """Return where the call counts now: at one place at the most."""
        if self.withdrawal is not None:
            first = self.withdrawal.first
            waits_in = (self.pabx, self.stand.queue) if self.phase is WAITING else None
            if first.kind == "queue":
                return Count(first.target, (self.pabx, first.queue), waits_in)
            return Count(first.target if first.kind == "site" else None, None, waits_in)
        if self.phase not in AT_A_SITE or self.stand.kind not in {"queue", "site"}:
            return UNCOUNTED
        sent = self.phase in RESERVED and self.expires_at is not None and self.stand.queue
        return Count(self.stand.target or None, (self.pabx, self.stand.queue) if sent else None)


@dataclass(slots=True)
class Calls:
    """All calls, and who counts where: sets that follow the records, never counted up and down.

    `timed` are the calls for which time alone may change something; `ended` those whose end was told a moment ago;
    `unseen` those that had to be reported as unknown while nobody could tell of their end, newest last.
    """

    records: dict[CallKey, CallRecord] = field(default_factory=dict)
    at_site: dict[str, set[CallKey]] = field(default_factory=dict)
    sent_to: dict[QueueKey, set[CallKey]] = field(default_factory=dict)
    leaving: dict[QueueKey, set[CallKey]] = field(default_factory=dict)
    timed: set[CallKey] = field(default_factory=set)
    ended: dict[CallKey, float] = field(default_factory=dict)
    unseen: OrderedDict[CallKey, None] = field(default_factory=OrderedDict)

    def of(self, pabx: str) -> Iterator[CallRecord]:
        """Return the calls of one PABX; they may be finished meanwhile."""
        return iter([call for call in self.records.values() if call.pabx == pabx])

    def settle(self, call: CallRecord) -> tuple[Count, Count] | None:
        """Let the sets follow a call after a change, and let go of one that is finished.

        Returns:
            Where the call counted, and where it counts now; None where that is the same.

        """
        key, before = (call.pabx, call.uniqueid), call.count
        if call.phase is FINISHED:
            after = UNCOUNTED
            self.records.pop(key, None)
            self.timed.discard(key)
        else:
            after = call.counts()
            self.records[key] = call
            if call.expires_at is None and call.withdrawal is None and call.absent_at is None:
                self.timed.discard(key)
            else:
                self.timed.add(key)
        if before == after:
            return None
        call.count = after
        if before.site != after.site:
            _move(self.at_site, before.site, after.site, key)
        if before.sent_to != after.sent_to:
            _move(self.sent_to, before.sent_to, after.sent_to, key)
        if before.leaving != after.leaving:
            _move(self.leaving, before.leaving, after.leaving, key)
        return before, after

    def unsee(self, key: CallKey) -> None:
        """Remember a call that may show up again, among the newest ones."""
        self.unseen[key] = None
        if len(self.unseen) > MOST_UNSEEN:
            self.unseen.popitem(last=False)


def _move(index: dict[K, set[CallKey]], before: K | None, after: K | None, key: CallKey) -> None:
    if before is not None:
        index[before].discard(key)
        if not index[before]:
            del index[before]
    if after is not None:
        index.setdefault(after, set()).add(key)
