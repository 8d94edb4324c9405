"""The compiled routing file: numbers, and services with their rules, ready to decide with."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from types import MappingProxyType

from ccrouter.routing.conditions import Threshold
from ccrouter.routing.destinations import Destination, Leg, Message, Share, Site
from ccrouter.routing.plan import Treatment
from ccrouter.routing.rule import Rule
from ccrouter.routing.shortlist import Shortlist


@dataclass(frozen=True, slots=True)
class Goal:
    """The service level that a service aims at.

    Attributes:
        within_s: time in which a call should be answered.
        target: share of the calls that should be, 0 to 1; None where the file names none.
        short_abandon_s: whoever hangs up within this time is left out of the share.

    """

    within_s: int = 20
    target: float | None = None
    short_abandon_s: int = 5


@dataclass(frozen=True, slots=True)
class Service:
    """What a number reaches.

    Two that differ in their `goal` or `screen_pop` alone are equal: no call goes elsewhere for them.

    Attributes:
        otherwise: destinations when no rule matches.
        last: the last step of every plan that does not bring its own.
        while_waiting: rules asked again and again for each caller in a queue.
        screen_pop: addresses of pages for whoever takes a call, by name, with config.values.PLACEHOLDERS.

    """

    name: str
    rules: tuple[Rule, ...]
    otherwise: tuple[Destination, ...]
    last: Message
    while_waiting: tuple[Rule, ...] = ()
    treatment: Treatment = field(default_factory=Treatment)
    goal: Goal = field(default=Goal(), compare=False)
    screen_pop: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), compare=False)
    shortlist: Shortlist = field(init=False, repr=False, compare=False)
    waiting_shortlist: Shortlist = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Have the rules ready to be looked up."""
        object.__setattr__(self, "shortlist", Shortlist(self.rules))
        object.__setattr__(self, "waiting_shortlist", Shortlist(self.while_waiting))


@dataclass(frozen=True, slots=True)
class Number:
    """A number that callers dial; its treatment is that of its service unless it says otherwise."""

    number: str
    service: Service
    treatment: Treatment
    label: str = ""


@dataclass(frozen=True, slots=True)
class ModeKey:
    """A mode that a telephone may switch.

    Attributes:
        mode: its name.
        phones: who may: endpoints of the PABX, technology and name, such as `PJSIP/101`.

    """

    mode: str
    phones: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rules:
    """One version of the routing file.

    Attributes:
        version: hash of the file, short.
        numbers: by every spelling under which a number may be dialled (`0800123456`, `+33800123456`, ...).
        unknown: service of a number that the file does not know.
        mode_keys: modes that can be switched by telephone, by the digits of their code.
        mode_ends: seconds after which a mode ends by itself where nobody says when, by its name.
        thresholds: all thresholds in all rules, to be watched between calls.
        zone: where the clock hangs that the file and its people mean.
        country: whose national numbers and public holidays are meant, such as FR.

    """

    version: str
    numbers: Mapping[str, Number]
    services: Mapping[str, Service]
    unknown: Service
    sites: Mapping[str, Site] = field(default_factory=lambda: MappingProxyType({}))
    messages: Mapping[str, Message] = field(default_factory=lambda: MappingProxyType({}))
    modes: frozenset[str] = frozenset()
    mode_keys: Mapping[str, ModeKey] = field(default_factory=lambda: MappingProxyType({}))
    mode_ends: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    thresholds: tuple[Threshold, ...] = ()
    zone: tzinfo = UTC
    country: str = ""

    def named(self, name: str) -> Leg | Message | None:
        """Return what a name stands for as a destination, or None where it stands for nothing."""
        site = self.sites.get(name)
        return self.messages.get(name) if site is None else Leg(site)

    def prepare(self) -> None:
        """Have all shortlists ready before these rules decide."""
        for service in (*self.services.values(), self.unknown):
            service.shortlist.prepare()
            service.waiting_shortlist.prepare()

    def written(self, number: str) -> tuple[str, str]:
        """Return a number as the file writes it, with its label; one that the file does not know is as it came."""
        known = self.numbers.get(number)
        return (number, "") if known is None else (known.number, known.label)

    def shares(self) -> Iterator[Share]:
        """Return all shares in all rules."""
        for service in (*self.services.values(), self.unknown):
            lists = (service.otherwise, *(rule.to for rule in (*service.rules, *service.while_waiting)))
            yield from (each for to in lists for each in to if isinstance(each, Share))
