"""The PABXs of a house, in a process of their own: they speak AMI, and ask for each call over FastAGI.

Told by lines on stdin: `go` has calls come, `told` prints what there was since the last time as JSON, `cut` breaks all
links off; its end ends the process. First come the ports, as JSON.
"""

import asyncio
import json
import random
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import uvloop

from ccrouter.clock import SystemClock
from scale_run import said
from scale_run.asking import Ask
from scale_run.link import Answers, Link
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


@dataclass(slots=True, eq=False)
class Call:
    """A call; `rows` is what the listing of channels tells of it."""

    said: Said
    queue: Queue | None = None
    member: Member | None = None
    joined_at: float = 0.0
    rows: tuple[bytes, ...] = ()


class Pabx(Answers):
    """One Asterisk, with its part of the queues, positions and calls."""

    def __init__(self, number: int, size: Size, house: "House") -> None:
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
            b"since": b"%.3f" % CLOCK.now(),
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
        assert call.queue is not None
        call.queue.waiting[call], call.joined_at = None, at
        call.said[b"queue"] = call.queue.name
        call.said[b"position"] = call.said[b"count"] = b"%d" % len(call.queue.waiting)
        call.rows = (said.WAITING_ROW % call.said,)
        return said.JOINS % call.said

    def ring(self, call: Call, talk_s: float) -> None:
        """Have a free position ring for a caller who waits, as soon as there is one."""
        queue = call.queue
        assert queue is not None
        free = [member for member in queue.members if member.status == FREE]
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
        queue, member = call.queue, call.member
        assert queue is not None
        assert member is not None
        call.said[b"position"] = b"%d" % (list(queue.waiting).index(call) + 1)
        del queue.waiting[call]
        call.said[b"count"] = b"%d" % len(queue.waiting)
        call.rows = (said.TALKING_ROW % call.said, said.OTHER_ROW % call.said)
        return said.ANSWERED % call.said + member.becomes(TALKS, queue)

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
        if call.member is None:
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
        member = next(
            (each for queue in self.queues[at:] + self.queues[:at] for each in queue.members if each.status == FREE)
        )
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


class House:
    """All PABXs, and the calls that come."""

    def __init__(self, size: Size, agi_port: int) -> None:
        self.random = random.Random(1)  # noqa: S311 - chosen to be repeatable
        self.begin: list[partial[None]] = []
        self.ended = 0
        self.waits_ms: deque[float] = deque()
        self.unanswered = 0
        self.came = 0
        self._size = size
        self._agi_port = agi_port
        self.pabxs = [Pabx(number, size, self) for number in range(size.pabxs)]
        for kind, count in (("talking", size.talking), ("waiting", size.waiting), ("site", size.at_sites)):
            for number in range(count):
                self.pabxs[number % size.pabxs].preset(kind, number // size.pabxs)

    async def listen(self) -> list[int]:
        """Take links, and return the port of each PABX."""
        loop = asyncio.get_running_loop()
        servers = [await loop.create_server(partial(Link, pabx), "127.0.0.1", 0) for pabx in self.pabxs]
        return [server.sockets[0].getsockname()[1] for server in servers]

    def go(self) -> None:
        """Have calls end, and others come."""
        for each in self.begin:
            each()
        self._come(asyncio.get_running_loop().time())

    def _come(self, at: float) -> None:
        loop, size = asyncio.get_running_loop(), self._size
        if size.per_s:
            loop.call_at(at + 1 / size.per_s, self._come, at + 1 / size.per_s)
            self._call()

    def _call(self) -> None:
        """Have a call come: to a queue and to a site by turns."""
        size = self._size
        which, to_site = divmod(self.came, 2)
        self.came += 1
        pabx = self.pabxs[which % size.pabxs]
        number = site_number(which % SITES).encode() if to_site else pabx.numbers[which // size.pabxs % len(pabx.queues)]
        call = pabx.new_call(number)
        call.said[b"key"] = pabx.key

        def done(plan: Sequence[bytes] | None, took_s: float) -> None:
            if plan is None:
                self.unanswered += 1
                return
            self.waits_ms.append(1000 * took_s)
            pabx.begin(call, plan, size.wait_s, size.site_talk_s if plan[3] == b"site" else size.talk_s)

        Ask.begin(self._agi_port, said.REQUEST % call.said, done)

    def told(self) -> dict[str, Any]:
        """Return what there was since the last time."""
        found = {
            "came": len(self.waits_ms),
            "unanswered": self.unanswered,
            "ended": self.ended,
            "events": sum(pabx.events for pabx in self.pabxs),
            "in_progress": sum(len(pabx.calls) for pabx in self.pabxs),
            "withdrawn": sum(pabx.withdrawn for pabx in self.pabxs),
            "waits_ms": list(self.waits_ms),
        }
        self.waits_ms.clear()
        self.unanswered = self.ended = 0
        for pabx in self.pabxs:
            pabx.events = 0
        return found

    def cut(self) -> None:
        """Break all links off."""
        for pabx in self.pabxs:
            pabx.cut()


async def serve(size: Size, agi_port: int) -> None:
    """Do what stdin says until it ends."""
    house = House(size, agi_port)
    say(await house.listen())
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        if line == b"go\n":
            house.go()
        elif line == b"cut\n":
            house.cut()
        elif line == b"told\n":
            say(house.told())


def say(told: object) -> None:
    """Tell one thing."""
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Serve a house of the size that is told."""
    size, agi_port = json.loads(sys.argv[1]), int(sys.argv[2])
    uvloop.run(serve(Size(**size), agi_port))


if __name__ == "__main__":
    main()
