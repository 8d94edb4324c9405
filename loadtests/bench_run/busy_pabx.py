"""A scripted PABX with many calls in progress, as a process of its own: its listings are those of a real Asterisk.

The rows are recorded ones (tests/replay/data), one for each channel, position and caller. A fifth of the callers wait,
a fifth talk to positions, the others are at a site outside; a call that was answered has two channels. The listings are
made beforehand, so that what is measured is the router and not this script.
"""

import argparse
import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from small_pabx import END_WITH_US
from support.ami import sample, written
from support.ami_peer import AmiPeer, Caller, Order

QUEUES: Final = tuple(f"queue{n}" for n in range(10))
SITE: Final = "tunis"
NUMBER: Final = "0800123456"
WAITING, TALKING = 0.2, 0.2
"""Of all callers; the others are at the site."""

JOINED: Final = 1795299280
ID: Final = b"@the-id-of-the-order@"

ROUTING: Final = f"""\
timezone: Europe/Paris
sites:
{"".join(f"  house {queue}: {{in_house: {{queue: {queue}, max_wait: 1h}}}}" + chr(10) for queue in QUEUES)}\
  {SITE}: {{external: {{dial: PJSIP/+21671000000@trunk-{SITE}, answer_within: 25s, max_calls: 100000}}}}
messages: {{closed: {{play: ccrouter/closed}}}}
numbers: {{"{NUMBER}": {{service: support}}}}
services:
  support:
    rules:
      - {{name: peak, when: {{waiting: {{queue: {QUEUES[0]}, at_least: 5, until_below: 3}}}}, to: [{SITE}, closed]}}
    otherwise: [house {QUEUES[0]}, {SITE}, closed]
"""


@dataclass(frozen=True, slots=True)
class Busy:
    """How busy it is.

    Attributes:
        waiting, talking, outside: callers in queues, with positions, and at the site.

    """

    waiting: int
    talking: int
    outside: int

    @property
    def calls(self) -> int:
        """Return how many calls are in progress."""
        return self.waiting + self.talking + self.outside

    @classmethod
    def with_calls(cls, calls: int) -> "Busy":
        """Share this many calls out."""
        waiting, talking = round(calls * WAITING), round(calls * TALKING)
        return cls(waiting, talking, calls - waiting - talking)


def queue_status(busy: Busy) -> list[dict[str, str]]:
    """Return the rows of QueueStatus: every position talks, and callers wait behind it."""
    rows: list[dict[str, str]] = []
    for n, queue in enumerate(QUEUES):
        of = {"Queue": queue}
        rows.append({**sample(22, "QueueParams"), **of})
        for position in range(n, busy.talking, len(QUEUES)):
            name = f"PJSIP/position{position}"
            who = {"Location": name, "Name": name, "StateInterface": name, "InCall": "1", "Status": "2"}
            rows.append({**sample(22, "QueueMember"), **of, **who})
        for rank, caller in enumerate(range(n, busy.waiting, len(QUEUES)), 1):
            who = {"Position": str(rank), "Channel": _channel(caller), "Uniqueid": _uniqueid(caller)}
            rows.append({**sample(22, "QueueEntry"), **of, **who})
    return rows


def status(busy: Busy) -> list[dict[str, str]]:
    """Return the rows of Status: a channel for each caller, and one for whom they talk to."""
    waits = sample(22, "Status", ChannelStateDesc="Ring", Context="ccrouter-run", Application="Queue")
    talks = sample(22, "Status", ChannelStateDesc="Up", Context="ccrouter-run", Application="Queue")
    answers = sample(22, "Status", ChannelStateDesc="Up", Application="AppQueue")
    rows: list[dict[str, str]] = []
    for caller in range(busy.waiting + busy.talking + busy.outside):
        queue = QUEUES[caller % len(QUEUES)]
        outside = caller >= busy.waiting + busy.talking
        step = f"site|{SITE}|PJSIP/{SITE}|25|0|pass" if outside else f"queue|house {queue}|{queue}|90"
        bridge = f"367514e4-17c9-40e2-9401-{caller:012}"
        told = {
            "CCROUTER_NUMBER": NUMBER,
            "CCROUTER_PLAN": f"v1|d{caller:024}|support|otherwise||position|0|&{step}&play|busy|all-circuits-busy-now",
            "CCROUTER_STEP": f"1|{JOINED}031|{step}",
        }
        own = {
            "Channel": _channel(caller),
            "Uniqueid": _uniqueid(caller),
            "Linkedid": _uniqueid(caller),
            "Variable": "\r\nVariable: ".join(f"{name}={value}" for name, value in told.items()),
        }
        if caller < busy.waiting:
            rows.append({**waits, **own})
            continue
        rows.append({**talks, **own, "BridgeID": bridge})
        place = f"trunk-{SITE}" if outside else f"position{caller - busy.waiting}"
        other = {"Channel": f"PJSIP/{place}-{caller:08x}", "Uniqueid": f"{JOINED}.{100_000 + caller}"}
        rows.append({**answers, **other, "Linkedid": _uniqueid(caller), "BridgeID": bridge})
    return rows


def _channel(caller: int) -> str:
    return f"PJSIP/carrier-{caller:08x}"


def _uniqueid(caller: int) -> str:
    return f"{JOINED}.{caller}"


class Listing:
    """A listing that is ready to be sent."""

    def __init__(self, rows: list[dict[str, str]]) -> None:
        self._rows = len(rows)
        self._bytes = b"".join(written({**row, "ActionID": ID.decode()}) for row in rows)

    def __call__(self, call: Caller, order: Order) -> None:
        """Answer an order with it."""
        call.begin_list(order)
        call.say(self._bytes.replace(ID, order["ActionID"].encode()))
        call.end_list(order, self._rows)


async def _serve(calls: int, port: int) -> None:
    busy = Busy.with_calls(calls)
    peer = AmiPeer(port=port)
    peer.replies = {"QueueStatus": Listing(queue_status(busy)), "Status": Listing(status(busy))}
    async with peer:
        sys.stdout.write(f"{peer.port}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


@dataclass(frozen=True, slots=True)
class BusyPabx:
    """A scripted PABX that runs."""

    port: int
    busy: Busy


@contextmanager
def busy_pabx(calls: int) -> Iterator[BusyPabx]:
    """Run a PABX with this many calls in progress."""
    command = [*END_WITH_US, sys.executable, "-m", "bench_run.busy_pabx", str(calls)]
    told, speaks = os.pipe()
    with os.fdopen(told) as said, subprocess.Popen(command, stdout=speaks) as process:  # noqa: S603 - our own
        os.close(speaks)
        try:
            yield BusyPabx(int(said.readline()), Busy.with_calls(calls))
        finally:
            process.kill()


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("calls", type=int)
    options.add_argument("--port", type=int, default=0)
    given = options.parse_args()
    asyncio.run(_serve(given.calls, given.port))
