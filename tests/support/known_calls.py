"""A scene of known calls in a real house: what became of each is counted by callers, positions and sites themselves."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Final

from ccrouter.clock import SystemClock
from phones import FOREVER_MS, Call, Callee, Callers, Placed
from support.real_house import HousePlan, RealHouse, at_rest, queue_in

ROUTING: Final = """
timezone: Europe/Paris
calendars:
  office: {hours: "00:00-24:00"}
sites:
  desk: {in_house: {queue: desk, max_wait: 20s}}
  late: {in_house: {queue: late, max_wait: 20s}}
  crowd: {in_house: {queue: crowd, max_wait: 20s}}
  slow: {in_house: {queue: slow, max_wait: 20s}}
  tunis:
    external: {dial: PJSIP/33100@trunk-tunis, answer_within: 5s, tariff: {per_call: 0.10 EUR, per_minute: 6 EUR}}
  small: {external: {dial: PJSIP/33200@trunk-small, answer_within: 5s, max_calls: 1}}
  refusing: {external: {dial: PJSIP/33300@trunk-refusing, answer_within: 5s}}
  gone: {external: {dial: PJSIP/33400@trunk-gone, answer_within: 5s}}
  backup: {external: {dial: PJSIP/33500@trunk-backup, answer_within: 5s, tariff: {per_call: 1 CHF}}}
messages:
  closed: {play: please-try-call-later}
modes: {crisis: {ends_after: 4h}}
numbers:
  "0800 000 101": {service: in time}
  "0800 000 102": {service: late}
  "0800 000 103": {service: outside}
  "0800 000 104": {service: given up}
  "0800 000 105": {service: shut}
  "0800 000 106": {service: full}
  "0800 000 107": {service: peak}
  "0800 000 108": {service: too long}
  "0800 000 109": {service: dead site}
  "0800 000 110": {service: failing}
  "0800 000 111": {service: shared}
  "0800 000 112": {service: crisis}
  "0800 000 113": {service: overridden}
services:
  in time:
    service_level: {answered_within: 1s, target: 80%, short_abandon: 1s}
    rules: [{name: open, when: {open: office}, to: [desk, closed]}]
    otherwise: closed
  late:
    service_level: {answered_within: 1s, target: 90%, short_abandon: 1s}
    otherwise: [late, closed]
  outside:
    service_level: {answered_within: 1s, target: 90%, short_abandon: 1s}
    otherwise: [tunis, closed]
  given up:
    service_level: {answered_within: 1s, target: 90%, short_abandon: 1s}
    otherwise: [crowd, closed]
  shut:
    otherwise: closed
  full:
    otherwise: [small, closed]
  peak:
    service_level: {answered_within: 1s, target: 90%, short_abandon: 1s}
    rules: [{name: peak, when: {waiting: {queue: crowd, at_least: 1}}, to: [tunis, closed]}]
    otherwise: [crowd, closed]
  too long:
    service_level: {answered_within: 1s, target: 90%, short_abandon: 1s}
    otherwise: [slow, closed]
    while_waiting: [{name: too long, when: {waited: 1s}, to: tunis}]
  dead site:
    otherwise: [gone, desk, closed]
  failing:
    otherwise: [refusing, desk, closed]
  shared:
    rules: [{name: half and half, to: [{share: {desk: 50, tunis: 50}}]}]
    otherwise: closed
  crisis:
    rules: [{name: crisis, when: {mode: crisis}, to: [backup, closed]}]
    otherwise: [desk, closed]
  overridden:
    otherwise: [desk, closed]
"""

HOUSE: Final = HousePlan(
    routing=ROUTING,
    sites={
        "tunis": {"answer_ms": 20, "talk_ms": 600},
        "small": {"answer_ms": 20, "talk_ms": 9000},
        "refusing": {"status": 503},
        "backup": {"answer_ms": 20, "talk_ms": 600},
    },
    dead=("gone",),
    queues=("desk", "late", "crowd", "slow"),
    positions=16,
    site_rtp_timeout_s=20,
    pabx_files={"queues.conf": "\n[crowd](+)\ntimeout = 1\n"},
    compiled=True,
)

NUMBERS: Final = {
    service: "".join(filter(str.isdigit, number))
    for number, service in re.findall(r'"([\d ]+)": \{service: ([a-z ]+)\}', ROUTING)
}
IN_TIME_S: Final = 1.0
DESKS: Final = 9
WITHIN_S: Final = 30.0
LOOK_AGAIN_S: Final = 0.05
Scrape = Mapping[str, list[tuple[dict[str, str], float]]]
"""The samples of each name: their labels and values."""


@dataclass(frozen=True, slots=True)
class Met:
    """What one caller met, and who took the call: names of sites, in order."""

    placed: Placed
    takers: tuple[str, ...]

    @property
    def gave_up(self) -> bool:
        """Tell whether the caller hung up before any answer."""
        return "gave-up" in self.placed.names

    @property
    def refused(self) -> bool:
        """Tell whether the caller heard a last message, and nobody took the call."""
        return not self.takers and not self.gave_up

    @property
    def waited_s(self) -> float:
        """Return the time to the answer, or to the end of the caller's patience."""
        return self.placed.after_s("gave-up" if self.gave_up else "200")


@dataclass(frozen=True, slots=True)
class Talk:
    """A talk as a position or a site counted it."""

    at: str
    caller: str
    seconds: float


@dataclass(slots=True)
class Known:
    """All that is known of the scene.

    Attributes:
        met: what callers met, by service.
        talks: of positions and sites, in the names of sites.
        dialled: invitations that reached each external site.
        withdrawn: how many were taken out of a queue, as their PABX tells.
        before, during, talking, after: what was scraped: before any call; while one caller waits and another talks to a
            site; while positions talk; and when all is over.
        version: of the routing file.
        began_at: when the scene began, seconds since 1970.

    """

    met: dict[str, list[Met]] = field(default_factory=dict)
    talks: list[Talk] = field(default_factory=list)
    dialled: Counter[str] = field(default_factory=Counter)
    withdrawn: int = 0
    before: Scrape = field(default_factory=dict)
    during: Scrape = field(default_factory=dict)
    talking: Scrape = field(default_factory=dict)
    after: Scrape = field(default_factory=dict)
    version: str = ""
    began_at: float = 0.0

    @property
    def calls(self) -> int:
        """Return how many calls there were."""
        return sum(map(len, self.met.values()))

    def grew(self, name: str, **labels: str) -> float:
        """Return by how much the series of a counter with these labels grew together from before to after."""
        return total(self.after, name, **labels) - total(self.before, name, **labels)

    def cost(self, site: str, per_call: float, per_minute: float) -> float:
        """Return what the talks at a site cost."""
        return sum(per_call + per_minute * ceil(talk.seconds) / 60 for talk in self.talks if talk.at == site)


def total(scrape: Scrape, name: str, **labels: str) -> float:
    """Return the sum of the series of a name with these labels, whatever their others are."""
    return sum(value for _, value in series(scrape, name, **labels))


def series(scrape: Scrape, name: str, **labels: str) -> Iterator[tuple[dict[str, str], float]]:
    """Yield the series of a name with these labels: all their labels, and the value."""
    return ((told, value) for told, value in scrape.get(name, ()) if labels.items() <= told.items())


def read(samples: Mapping[str, float]) -> Scrape:
    """Return samples by their names."""
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for sample, value in samples.items():
        name, _, rest = sample.partition("{")
        found.setdefault(name, []).append((dict(re.findall(r'(\w+)="([^"]*)"', rest)), value))
    return found


class Scene:
    """Plays the calls."""

    def __init__(self, house: RealHouse) -> None:
        self.house = house
        self.known = Known()
        self._placing: list[tuple[str, Callers]] = []
        self._calls: dict[str, list[Call]] = {}

    def play(self) -> Known:
        """Play all of it; afterwards the positions still sit, and nobody talks."""
        house, known = self.house, self.known
        known.began_at = SystemClock().now()
        house.sit_down("desk", DESKS, answer_ms=20, talk_ms=600)
        house.sit_down("late", 2, answer_ms=1500, talk_ms=300)
        for queue in ("crowd", "slow"):
            house.sit_down(queue, answer_ms=FOREVER_MS)
        with self._paused_position(), self._steered():
            known.before = read(house.daemon.metrics())
            self._crowd()
            self._call("in time", 4, per_s=5)
            self._call("outside", 3, per_s=5)
            self._call("shut", 2)
            self._call("dead site", 2, per_s=5)
            self._call("failing", 1)
            self._call("shared", 4, per_s=5)
            self._call("crisis", 2)
            self._call("overridden", 1)
            known.talking = self._scraped(lambda scrape: total(scrape, "ccrouter_queue_positions", state="talking") > 0)
            self._call("too long", 2)
            for _ in range(2):
                self._call("late", 1)
                self._wait("late")
            self._wait()
            house.daemon.wait_until(at_rest)
            ended = total(known.before, "ccrouter_calls_ended_total") + known.calls
            known.after = self._scraped(
                lambda scrape: (
                    total(scrape, "ccrouter_calls_ended_total") == ended
                    and not total(scrape, "ccrouter_journal_queue_length")
                )
            )
        self._count()
        rules = house.daemon.wait_until(lambda _: True).rules
        known.version = "" if rules is None else rules.version
        return known

    # --- callers ------------------------------------------------------------------------------------------------------

    def _crowd(self) -> None:
        """Let one wait long enough to make a ghost, give two a short and two a long patience, and fill a site."""
        house = self.house
        self._call("peak", 1, patience_ms=12_000)
        house.daemon.wait_until(lambda status: queue_in(status, "crowd").waiting == 1)
        self._call("full", 1)
        self.known.during = self._scraped(
            lambda scrape: (
                total(scrape, "ccrouter_calls_answered_total", service="full") == 1
                and total(scrape, "ccrouter_queue_positions", queue="crowd", state="ringing") == 1
            )
        )
        self._call("full", 1)
        self._call("peak", 1)
        self._call("given up", 2, patience_ms=300)
        self._call("given up", 2, patience_ms=2500)

    def _call(self, service: str, count: int, *, per_s: float = 50, patience_ms: int = FOREVER_MS) -> None:
        calls = self.house.calls(NUMBERS[service], count)
        self._calls.setdefault(service, []).extend(calls)
        self._placing.append((service, self.house.start(calls, per_s=per_s, patience_ms=patience_ms)))

    def _wait(self, service: str = "") -> None:
        """Wait until the calls of a service, or all, are over."""
        for of, callers in self._placing:
            if service in {"", of}:
                takers = self.house.takers(callers.calls) if callers.wait() else []
                self.known.met.setdefault(of, []).extend(
                    Met(placed, tuple(took)) for placed, took in zip(callers.wait(), takers, strict=True)
                )
        self._placing = [each for each in self._placing if service not in {"", each[0]}]

    def _scraped(self, holds: Callable[[Scrape], bool]) -> Scrape:
        """Return the first scrape that is as wanted."""
        daemon, clock = self.house.daemon, SystemClock()
        until = clock.steady() + WITHIN_S
        while not holds(scrape := read(daemon.metrics())):
            assert clock.steady() < until, "the metrics are not as wanted"
            with daemon.news:  # a new line in its log is a good moment to look again
                daemon.news.wait(LOOK_AGAIN_S)
        return scrape

    # --- steering -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _paused_position(self) -> Iterator[None]:
        house = self.house
        name = house.free_positions[0]
        house.sit_down("desk", answer_ms=20)
        house.listener.ask("QueuePause", Queue="desk", Interface=f"PJSIP/{name}", Paused="true", Reason="lunch")
        house.daemon.wait_until(lambda status: queue_in(status, "desk").paused == 1)
        try:
            yield
        finally:
            house.listener.ask("QueuePause", Queue="desk", Interface=f"PJSIP/{name}", Paused="false")

    @contextmanager
    def _steered(self) -> Iterator[None]:
        daemon = self.house.daemon
        daemon.switch("crisis", on=True)
        number = NUMBERS["overridden"]
        said = daemon.command("override", "set", number, "backup", "closed", "--for", "1h", "--reason", "a test")
        try:
            yield
        finally:
            daemon.switch("crisis", on=False)
            daemon.command("override", "cancel", said.partition(":")[0], "--reason", "a test")

    # --- what positions and sites counted -----------------------------------------------------------------------------

    def _count(self) -> None:
        house, known = self.house, self.known
        for name, site in house.sites.items():
            known.dialled[name] = len(site.received())
            known.talks += self._talks(name, site)
        for queue, callees in house.seated.items():
            for callee in callees:
                known.talks += self._talks(queue, callee)
        known.withdrawn = sum(
            step.endswith("-> withdraw 0")
            for calls in self._calls.values()
            for call in calls
            for step in house.steps(call)
        )

    def _talks(self, name: str, callee: Callee) -> Iterator[Talk]:
        for received in callee.received():
            if received.answered:
                signs = dict(received.signs)
                ended = signs.get("hung-up", signs.get("bye"))
                assert ended is not None
                yield Talk(name, received.caller, ended - signs["answered"])
