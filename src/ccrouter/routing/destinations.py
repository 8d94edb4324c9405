"""Where calls may go: sites, shares of them, and messages; and what was seen of one when a call was decided."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from ccrouter.routing.plan import LastStep, TransferStep
from ccrouter.routing.schedule import Calendar


@dataclass(frozen=True, slots=True)
class InHouse:
    """Positions of one's own: an Asterisk queue.

    `wrap_up_s` is the wrap-up time of the queue itself, 0 where it has none. Two that differ in it alone are equal: no
    rule goes elsewhere for it.
    """

    name: str
    queue: str
    max_wait_s: int
    calendar: Calendar | None = None
    wrap_up_s: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Tariff:
    """What an external site asks, in one currency (ISO 4217): for each answered call, and for each minute of talk."""

    currency: str
    per_call: Decimal = Decimal(0)
    per_minute: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class External:
    """An outsourcer or backup centre over a trunk; `max_calls` 0 stands for no limit.

    `endpoint` is the technology and name that the PABX watches, such as `PJSIP/trunk-tunis`. Two that differ in their
    `tariff` alone are equal: no call goes elsewhere for it.
    """

    name: str
    dial: str
    answer_within_s: int
    max_calls: int = 0
    calendar: Calendar | None = None
    hide_caller: bool = False
    endpoint: str = ""
    tariff: Tariff | None = field(default=None, compare=False)


Site = InHouse | External


class Considered(NamedTuple):
    """What was seen of one destination of the rule, in the rule's order.

    `state` is empty where it can take the call now; else closed, absent (a queue that the PABX does not have), full,
    down, empty, not its turn (in a share), or in the plan already (by the turn of a share before it).
    """

    destination: str
    state: str = ""
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Leg:
    """A site as a destination, with a limit of its own where `limit_s` is given.

    `steps` are those that it stood for before, by the number of PABXs (route.step); `free` is what is seen of it where
    it can take a call.
    """

    site: Site
    limit_s: int | None = None
    steps: dict[int, TransferStep] = field(default_factory=dict, init=False, repr=False, compare=False)
    free: Considered = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make what most calls see of it."""
        object.__setattr__(self, "free", Considered(self.site.name))


@dataclass(frozen=True, slots=True)
class Share:
    """Destinations that take turns by weight; `key` names the rotation for as long as what is shared stays the same."""

    key: str
    legs: tuple[Leg, ...]
    weights: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A last step by its name."""

    name: str
    step: LastStep


Destination = Leg | Share | Message
