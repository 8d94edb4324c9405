"""A small world for decisions: sites, calendars and facts made by hand."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ccrouter.routing.call import Call
from ccrouter.routing.destinations import Destination, External, InHouse, Leg, Message
from ccrouter.routing.facts import Facts
from ccrouter.routing.plan import PlayStep, Treatment
from ccrouter.routing.rule import Rule
from ccrouter.routing.rules import Number, Rules, Service
from ccrouter.routing.snapshot import Health, PabxFacts, QueueFacts, SiteFacts, Snapshot

NOON = 1_795_255_200.0  # 2026-11-21 10:00 UTC, a Saturday


@dataclass(frozen=True)
class Switch:
    """A calendar that is open or closed for good."""

    name: str
    opened: bool

    def is_open(self, at: datetime) -> bool:  # noqa: ARG002 - whatever the instant
        """Give the fixed answer."""
        return self.opened

    def next_change(self, at: datetime) -> datetime | None:  # noqa: ARG002 - whatever the instant
        """Never change."""
        return None


class World:
    """Three sites and a message, rules and facts around them."""

    paris = InHouse("paris", "support", 90)
    tunis = External("tunis", "PJSIP/+21671000000@trunk-tunis", 25, max_calls=30)
    backup = External("backup", "PJSIP/+33155000000@trunk-backup", 20, max_calls=12)
    closed = Message("closed", PlayStep("closed", "ccrouter/closed"))
    at = NOON

    def legs(self, *names: str) -> tuple[Destination, ...]:
        """Return destinations by name."""
        return tuple(self.closed if name == "closed" else Leg(getattr(self, name)) for name in names)

    def rules(
        self,
        *rules: Rule,
        otherwise: Iterable[Destination] | None = None,
        while_waiting: tuple[Rule, ...] = (),
        treatment: Treatment | None = None,
    ) -> Rules:
        """Return rules of one service, reached by 0800123456."""
        treatment = treatment or Treatment()
        service = Service(
            "support",
            rules,
            tuple(otherwise) if otherwise is not None else self.legs("paris", "tunis", "closed"),
            self.closed,
            while_waiting,
            treatment,
        )
        number = Number("0800 123 456", service, treatment)
        unknown = Service("unknown", (), (Message("unassigned", PlayStep("unassigned", "ss-noservice")),), self.closed)
        return Rules("v", {"0800123456": number}, {"support": service}, unknown)

    def queue(self, *, waiting: int = 0, logged_in: int = 4, ready: int = 4, ewt: float | None = None) -> QueueFacts:
        """Return the facts of the queue in Paris."""
        return QueueFacts("pbx", "support", waiting, None, logged_in, ready, logged_in - ready, 0, ewt)

    def facts(
        self,
        *,
        at: float | None = None,
        queue: QueueFacts | None = None,
        calls: dict[str, int] | None = None,
        down: Iterable[str] = (),
        modes: Iterable[str] = (),
        heard_at: float | None = None,
    ) -> Facts:
        """Return a full and fresh picture, but for what is said."""
        at = self.at if at is None else at
        calls = calls or {}
        sites = {
            name: SiteFacts(name, calls.get(name, 0), Health.DOWN if name in set(down) else Health.UP)
            for name in ("paris", "tunis", "backup")
        }
        pabx = PabxFacts("pbx", in_sync=True, heard_at=at if heard_at is None else heard_at)
        snapshot = Snapshot(at, {"pbx": pabx}, {("pbx", "support"): queue or self.queue()}, sites)
        return Facts(at, snapshot, frozenset(modes))

    def call(self, number: str = "0800123456", **details: str | float | None) -> Call:
        """Return a call on the PABX."""
        return Call("pbx", "1795289835.400", number, **details)  # type: ignore[arg-type] # a test's shorthand
