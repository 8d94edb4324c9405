"""The whole picture, as `ccrouter status` shows it: plain values that become JSON and come back from it.

Instants are seconds since 1970-01-01 UTC. None stands for what is not known.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ccrouter.routing.decision import Decision
from ccrouter.routing.destinations import Considered, External
from ccrouter.routing.facts import Facts
from ccrouter.routing.rules import Rules
from ccrouter.routing.snapshot import SitePart, Snapshot
from ccrouter.routing.trace import RuleTested


@dataclass(frozen=True, slots=True)
class CompiledStatus:
    """What a PABX has in force of the compiled rules.

    Attributes:
        version: empty for none, None where it does not tell.
        newest: it is the one that is on disk.
        until: of the newest, the first day of which it knows no more than the weekday: 2028-11-30.

    """

    version: str | None
    newest: bool = False
    until: str | None = None

    @property
    def line(self) -> str:
        """Return it in a few words for people."""
        if not self.version:
            return "?" if self.version is None else "none"
        return f"{self.version}, up to {self.until}" if self.newest else f"old: {self.version}"


@dataclass(frozen=True, slots=True)
class PabxStatus:
    """One PABX and how fresh its picture is; `link` is a word for people, `version` what it says of itself.

    `on_duty`: this router does there what only one of two may do, such as to withdraw callers who wait.
    `compiled`: None where the settings ask for no compiled rules.
    """

    name: str
    link: str
    in_sync: bool
    heard_age_s: float | None
    version: str = ""
    reason: str = ""
    on_duty: bool = False
    compiled: CompiledStatus | None = None


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """One queue; `fresh` is False where the figures are the last ones known of a PABX that is silent now."""

    pabx: str
    name: str
    fresh: bool
    waiting: int
    longest_wait_s: float | None
    estimated_wait_s: float | None
    logged_in: int
    ready: int
    busy: int
    paused: int


@dataclass(frozen=True, slots=True)
class SiteStatus:
    """One external site; `max_calls` 0 stands for no limit, `parts` is empty where there is only one PABX."""

    name: str
    calls: int
    max_calls: int
    health: str
    parts: tuple[SitePart, ...] = ()


@dataclass(frozen=True, slots=True)
class ModeStatus:
    """One mode; who, why and when are empty for one that is off.

    Attributes:
        declared: False where the routing file lacks it.
        changed: False in the answer to an order that found the mode so already.
        zone: time zone whose clock its people go by.

    """

    name: str
    on: bool
    declared: bool = True
    author: str = ""
    reason: str = ""
    since: float | None = None
    until: float | None = None
    changed: bool = True
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class OverrideStatus:
    """One override, which counts while `active`, or will later.

    Attributes:
        number: as the routing file writes it.
        to: names of sites, the last perhaps that of a message.
        gone: what of it the routing file does not have any more: the number, or destinations.
        zone: time zone whose clock its people go by.

    """

    id: str
    number: str
    to: tuple[str, ...]
    since: float
    until: float
    author: str
    reason: str
    active: bool
    gone: tuple[str, ...] = ()
    zone: str = "UTC"

    @property
    def state(self) -> str:
        """Return a word for people: one that has lost its number, or all that it leads to, does nothing."""
        if self.number in self.gone or set(self.to) <= set(self.gone):
            return "no effect"
        return "active" if self.active else "coming"


@dataclass(frozen=True, slots=True)
class RulesStatus:
    """The routing file in force; `problems` are those of the last reload, when it was refused.

    `remarks` tell how the file on disk differs from what is in force, and what an admin should see to.
    """

    file: str
    version: str
    loaded_at: float
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DecisionStatus:
    """A decision of late, without its caller; `reason` is the test that made its rule match."""

    id: str
    at: float
    pabx: str
    number: str
    service: str
    rule: str
    destination: str
    reason: str
    waited_s: float | None


@dataclass(frozen=True, slots=True)
class DegradedStatus:
    """A degraded state that is on, by its name in docs/operations.md.

    Attributes:
        pabx: of which PABX; empty where it is about ccrouter itself.
        calls: what calls get meanwhile.

    """

    state: str
    pabx: str
    since: float
    why: str
    calls: str

    @property
    def line(self) -> str:
        """Return it in one line for people."""
        return f"{self.state}{f' ({self.pabx})' if self.pabx else ''}: {self.why}"


@dataclass(frozen=True, slots=True)
class WebhookStatus:
    """A webhook, and how it fares.

    Attributes:
        host: where it listens; its whole address is nobody's business but the settings'.
        events: kinds that it is told of.
        services: of calls of these alone; empty for all.
        state: well; failing; stopped (it wants no more); standby (the other router tells it).
        since: when it began to fail.
        why: what it answered last, or why nothing can be told; empty when well.
        waiting: events that it has not been told yet; `oldest_at` is when the oldest of them happened.

    """

    name: str
    host: str
    events: tuple[str, ...]
    state: str
    since: float | None
    why: str
    waiting: int
    oldest_at: float | None
    services: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """Return in one line for people what is wrong; empty when well."""
        if self.state in {"well", "standby"} and not self.why:
            return ""
        return f"{self.name}: {self.state}, {self.why or 'for no reason that is known'}; {self.waiting} events wait"


@dataclass(frozen=True, slots=True)
class Status:
    """All of it.

    Attributes:
        totals: counts since the start, by the words of the metrics.
        not_ready: empty when well.
        zone: time zone whose clock people here go by.

    """

    version: str
    pid: int
    at: float
    started_at: float
    not_ready: tuple[str, ...]
    rules: RulesStatus | None
    degraded: tuple[DegradedStatus, ...] = ()
    pabxs: tuple[PabxStatus, ...] = ()
    queues: tuple[QueueStatus, ...] = ()
    sites: tuple[SiteStatus, ...] = ()
    modes: tuple[ModeStatus, ...] = ()
    overrides: tuple[OverrideStatus, ...] = ()
    decisions: tuple[DecisionStatus, ...] = ()
    totals: dict[str, int] = field(default_factory=dict)
    zone: str = "UTC"
    router: int = 1
    webhooks: tuple[WebhookStatus, ...] = ()


def queues(snapshot: Snapshot, at: float) -> tuple[QueueStatus, ...]:
    """Return the queues of all PABXs, by PABX and name."""
    facts = Facts(at, snapshot)
    return tuple(
        QueueStatus(
            pabx=pabx,
            name=name,
            fresh=facts.fresh(pabx),
            waiting=queue.waiting,
            longest_wait_s=None if queue.oldest_joined_at is None else max(0.0, at - queue.oldest_joined_at),
            estimated_wait_s=queue.estimated_wait_s,
            logged_in=queue.logged_in,
            ready=queue.ready,
            busy=queue.busy,
            paused=queue.paused,
        )
        for (pabx, name), queue in sorted(snapshot.queues.items())
    )


def sites(snapshot: Snapshot, rules: Rules | None) -> tuple[SiteStatus, ...]:
    """Return the external sites by name."""
    declared = {} if rules is None else rules.sites
    limits = {name: site.max_calls for name, site in declared.items() if isinstance(site, External)}
    return tuple(
        SiteStatus(name, site.calls, limits.get(name, 0), site.health.value, site.parts)
        for name, site in sorted(snapshot.sites.items())
    )


def recent(decisions: Iterable[Decision]) -> tuple[DecisionStatus, ...]:
    """Return decisions as they are shown, in the order given."""
    return tuple(
        DecisionStatus(
            id=each.id,
            at=each.at,
            pabx=each.call.pabx,
            number=each.number or each.call.number,
            service=each.service,
            rule=each.rule,
            destination=each.destination,
            reason=reason_of(each.trace[-1], each.considered),
            waited_s=each.call.waited_s,
        )
        for each in decisions
    )


def reason_of(rule: RuleTested, considered: Iterable[Considered]) -> str:
    """Return what was tested last for the rule that decided, with the value seen, and why destinations were passed."""
    tests = rule.tests
    # `not`, `all` and `any` see nothing themselves.
    last = next((test for test in reversed(tests) if test.seen), tests[-1] if tests else None)
    because = [] if last is None else [f"{last.text} ({last.seen})" if last.seen else last.text]
    for each in considered:
        if not each.state:
            break
        because.append(f"{each.destination} {each.state}")
    return ", ".join(because)
