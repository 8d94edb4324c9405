"""What is true now, twice: as the PABX's own console shows it, and as ccrouter sees it, to be compared item by item."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from ccrouter.live.lifecycle import Phase
from ccrouter.live.state import State
from support.listener import Listener

CONSOLE_USER: Final = "console"
CONSOLE_SECRET: Final = "of-a-test-on-the-loopback"  # noqa: S105 - of nothing but a test
CONSOLE: Final = f"""
[{CONSOLE_USER}]
secret = {CONSOLE_SECRET}
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.1/255.255.255.255
read =
write = command
"""
"""For manager.conf: who may read the PABX's console, which ccrouter itself may not."""

QUEUE: Final = re.compile(r"(\S+) has \d+ calls ")
MEMBER: Final = re.compile(r"\s+(?:(?P<name>\S+) \()?(?P<interface>PJSIP/[^\s)]+)\)? .*")
CALLER: Final = re.compile(r"\s+(\d+)\. (\S+) \(wait: ")
GROUP: Final = re.compile(r"(\S+)\s+(\S+)\s+ccrouter\s*")
DEVICES: Final = {
    "Unknown": "unknown",
    "Not in use": "not_in_use",
    "In use": "in_use",
    "Busy": "busy",
    "Invalid": "invalid",
    "Unavailable": "unavailable",
    "Ringing": "ringing",
    "Ring+Inuse": "ring_in_use",
    "On Hold": "on_hold",
}
DIALLED: Final = frozenset({Phase.DIALLING, Phase.TALKING})
QUEUED: Final = frozenset({Phase.ENTERING, Phase.WAITING, Phase.LEAVING, Phase.TALKING})


@dataclass(frozen=True, slots=True)
class Seat:
    """A position: the state of its telephone, paused, in a call."""

    device: str
    paused: bool
    in_call: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """What is true of a PABX.

    Attributes:
        waiting: channels of the callers of each queue, in their order.
        seats: positions by queue and interface.
        at_sites: channels of the calls at each external site.
        queued: channels of the calls that a queue's step has: they wait, or talk with a position.

    """

    waiting: Mapping[str, tuple[str, ...]]
    seats: Mapping[tuple[str, str], Seat]
    at_sites: Mapping[str, frozenset[str]]
    queued: frozenset[str]

    def differences(self, other: "Picture") -> Iterator[str]:
        """Yield the items that differ from those of another picture."""
        for what in ("waiting", "seats", "at_sites"):
            ours, theirs = getattr(self, what), getattr(other, what)
            for key in sorted({*ours, *theirs}):
                if ours.get(key) != theirs.get(key):
                    yield f"{what} {key}: {ours.get(key)} here, {theirs.get(key)} there"
        if self.queued != other.queued:
            yield f"queued: {sorted(self.queued - other.queued)} here, {sorted(other.queued - self.queued)} there"


class Console:
    """The PABX's console, over AMI by a user who may."""

    def __init__(self, ami_port: int) -> None:
        self._session = Listener(ami_port, CONSOLE_USER, CONSOLE_SECRET)

    def close(self) -> None:
        """Leave."""
        self._session.close()

    def picture(self) -> Picture:
        """Return what `queue show`, `group show channels` and `core show channels concise` print."""
        waiting, seats = _queues(self._lines("queue show"))
        return Picture(waiting, seats, self._groups(), self._queued())

    def _lines(self, command: str) -> list[str]:
        """Return what a command prints; its answer repeats the field Output for each line."""
        answer = self._session.ask("Command", Command=command)
        place = next(n for n in range(len(self._session.events) - 1, -1, -1) if self._session.events[n] is answer)
        return [line[8:] for line in self._session.raw[place].split("\r\n") if line.startswith("Output: ")]

    def _groups(self) -> dict[str, frozenset[str]]:
        sites = defaultdict(set)
        for line in self._lines("group show channels"):
            found = GROUP.fullmatch(line)
            if found is not None:
                sites[unquote(found[2])].add(found[1])
        return {site: frozenset(channels) for site, channels in sites.items()}

    def _queued(self) -> frozenset[str]:
        rows = [line.split("!") for line in self._lines("core show channels concise")]
        return frozenset(row[0] for row in rows if row[5:6] == ["Queue"])


def _queues(lines: list[str]) -> tuple[dict[str, tuple[str, ...]], dict[tuple[str, str], Seat]]:
    waiting: dict[str, tuple[str, ...]] = {}
    seats: dict[tuple[str, str], Seat] = {}
    queue = ""
    for line in lines:
        if found := QUEUE.match(line):
            queue = found[1]
        elif found := CALLER.match(line):
            waiting[queue] = (*waiting.get(queue, ()), found[2])
        elif found := MEMBER.fullmatch(line):
            [device] = [word for shown, word in DEVICES.items() if f"({shown})" in line]
            seats[queue, found["interface"]] = Seat(device, "(paused" in line, "(in call)" in line)
    return waiting, seats


def seen(state: State) -> Picture:
    """Return what ccrouter sees."""
    waiting: dict[str, tuple[str, ...]] = {}
    for caller in state.waiting():
        waiting[caller.queue] = (*waiting.get(caller.queue, ()), caller.channel)
    at_sites = defaultdict(set)
    queued = set()
    for call in state.calls():
        if call.step == "site" and call.phase in DIALLED:
            at_sites[call.target].add(call.channel)
        elif call.step == "queue" and call.phase in QUEUED:
            queued.add(call.channel)
    return Picture(
        waiting=waiting,
        seats={
            (position.queue, position.interface): Seat(str(position.device), position.paused, position.in_call)
            for _, position in state.positions()
        },
        at_sites={site: frozenset(channels) for site, channels in at_sites.items()},
        queued=frozenset(queued),
    )
