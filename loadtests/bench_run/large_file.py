"""A routing file as a large house might have it: hundreds of numbers, and a thousand rules of every kind."""

from collections.abc import Iterator
from typing import Final

CALENDARS: Final = 12
QUEUES: Final = 30
OUTSIDE: Final = 30
HOLIDAYS: Final = ("FR", "FR-57", "DE-BW", "BE", "[]")


LAST_RULE: Final = "all others"


def routing_text(*, rules: int, numbers: int, services: int, last: bool = False) -> str:
    """Return the text of a file with so many rules, numbers and services, evenly spread.

    With `last`, one rule more in each service takes all callers whom no other took.
    """
    return "\n".join(_lines(rules, numbers, services, last=last)) + "\n"


def _lines(rules: int, numbers: int, services: int, *, last: bool) -> Iterator[str]:
    yield "timezone: Europe/Paris"
    yield "calendars:"
    for n in range(CALENDARS):
        yield f"  calendar {n}:"
        yield f'    hours: "Mo-Fr {7 + n % 3:02}:{n % 4 * 15:02}-{17 + n % 4}:30; Sa 09:00-12:{n:02}"'
        yield f"    holidays: {HOLIDAYS[n % len(HOLIDAYS)]}"
        yield f'    exceptions: {{2026-12-24: "08:30-1{n % 8}:00", 2026-12-31: closed}}'
    yield '  late: {hours: "Mo-Su 06:00-23:00"}'
    yield "sites:"
    for n in range(QUEUES):
        yield f"  house {n}: {{in_house: {{queue: queue{n}, max_wait: {60 + n}s}}}}"
    for n in range(OUTSIDE):
        yield f"  outside {n}:"
        yield "    external:"
        yield f"      dial: PJSIP/+2167100{n:04}@trunk-{n}"
        yield f"      answer_within: {15 + n % 10}s"
        yield f"      max_calls: {10 + n}"
        if n % 3 == 0:
            yield "      calendar: late"
        yield "      tariff: {per_call: 0.10 EUR, per_minute: 0.32 EUR}"
    yield "messages: {closed: {play: ccrouter/closed}, mailbox: {voicemail: 1000@default}}"
    yield "modes: [crisis, all_outside, maintenance]"
    yield "numbers:"
    for n in range(numbers):
        yield f'  "0800 {100 + n // 1000:03} {n % 1000:03}": {{service: service {n % services}, label: Line {n}}}'
    yield "services:"
    for service in range(services):
        yield f"  service {service}:"
        yield "    service_level: {answered_within: 20s, target: 80%}"
        yield "    rules:"
        own = range(service, rules, services)
        for n in own:
            yield f"      - name: rule {n}"
            yield f"        when: {_when(n, numbers, services)}"
            yield f"        to: {_to(n)}"
        if last:
            yield f"      - {{name: {LAST_RULE}, to: {_to(10)}}}"
        yield f"    otherwise: [house {service % QUEUES}, outside {service % OUTSIDE}, closed]"
        yield "    while_waiting:"
        yield f"      - {{name: too long, when: {{waited: 90s}}, to: [outside {service % OUTSIDE}]}}"


def _when(n: int, numbers: int, services: int) -> str:
    """Return the condition of rule n; no two are the same."""
    calendar, queue, site = f"calendar {n % CALENDARS}", f"queue{n % QUEUES}", f"outside {n % OUTSIDE}"
    prefix = f'caller: {{prefix: "+33 1 {n // 100 % 100:02} {n % 100:02}"}}'
    own = n % services + services * (n % (numbers // services))
    number = f'number: "0800 {100 + own // 1000:03} {own % 1000:03}"'
    level = 3 + n // 10 % 50
    return (
        f"{{{prefix}}}",
        f"{{closed: {calendar}, {prefix}}}",
        f"{{open: {calendar}, waiting: {{queue: {queue}, at_least: {level}, until_below: {level - 2}}}, {prefix}}}",
        f"{{{number}, {prefix}}}",
        f"{{any: [{{longest_wait: {{queue: {queue}, at_least: {level}s}}}}, {{site_down: {site}}}], {prefix}}}",
        f"{{from: 2026-{1 + n % 12:02}-01, before: 2027-{1 + n % 12:02}-01, {prefix}}}",
        f"{{mode: {'crisis' if n % 20 < 10 else 'all_outside'}, {prefix}}}",
        f"{{free_lines: {{site: {site}, at_most: 2, until_above: 5}}, not: {{mode: maintenance}}, {prefix}}}",
        f"{{call_rate: {{at_least: {level * 10}, until_below: {level * 8}}}, open: {calendar}, {prefix}}}",
        f"{{occupancy: {{queue: {queue}, at_least: 95%, until_below: 85%}}, site_up: {site}, {prefix}}}",
    )[n % 10]


def _to(n: int) -> str:
    """Return the destinations of rule n."""
    house, site, other = f"house {n % QUEUES}", f"outside {n % OUTSIDE}", f"outside {(n + 7) % OUTSIDE}"
    return (
        f"[{house}, {site}, closed]",
        f"[{{share: {{{house}: 70, {site}: 30}}}}, {other}]",
        f"[{{site: {site}, for: 20s}}, {house}, mailbox]",
        f"[{site}, {house}]",
    )[n // 10 % 4]
