"""How large a house is, and the routing file and settings that it has."""

from dataclasses import dataclass
from typing import Final

SITES: Final = 10
PABX: Final = "{{name: {name}, host: 127.0.0.1, port: {ami}, username: ccrouter, secret: {{file: secret}}}}"


@dataclass(frozen=True, slots=True)
class Size:
    """One house.

    Attributes:
        positions, queues, calls: of all PABXs together; each position serves two queues, `calls` are in progress.
        per_s: calls that arrive, and end, in a second; half of them come to queues, half are sent to other sites.

    """

    positions: int = 300
    queues: int = 50
    calls: int = 1000
    pabxs: int = 1
    per_s: float = 50.0

    @property
    def talking(self) -> int:
        """Return how many positions talk."""
        return min(round(0.8 * self.positions), round(0.45 * self.calls))

    @property
    def waiting(self) -> int:
        """Return how many callers wait in queues."""
        return self.calls // 10

    @property
    def at_sites(self) -> int:
        """Return how many calls other sites carry."""
        return self.calls - self.talking - self.waiting

    @property
    def wait_s(self) -> float:
        """Return how long a caller waits."""
        return 2 * self.waiting / self.per_s

    @property
    def talk_s(self) -> float:
        """Return how long a position talks."""
        return 2 * self.talking / self.per_s

    @property
    def site_talk_s(self) -> float:
        """Return how long a site does."""
        return 2 * self.at_sites / self.per_s


def pabx_name(number: int) -> str:
    """Return the name of a PABX."""
    return f"pbx{number}"


def queue_name(number: int) -> str:
    """Return the name of a queue."""
    return f"queue{number}"


def queue_number(number: int) -> str:
    """Return what callers dial for a queue."""
    return f"+33155{number:06}"


def site_number(number: int) -> str:
    """Return what callers dial who are sent to a site."""
    return f"+33156{number:06}"


def routing(size: Size) -> str:
    """Return the routing file: a service with rules for each queue and for each site."""
    sites = [f"  desk{n}: {{in_house: {{queue: {queue_name(n)}, max_wait: 10min}}}}" for n in range(size.queues)]
    sites += [
        f"  site{n}: {{external: {{dial: PJSIP/+216710000{n:02}@trunk-site{n}, answer_within: 25s, max_calls: 4000}}}}"
        for n in range(SITES)
    ]
    numbers = [f'  "{queue_number(n)}": {{service: service{n}, label: Desk {n}}}' for n in range(size.queues)]
    numbers += [f'  "{site_number(n)}": {{service: orders{n}, label: Orders {n}}}' for n in range(SITES)]
    services = [_service(n) for n in range(size.queues)] + [_orders(n) for n in range(SITES)]
    return "\n".join(
        [
            'timezone: Europe/Paris\ncalendars:\n  always:\n    hours: "Mo-Su 00:00-24:00"',
            "sites:",
            *sites,
            "messages:\n  closed: {play: ccrouter/closed}\nmodes: [crisis]\nnumbers:",
            *numbers,
            "services:",
            *services,
        ]
    )


def _service(number: int) -> str:
    queue, site = queue_name(number), f"site{number % SITES}"
    return f"""  service{number}:
    service_level: {{answered_within: 20s, target: 80%}}
    rules:
      - {{name: crisis, when: {{mode: crisis}}, to: [{site}, closed]}}
      - {{name: closed, when: {{closed: always}}, to: [closed]}}
      - {{name: cut off, when: {{nobody_logged_in: {queue}}}, if_unknown: skip, to: [{site}, closed]}}
      - name: peak
        when:
          any:
            - waiting: {{queue: {queue}, at_least: 900, until_below: 800}}
            - longest_wait: {{queue: {queue}, at_least: 50min, until_below: 40min}}
            - service_level: {{queue: {queue}, within: 20s, window: 30min, at_most: 1%, until_above: 2%, for: 50min}}
        to: [{site}, closed]
    otherwise: [desk{number}, {site}, closed]
    while_waiting:
      - {{name: too long, when: {{waited: 9min}}, to: [{site}, closed]}}"""


def _orders(number: int) -> str:
    return f"""  orders{number}:
    rules:
      - {{name: crisis, when: {{mode: crisis}}, to: [closed]}}
    otherwise: [site{number}, closed]"""


def settings(ami_ports: list[int], agi_port: int, http_port: int) -> str:
    """Return the settings: a journal, tokens for those who watch, all else as it comes."""
    pabxs = ", ".join(PABX.format(name=pabx_name(number), ami=port) for number, port in enumerate(ami_ports))
    return f"""pabxs: [{pabxs}]
agi: {{host: 127.0.0.1, port: {agi_port}}}
http: {{host: 127.0.0.1, port: {http_port}, tokens: tokens}}
routing: routing.yaml
control: control.sock
state_dir: state
log: {{format: json}}
"""
