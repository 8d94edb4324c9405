"""One PABX: its queues, positions and calls, and what it says of them."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from ccrouter.clock import SystemClock
from scale_run import said
from scale_run.link import Answers
from scale_run.said import Said
from scale_run.size import SITES, Size, pabx_name, queue_name, queue_number, site_number

CLOCK: Final = SystemClock()
RINGS_S: Final = 0.2
"""Until a position answers; a free one is looked for so long before the wait is over."""

LOOK_AGAIN_S: Final = 0.05
FREE, TALKS, RINGS = b"1", b"2", b"6"
"""Device states, as app_queue tells them."""


@dataclass(slots=True, eq=False)
class Queue:
    """A queue: its members, and who waits, in order."""

    name: bytes
    members: list["Member"] = field(default_factory=list)
    waiting: dict["Call", None] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Member:
    """A position, in all its queues."""

    interface: bytes
    queues: tuple[Queue, ...]
    status: bytes = FREE
    talks_in: Queue | None = None
    last_call: bytes = b"0"

    def told(self, template: bytes, queue: Queue) -> bytes:
        """Return what is said of it as a member of a queue."""
        return template % {
            b"queue": queue.name,
            b"interface": self.interface,
            b"status": self.status,
            b"in_call": b"1" if self.talks_in is queue else b"0",
            b"last_call": self.last_call,
        }

    def becomes(self, status: bytes, talks_in: Queue | None = None) -> bytes:
        """Take another state, and return what is said of that."""
        self.status, self.talks_in = status, talks_in
        return b"".join(self.told(said.MEMBER, queue) for queue in self.queues)


NOWHERE: Final = Queue(b"")
NOBODY: Final = Member(b"", ())


@dataclass(slots=True, eq=False)
class Call:
    """A call; `rows` is what the listing of channels tells of it. One at a site has neither queue nor member."""

    said: Said
    queue: Queue = NOWHERE
    member: Member = NOBODY
    joined_at: float = 0.0
    rows: tuple[bytes, ...] = ()


@dataclass(slots=True)
class Household:
    """What all PABXs share.

    Attributes:
        begin: what is done when calls begin to move.
        ended: calls that did.

    """

    random: random.Random
    begin: list["partial[None]"] = field(default_factory=list)
    ended: int = 0


class Pabx(Answers):
    """One Asterisk, with its part of the queues, positions and calls."""

    def __init__(self, number: int, size: Size, house: Household) -> None:
        super().__init__()
        self.name = pabx_name(number)
        self.calls: dict[Call, None] = {}
        self.queues = [Queue(queue_name(n).encode()) for n in range(number, size.queues, size.pabxs)]
        self.numbers = [queue_number(n).encode() for n in range(number, size.queues, size.pabxs)]
        self._house = house
        self._size = size
        self._ids = 0
        for n in range(number, size.positions, size.pabxs):
            serves = {n // size.pabxs % len(self.queues): None, (n // size.pabxs + 1) % len(self.queues): None}
            member = Member(b"PJSIP/agent%d" % n, tuple(self.queues[each] for each in serves))
            for queue in member.queues:
                queue.members.append(member)

    # --- calls --------------------------------------------------------------------------------------------------------

    def new_call(self, number: bytes) -> Call:
        """Return a call that nothing was said of."""
        self._ids += 2
        began = int(CLOCK.now())
        told: Said = {
            b"pabx": self.name.encode(),
            b"uniqueid": b"%d.%d" % (began, self._ids),
            b"other_uniqueid": b"%d.%d" % (began, self._ids + 1),
            b"channel": b"PJSIP/carrier-%08x" % self._ids,
            b"number": number,
            b"caller": b"0612%06d" % (self._ids % 1_000_000),
            b"began": b"%d" % (CLOCK.now() * 1e3),
        }
        return Call(told)

    def begin(self, call: Call, plan: Sequence[bytes], wait_s: float, talk_s: float) -> None:
        """Carry out the first step of a plan: `decision`, service, rule, kind, target, queue or what is dialled."""
        for key, value in zip((b"decision", b"service", b"rule", b"kind", b"target"), plan, strict=False):
            call.said[key] = value
        self.calls[call] = None
        if plan[3] == b"queue":
            call.queue = next(queue for queue in self.queues if queue.name == plan[5])
            self.say(self._joined(call, CLOCK.steady()))
            self._later(wait_s - RINGS_S, self.ring, call, talk_s)
        else:
            self.say(self._dialled(call))
            self._later(RINGS_S, self.site_answers, call, talk_s)

    def _joined(self, call: Call, at: float) -> bytes:
        queue = call.queue
        queue.waiting[call], call.joined_at = None, at
        call.said[b"queue"] = queue.name
        call.said[b"position"] = call.said[b"count"] = b"%d" % len(queue.waiting)
        call.rows = (said.WAITING_ROW % call.said,)
        return said.JOINS % call.said

    def ring(self, call: Call, talk_s: float) -> None:
        """Have a free position ring for a caller who waits, as soon as there is one."""
        free = [member for member in call.queue.members if member.status == FREE]
        if not free:
            self._later(LOOK_AGAIN_S, self.ring, call, talk_s)
            return
        self.say(self._rings(call, self._house.random.choice(free)))
        self._later(RINGS_S, self.position_answers, call, talk_s)

    def _rings(self, call: Call, member: Member) -> bytes:
        call.member = member
        call.said[b"interface"] = member.interface
        call.said[b"other"] = member.interface.partition(b"/")[2]
        call.said[b"other_channel"] = b"%b-%08x" % (member.interface, int(call.said[b"channel"][-8:], 16) + 1)
        return said.RINGS % call.said + member.becomes(RINGS)

    def position_answers(self, call: Call, talk_s: float) -> None:
        """Have the position take the call."""
        self.say(self._talks(call))
        self._later(talk_s, self.hang_up, call)

    def _talks(self, call: Call) -> bytes:
        queue = call.queue
        call.said[b"position"] = b"%d" % (list(queue.waiting).index(call) + 1)
        del queue.waiting[call]
        call.said[b"count"] = b"%d" % len(queue.waiting)
        call.rows = (said.TALKING_ROW % call.said, said.OTHER_ROW % call.said)
        return said.ANSWERED % call.said + call.member.becomes(TALKS, queue)

    def _dialled(self, call: Call) -> bytes:
        target = call.said[b"target"]
        self.at_sites[target.decode()] += 1
        call.said[b"other"] = target
        call.said[b"other_channel"] = b"PJSIP/trunk-%b-%08x" % (target, int(call.said[b"channel"][-8:], 16) + 1)
        call.rows = (said.SITE_ROW % call.said, said.OTHER_ROW % call.said)
        return said.DIALS % call.said

    def site_answers(self, call: Call, talk_s: float) -> None:
        """Have a site take the call."""
        self.say(said.SITE_ANSWERED % call.said)
        self._later(talk_s, self.hang_up, call)

    def hang_up(self, call: Call) -> None:
        """End a call."""
        del self.calls[call]
        self._house.ended += 1
        if call.said[b"kind"] == b"site":
            self.at_sites[call.said[b"target"].decode()] -= 1
            self.say(said.SITE_TALKED % call.said)
            return
        call.member.last_call = b"%d" % CLOCK.now()
        self.say(said.TALKED % call.said + call.member.becomes(FREE) + said.GONE % call.said)

    def _later(self, after_s: float, work: Any, *arguments: object) -> None:  # noqa: ANN401 - any method of this
        varied = after_s if after_s <= RINGS_S else after_s * self._house.random.uniform(0.8, 1.2)
        asyncio.get_running_loop().call_later(max(0.0, varied), work, *arguments)

    # --- what there is when it begins ---------------------------------------------------------------------------------

    def preset(self, kind: str, number: int) -> None:
        """Have a call be under way already: `waiting` or `talking` at a queue, or at a `site`."""
        size, part = self._size, self._house.random.random()
        if kind == "site":
            target = number % SITES
            call = self.new_call(site_number(target).encode())
            self._presumed(call, b"orders%d" % target, b"site", b"site%d" % target)
            self._dialled(call)
            self._house.begin.append(partial(self._later, part * size.site_talk_s, self.hang_up, call))
            return
        at = number % len(self.queues)
        call = self.new_call(self.numbers[at])
        call.queue = self.queues[at]
        of = call.queue.name.removeprefix(b"queue")
        self._presumed(call, b"service%b" % of, b"queue", b"desk%b" % of)
        self._joined(call, CLOCK.steady())
        if kind == "waiting":
            self._house.begin.append(partial(self._later, part * size.wait_s, self.ring, call, size.talk_s))
            return
        nearest = self.queues[at:] + self.queues[:at]
        member = next(each for queue in nearest for each in queue.members if each.status == FREE)
        if call.queue not in member.queues:
            call.queue.waiting.pop(call)
            call.queue = member.queues[0]
            self._joined(call, CLOCK.steady())
        self._rings(call, member)
        self._talks(call)
        self._house.begin.append(partial(self._later, part * size.talk_s, self.hang_up, call))

    def _presumed(self, call: Call, service: bytes, kind: bytes, target: bytes) -> None:
        call.said |= {b"decision": b"d0", b"service": service, b"rule": b"otherwise", b"kind": kind, b"target": target}
        self.calls[call] = None

    # --- listings -----------------------------------------------------------------------------------------------------

    def queue_rows(self) -> list[bytes]:
        """Return the rows of QueueStatus."""
        rows: list[bytes] = []
        now = CLOCK.steady()
        for queue in self.queues:
            rows.append(said.QUEUE_ROW % {b"queue": queue.name})
            rows += [member.told(said.MEMBER_ROW, queue) for member in queue.members]
            for position, call in enumerate(queue.waiting, 1):
                where = {b"position": b"%d" % position, b"wait": b"%d" % (now - call.joined_at)}
                rows.append(said.ENTRY_ROW % {**call.said, **where})
        return rows

    def call_rows(self) -> list[bytes]:
        """Return the rows of Status."""
        return [row for call in self.calls for row in call.rows]
