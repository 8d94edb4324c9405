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
from functools import partial
from typing import Any

import uvloop

from scale_run import said
from scale_run.asking import Ask
from scale_run.link import Link
from scale_run.pabx import Household, Pabx
from scale_run.size import SITES, Size, site_number


class House:
    """All PABXs, and the calls that come."""

    def __init__(self, size: Size, agi_port: int) -> None:
        self.household = Household(random.Random(1))  # noqa: S311 - chosen to be repeatable
        self.waits_ms: deque[float] = deque()
        self.unanswered = 0
        self.came = 0
        self._size = size
        self._agi_port = agi_port
        self.pabxs = [Pabx(number, size, self.household) for number in range(size.pabxs)]
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
        for each in self.household.begin:
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
        number = (
            site_number(which % SITES).encode() if to_site else pabx.numbers[which // size.pabxs % len(pabx.queues)]
        )
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
            "ended": self.household.ended,
            "events": sum(pabx.events for pabx in self.pabxs),
            "in_progress": sum(len(pabx.calls) for pabx in self.pabxs),
            "withdrawn": sum(pabx.withdrawn for pabx in self.pabxs),
            "waits_ms": list(self.waits_ms),
        }
        self.waits_ms.clear()
        self.unanswered = self.household.ended = 0
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
