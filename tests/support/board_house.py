"""A real daemon, a PABX that does what a test says, and those who follow the board."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from ccrouter.clock import SystemClock
from support.agi import request
from support.ami import sample, written
from support.ami_peer import AmiPeer, Caller
from support.office import Office, open_office
from support.sse import Follower, Merged, following

ROUTING: Final = """\
timezone: Europe/Paris
sites:
  desk: {in_house: {queue: support, max_wait: 2min}}
  tunis: {external: {dial: PJSIP/71000000@trunk-tunis, answer_within: 20s, max_calls: 5}}
messages:
  nobody: {play: vm-nobodyavail}
modes: [crisis]
numbers:
  "0800 123 456": {service: support, label: After-sales}
services:
  support:
    service_level: {answered_within: 20s, target: 80%}
    rules:
      - {name: crisis, when: {mode: crisis}, to: [tunis, nobody]}
    otherwise: [desk, tunis, nobody]
"""

MEMBER: Final = {"Queue": "support", "Interface": "PJSIP/101", "MemberName": "Anne", "StateInterface": "PJSIP/101"}


@dataclass
class BoardHouse:
    """One daemon and its PABX.

    Attributes:
        link: the daemon's connection to the PABX.
        session: asks the daemon, on its control socket.

    """

    office: Office
    peer: AmiPeer
    session: aiohttp.ClientSession
    link: Caller | None = None
    _uniqueids: "itertools.count[int]" = field(default_factory=itertools.count)

    def tell(self, what: str, **fields: str) -> float:
        """Have the PABX tell a recorded event with other values; return when."""
        assert self.link is not None
        self.link.say(written({**_recorded(what), **fields}))
        return SystemClock().steady()

    def new_uniqueid(self) -> str:
        """Return the uniqueid of one more call."""
        return f"1795297266.{next(self._uniqueids)}"

    async def call(self, uniqueid: str) -> bytes:
        """Let a call ask where to go, and return the plan."""
        asked = request(network_script=b"route/pbx", uniqueid=uniqueid.encode())
        arguments = f"agi_arg_1: 0800123456\nagi_arg_2: 0.5\nagi_arg_3: {self.office.key}\n\n".encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.office.agi_port)
        writer.write(asked.removesuffix(b"\n") + arguments)
        plan = await reader.readline()
        writer.write(b"200 result=1\n")
        writer.close()
        return plan

    async def whole_call(self) -> str:
        """Let a call come, wait, be answered by Anne, and end; return its uniqueid."""
        uniqueid = self.new_uniqueid()
        plan = (await self.call(uniqueid)).decode()
        found = re.search(r'"v1\|([^|]+)\|', plan)
        assert found is not None, plan
        step = {
            "Uniqueid": uniqueid,
            "Number": "0800123456",
            "Decision": found[1],
            "Service": "support",
            "Rule": "otherwise",
            "Step": "1",
            "Kind": "queue",
            "Target": "desk",
        }
        in_queue = {"Uniqueid": uniqueid, "Queue": "support"}
        at_anne = {**in_queue, "Interface": "PJSIP/101", "MemberName": "Anne"}
        self.tell("CCRouterStep begin", **step)
        self.tell("QueueCallerJoin", **in_queue, Position="1")
        self.tell("AgentCalled", **at_anne)
        self.tell("QueueMemberStatus", **MEMBER, Status="6")
        self.tell("QueueCallerLeave", **in_queue)
        self.tell("AgentConnect", **at_anne)
        self.tell("QueueMemberStatus", **MEMBER, Status="2", InCall="1")
        self.tell("AgentComplete", **at_anne)
        self.tell("QueueMemberStatus", **MEMBER, Status="1", InCall="0")
        self.tell("CCRouterStep end", **step, Result="answered", Cause="16", Elapsed="1000")
        self.tell("CCRouterEnd", **step, Entry="routed")
        self.tell("Hangup", Uniqueid=uniqueid, Linkedid=uniqueid)
        return uniqueid

    async def board(self) -> dict[str, Any]:
        """Return the board, without its instant."""
        async with self.session.get("http://control/board") as answer:
            assert answer.status == 200
            return {name: value for name, value in (await answer.json()).items() if name != "at"}

    @asynccontextmanager
    async def following(self, merged: Merged | None = None) -> AsyncIterator[Follower]:
        """Follow the board."""
        async with following(self.session, "http://control/stream", merged=merged) as follower:
            yield follower

    async def start(self) -> None:
        """Start the daemon, and wait until it is linked."""
        count = len(self.peer.calls) + 1
        await asyncio.to_thread(self.office.start)
        self.link = await self.peer.called(count)


def _recorded(what: str) -> dict[str, str]:
    if what != "AgentCalled":
        return sample(22, what)
    recorded = {**sample(22, "AgentConnect"), "Event": what}
    return {name: value for name, value in recorded.items() if name not in {"HoldTime", "RingTime"}}


@asynccontextmanager
async def board_house(prepare: Callable[[Office], None] = lambda _: None) -> AsyncIterator[BoardHouse]:
    """Give a house whose daemon runs; `prepare` may change its files before."""
    async with AsyncExitStack() as stack:
        peer = await stack.enter_async_context(AmiPeer())
        peer.rows["QueueStatus"] = [
            sample(22, "QueueParams"),
            {**sample(22, "QueueMember"), "Location": "PJSIP/101", "Name": "Anne", "StateInterface": "PJSIP/101",
             "InCall": "0", "Status": "1"},
        ]  # fmt: skip
        office = stack.enter_context(open_office())
        office.routing.write_text(ROUTING)
        office.write_settings(peer.port)
        prepare(office)
        connector = aiohttp.UnixConnector(str(office.control), limit=0)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        house = BoardHouse(office, peer, session)
        await house.start()
        yield house
        await asyncio.to_thread(office.daemon.close)
