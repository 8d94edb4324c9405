"""What a decision was asked with, in words: the instant, calendars, modes, overrides, the load, the caller."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from ccrouter.outlook.cases import ORDINARY
from ccrouter.outlook.loads import QUIET, Load
from ccrouter.outlook.places import queues_of, sites_of
from ccrouter.outlook.stretches import clocks
from ccrouter.outlook.words import Line, Tone, lines
from ccrouter.routing.call import Call
from ccrouter.routing.conditions import Dates
from ccrouter.routing.decision import Decision
from ccrouter.routing.destinations import External
from ccrouter.routing.facts import Facts
from ccrouter.routing.overrides import Override
from ccrouter.routing.rules import Rules, Service
from ccrouter.routing.schedule import Calendar
from ccrouter.routing.snapshot import QueueFacts

QUIET_WORDS = "quiet: nobody waits, a position is ready in each queue, all sites are up and empty"


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the facts of a decision come from, each part in a word or two: `assumed`, `given`, `live`.

    Attributes:
        load: empty for a quiet house.

    """

    modes: str = "assumed"
    load: str = ""


def source_of(load: Load) -> str:
    """Return where a load comes from that somebody said: empty for a quiet house."""
    if not load.known:
        return "given"
    return "" if load == QUIET else "given; what is not said is quiet"


def head(rules: Rules, call: Call) -> Iterator[Line]:
    """Yield who is called."""
    known = rules.numbers.get(call.number)
    if known is None:
        yield from lines(f"{call.number}, a number that the routing file does not know", tone=Tone.HEAD)
        return
    label = f" ({known.label})" if known.label else ""
    waited = "" if call.waited_s is None else f"; the caller has waited {call.waited_s:.0f} s"
    yield from lines(f"{known.number}{label}, service {known.service.name}{waited}", tone=Tone.HEAD)


def circumstances(rules: Rules, facts: Facts, call: Call, sources: Sources) -> Iterator[Line]:
    """Yield what was given, seen or assumed."""
    known = rules.numbers.get(call.number)
    service = rules.unknown if known is None else known.service
    yield from _part("instant", [moment(facts.at, rules.zone, long=True)])
    yield from _part("calendars", _calendars(clocks(service), facts.instant, rules.zone))
    modes = ", ".join(sorted(facts.modes)) or "none is on"
    yield from _part("modes", [f"{modes} ({sources.modes})"] if rules.modes else [])
    yield from _part("override", [_override(each, rules.zone) for each in facts.overrides if _is_of(each, rules, call)])
    yield from _part("PABX", _pabx(facts, call.pabx))
    yield from _part("load", _load(rules, facts, service, call.pabx, sources.load))
    yield from _part("caller", [_caller(call)])


def past(decision: Decision, zone: tzinfo, *, same: bool) -> Iterator[Line]:
    """Yield what is known of a past decision's circumstances; `same` tells that its rules are those in force."""
    yield from _part("instant", [moment(decision.at, zone, long=True)])
    yield from _part("caller", [_caller(decision.call)])
    age = decision.state_age_s
    yield from _part("load", ["the PABX could not be asked" if age is None else f"as seen {age:.1f} s before"])
    yield from _part("rules", [f"version {decision.rules_version}, {'still' if same else 'no longer'} in force"])


def moment(at: float, zone: tzinfo, *, long: bool = False) -> str:
    """Return an instant by the clock of a zone: `Wed 2026-11-25 22:00`."""
    here = datetime.fromtimestamp(at, UTC).astimezone(zone)
    seconds = f":{here:%S}" if here.second else ""
    return f"{here:%a %Y-%m-%d %H:%M}{seconds}{f' ({here:%Z})' if long else ''}"


def _part(name: str, texts: list[str]) -> Iterator[Line]:
    for i, text in enumerate(texts):
        yield from lines(text, first=f"  {name if not i else '':<11}", rest=" " * 13)


def _calendars(calendars: Mapping[str, Calendar], at: datetime, zone: tzinfo) -> list[str]:
    named = {name: calendar for name, calendar in calendars.items() if not isinstance(calendar, Dates)}
    width = max(map(len, named), default=0)
    found = []
    for name, calendar in named.items():
        change = calendar.next_change(at)
        until = "for good" if change is None else f"until {moment(change.timestamp(), zone)}"
        found.append(f"{name:<{width}}  {'open' if calendar.is_open(at) else 'closed'} {until}")
    return found


def _override(override: Override, zone: tzinfo) -> str:
    until = moment(override.until, zone)
    since = f"from {moment(override.since, zone)} " if override.since else ""
    return f"{since}until {until} to {', '.join(override.to)}, by {override.author}: {override.reason}"


def _is_of(override: Override, rules: Rules, call: Call) -> bool:
    meant, known = rules.numbers.get(override.number), rules.numbers.get(call.number)
    return meant is not None and known is not None and meant.number == known.number


def _caller(call: Call) -> str:
    if not call.caller_known:
        return "not known to ccrouter"
    caller = "hides the number" if call.caller is None else call.caller
    if call.caller == ORDINARY:
        caller = "one whom no rule names"
    return f"{caller}{f', language {call.language}' if call.language else ''}"


def _pabx(facts: Facts, pabx: str) -> list[str]:
    """Return which PABX carries the call, where there are several: its queues count, and its lines of each site."""
    others = [name for name in facts.snapshot.pabxs if name != pabx]
    return [f"{pabx}; `--pabx` names another: {', '.join(others)}"] if others else []


# --- load -------------------------------------------------------------------------------------------------------------


def _load(rules: Rules, facts: Facts, service: Service, pabx: str, source: str) -> list[str]:
    if not source:
        return [QUIET_WORDS]
    age = facts.age_s(pabx)
    if age is None:
        return [f"{source}: the PABX can't be asked"]
    if not facts.fresh(pabx):
        return [f"{source}: not believed, the PABX was last heard {age:.0f} s ago"]
    queues = [(name, facts.queue(pabx, name)) for name in queues_of(service)]
    sites = [(name, facts.site(pabx, name)) for name in sites_of(service)]
    found = [source]
    found += [f"queue {name}: {'not known' if seen is None else _queue(seen, facts.at)}" for name, seen in queues]
    for name, seen in sites:
        site = rules.sites.get(name)
        limit = f" of {site.max_calls}" if isinstance(site, External) and site.max_calls else ""
        found.append(f"{name}: {'not known' if seen is None else f'{seen.health}, {seen.calls}{limit} calls'}")
    return found


def _queue(seen: QueueFacts, at: float) -> str:
    longest = "" if seen.oldest_joined_at is None else f", the longest for {max(0.0, at - seen.oldest_joined_at):.0f} s"
    forecast = "no forecast" if seen.estimated_wait_s is None else f"forecast {seen.estimated_wait_s:.0f} s"
    paused = f", {seen.paused} paused" if seen.paused else ""
    return (
        f"{seen.waiting} wait{longest}, {forecast}; {seen.logged_in} logged in, {seen.ready} ready, {seen.busy} busy"
        f"{paused}"
    )
