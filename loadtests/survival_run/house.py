"""What a run takes place in: a real Asterisk, positions, two sites, the real daemon, and a relay to cut its link."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from phones import Callee
from support.parties import CalleeHabits
from support.real_house import HousePlan, RealHouse, real_house

QUEUE: Final = "support"
POSITIONS: Final = 40
HABITS: Final[CalleeHabits] = {"answer_ms": 50, "talk_ms": 800}
"""Of positions and sites: so many calls are under way at once that nobody ever waits for want of a place."""

MESSAGE: Final = "please-try-call-later"

NUMBERS: Final = ("0800100001", "0800100002", "0800100003", "0800100004")
"""Green numbers whose calls go to positions, to positions and a site in turns, to a site, to a message."""

ROUTING: Final = f"""\
timezone: Europe/Paris
sites:
  paris: {{in_house: {{queue: {QUEUE}, max_wait: 20s}}}}
  tunis: {{external: {{dial: PJSIP/21671000000@trunk-tunis, answer_within: 10s, max_calls: 100}}}}
  backup: {{external: {{dial: PJSIP/33155000000@trunk-backup, answer_within: 10s, max_calls: 100}}}}
messages:
  closed: {{play: {MESSAGE}}}
numbers:
  "{NUMBERS[0]}": {{service: after-sales}}
  "{NUMBERS[1]}": {{service: orders}}
  "{NUMBERS[2]}": {{service: outsourced}}
  "{NUMBERS[3]}": {{service: closed agency}}
services:
  after-sales: {{otherwise: [paris, backup, closed]}}
  orders: {{otherwise: [{{share: {{paris: 50, tunis: 50}}}}, backup, closed]}}
  outsourced: {{otherwise: [tunis, backup, closed]}}
  closed agency: {{otherwise: [closed]}}
"""


PLAN: Final = HousePlan(
    routing=ROUTING,
    sites={"tunis": HABITS, "backup": HABITS},
    queues=(QUEUE,),
    positions=POSITIONS,
    statics={"": f"play|closed|{MESSAGE}"},
    site_rtp_timeout_s=30,  # the callees are silent in their talks
    relayed=True,
)


@dataclass(frozen=True, slots=True)
class Place:
    """A house in which calls can be placed; `callees` are the positions and the sites by name."""

    house: RealHouse
    asterisk: str
    callees: Mapping[str, Callee]

    def entries(self) -> dict[str, str]:
        """Return by caller which plan the PABX's entry found: routed, stored or static."""
        return {
            event["CallerIDNum"]: event["Entry"]
            for event in self.house.listener.events
            if event.get("UserEvent") == "CCRouterEnd"
        }


@contextmanager
def place(version: int) -> Iterator[Place]:
    """Bring up a place with Asterisk of this version; all of it ends with the context."""
    with real_house(version, PLAN) as house:
        positions = house.sit_down(QUEUE, POSITIONS, **HABITS)
        asterisk = house.pabx.cli("core show version").split()[1]
        yield Place(house, asterisk, {"positions": positions, **house.sites})
