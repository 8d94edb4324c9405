"""Hypothesis strategies: routing files as an admin might write them, all of them good; and moments, loads and calls."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import yaml
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ccrouter.outlook.loads import Load, QueueLoad, SiteLoad, facts_under
from ccrouter.routing.call import Call
from ccrouter.routing.destinations import External, InHouse
from ccrouter.routing.facts import Facts
from ccrouter.routing.rules import Rules
from ccrouter.routing.snapshot import Health


class Quoted(str):
    """A text that stands in quotes, as telephone numbers must."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Writes YAML as an admin might."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - as PyYAML calls it
        """Write each value out."""
        return True


_Dumper.add_representer(Quoted, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))

PABX: Final = "main"
ZONES: Final = ("Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")
HOURS: Final = (
    "Mo-Fr 08:30-18:30; Sa 09:00-12:00",
    "Mo-Fr 08:30-12:00,14:00-18:00",
    "Mo-Su 20:00-07:00",
    "Sa,Su 00:00-24:00",
    "Jul-Aug Mo-Fr 10:00-16:00",
    "24/7",
)
CALENDARS: Final = ("office", "night", "season")
HOUSES: Final = ("paris", "metz")
OUTSIDE: Final = ("tunis", "backup", "night desk")
MESSAGES: Final = ("closed", "mailbox")
MODES: Final = ("crisis", "all_outside")
NUMBERS: Final = tuple(Quoted(number) for number in ("0800 123 456", "+33 1 55 00 10 00", "3949"))
SERVICES: Final = ("support", "orders")
LANGUAGES: Final = ("fr", "en")
FIRST_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)

Written = dict[str, Any]

_days = st.dates(FIRST_DAY.date(), FIRST_DAY.date() + timedelta(days=730)).map(str)


# --- what a rule asks -------------------------------------------------------------------------------------------------


def _threshold(of: Written, unit: str = "", most: int = 100) -> SearchStrategy[Written]:
    def written(levels: list[int], rising: bool, stops: bool, hold: int) -> Written:  # noqa: FBT001 - drawn
        low, high = (level if not unit else f"{level}{unit}" for level in sorted(levels))
        start, stop = (
            (("at_least", high), ("until_below", low)) if rising else (("at_most", low), ("until_above", high))
        )
        return {**of, **dict([start, stop] if stops else [start]), **({"for": f"{hold}s"} if hold else {})}

    level = st.integers(0, most)
    return st.builds(written, st.lists(level, min_size=2, max_size=2), st.booleans(), st.booleans(), st.integers(0, 30))


def _of_queue(queue: str) -> SearchStrategy[Written]:
    of = {"queue": queue}
    return st.one_of(
        _threshold(of, most=12).map(lambda bounds: {"waiting": bounds}),
        _threshold(of, "s").map(lambda bounds: {"longest_wait": bounds}),
        _threshold(of, "s").map(lambda bounds: {"estimated_wait": bounds}),
        _threshold(of, most=6).map(lambda bounds: {"ready": bounds}),
        _threshold(of, most=6).map(lambda bounds: {"logged_in": bounds}),
        _threshold(of, "%").map(lambda bounds: {"occupancy": bounds}),
        _threshold({**of, "within": "20s"}, "%").map(lambda bounds: {"service_level": bounds}),
        st.sampled_from([{"no_position_ready": queue}, {"nobody_logged_in": queue}]),
    )


def _of_site(site: str) -> SearchStrategy[Written]:
    return st.one_of(
        _threshold({"site": site}, most=10).map(lambda bounds: {"site_calls": bounds}),
        _threshold({"site": site}, most=10).map(lambda bounds: {"free_lines": bounds}),
        st.sampled_from([{"site_up": site}, {"site_down": site}]),
    )


_time = st.one_of(
    st.sampled_from(CALENDARS).map(lambda name: {"open": name}),
    st.sampled_from(CALENDARS).map(lambda name: {"closed": name}),
    _days.map(lambda day: {"from": day}),
    _days.map(lambda day: {"before": day}),
    st.lists(_days, min_size=2, max_size=2, unique=True).map(lambda days: {"from": min(days), "before": max(days)}),
)
_of_call = st.one_of(
    st.sampled_from(MODES).map(lambda name: {"mode": name}),
    st.sampled_from(MODES).map(lambda name: {"mode": {"off": name}}),
    st.sampled_from(NUMBERS).map(lambda number: {"number": number}),
    st.sampled_from(LANGUAGES).map(lambda language: {"language": language}),
    st.sampled_from(
        [{"caller": "anonymous"}, {"caller": {"prefix": Quoted("+33 6")}}, {"caller": [Quoted("06 12 34 56 78")]}]
    ),
)
_load = st.one_of(
    st.sampled_from(HOUSES).flatmap(_of_queue),
    st.sampled_from(OUTSIDE).flatmap(_of_site),
    _threshold({}, most=60).map(lambda bounds: {"call_rate": bounds}),
)


def _nested(part: SearchStrategy[Written]) -> SearchStrategy[Written]:
    several = st.lists(part, min_size=1, max_size=3)
    return st.one_of(
        several.map(lambda parts: {"all": parts}),
        several.map(lambda parts: {"any": parts}),
        part.map(lambda one: {"not": one}),
        st.tuples(_time, several).map(lambda both: {**both[0], "any": both[1]}),
    )


conditions: Final = st.recursive(st.one_of(_time, _of_call, _load), _nested, max_leaves=6)
"""What a `when` may hold, at any depth."""


# --- where calls go ---------------------------------------------------------------------------------------------------


def _destinations(shared: tuple[str, ...]) -> SearchStrategy[list[Any]]:
    sites = (*HOUSES, *OUTSIDE)
    limited = st.builds(
        lambda site, limit: {"site": site, "for": f"{limit}s"}, st.sampled_from(sites), st.integers(5, 60)
    )
    weights = st.dictionaries(st.sampled_from(shared), st.integers(1, 10), min_size=1, max_size=3)
    step = st.one_of(st.sampled_from(sites), limited, weights.map(lambda share: {"share": share}))
    last = st.sampled_from([[], *([name] for name in MESSAGES)])
    steps = st.lists(step, min_size=1, max_size=3)
    return st.builds(lambda steps, last: [*steps, *last], steps, last)


def _rules(when: SearchStrategy[Written | None], shared: tuple[str, ...]) -> SearchStrategy[list[Written]]:
    """Return rules with conditions that differ; one without a condition is the last."""

    def written(parts: list[tuple[Written | None, list[Any], str]]) -> list[Written]:
        parts.sort(key=lambda part: part[0] is None)
        rules = [{"when": asked, "to": to, "if_unknown": unknown} for asked, to, unknown in parts]
        return [{key: value for key, value in rule.items() if value is not None} for rule in rules]

    part = st.tuples(when, _destinations(shared), st.sampled_from(["skip", "match"]))
    return st.lists(part, max_size=5, unique_by=lambda part: str(part[0])).map(written)


@st.composite
def _service(draw: st.DrawFn) -> Written:
    rules = draw(_rules(st.one_of(st.none(), conditions), (*HOUSES, *OUTSIDE)))
    waits = st.integers(10, 300).map(lambda waited: {"waited": f"{waited}s"})
    waiting = draw(_rules(waits | st.builds(lambda one, two: {**one, "all": [two]}, waits, conditions), OUTSIDE))
    for n, rule in enumerate([*rules, *waiting]):
        rule["name"] = f"rule {n}"
    otherwise = [draw(st.sampled_from((*HOUSES, *OUTSIDE))), draw(st.sampled_from(MESSAGES))]
    return {"rules": rules, "otherwise": otherwise, "while_waiting": waiting}


# --- the whole file ---------------------------------------------------------------------------------------------------


@st.composite
def _calendar(draw: st.DrawFn) -> Written:
    exceptions = st.dictionaries(_days, st.sampled_from(["closed", "08:30-12:00", "22:00-06:00"]), max_size=3)
    holidays = draw(st.sampled_from([[], "FR", ["FR-57", "DE-BW"]]))
    return {"hours": draw(st.sampled_from(HOURS)), "holidays": holidays, "exceptions": draw(exceptions)}


@st.composite
def _outside(draw: st.DrawFn, digit: int) -> Written:
    site: Written = {"dial": f"PJSIP/+3315500000{digit}@trunk-{digit}", "answer_within": "20s"}
    site["max_calls"] = draw(st.integers(1, 10))
    calendar = draw(st.sampled_from([None, *CALENDARS]))
    return {"external": site if calendar is None else {**site, "calendar": calendar}}


@st.composite
def routing_files(draw: st.DrawFn) -> str:
    """Return the text of a good routing file: services, sites of both kinds, calendars, modes, rules of any kind."""
    houses = {name: {"in_house": {"queue": name, "max_wait": "90s"}} for name in HOUSES}
    written = {
        "timezone": draw(st.sampled_from(ZONES)),
        "country": "FR",
        "calendars": {name: draw(_calendar()) for name in CALENDARS},
        "sites": {**houses, **{name: draw(_outside(digit)) for digit, name in enumerate(OUTSIDE)}},
        "messages": {"closed": {"play": "ccrouter/closed"}, "mailbox": {"voicemail": "1000@default"}},
        "modes": list(MODES),
        "numbers": {number: {"service": draw(st.sampled_from(SERVICES))} for number in NUMBERS},
        "services": {name: draw(_service()) for name in SERVICES},
    }
    return yaml.dump(written, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


# --- what calls meet --------------------------------------------------------------------------------------------------


moments: Final = st.floats(0, 730 * 86400, allow_nan=False).map(lambda seconds: FIRST_DAY.timestamp() + seconds)
"""Instants in 2026 and 2027, as seconds since 1970."""


def calls(rules: Rules, waited_s: SearchStrategy[float | None] | None = None) -> SearchStrategy[Call]:
    """Return calls to the numbers of a file, and now and then to another; `waited_s` says how long they have waited."""
    return st.builds(
        Call,
        pabx=st.just(PABX),
        uniqueid=st.just("1.1"),
        number=st.sampled_from([*sorted(rules.numbers), "0899999999"]),
        caller=st.sampled_from(["0612345678", "+33612345678", "0387000000", None]),
        language=st.sampled_from(["", *LANGUAGES]),
        waited_s=st.none() if waited_s is None else waited_s,
    )


def loads(rules: Rules) -> SearchStrategy[Load]:
    """Return loads of all queues and sites of a file, and now and then one of a PABX that can't be asked."""
    queues = {site.queue for site in rules.sites.values() if isinstance(site, InHouse)}
    outside = {site.name for site in rules.sites.values() if isinstance(site, External)}
    return st.builds(
        Load,
        queues=_each(queues, _queue_loads),
        sites=_each(outside, st.builds(SiteLoad, calls=st.integers(0, 10), health=st.sampled_from(Health))),
        call_rates=_each(set(rules.services), st.integers(0, 60).map(float)),
        known=st.sampled_from([True, True, True, False]),
    )


_queue_loads: Final = st.builds(
    QueueLoad,
    waiting=st.integers(0, 12),
    longest_wait_s=st.integers(0, 120).map(float),
    estimated_wait_s=st.none() | st.integers(0, 120).map(float),
    logged_in=st.integers(0, 6),
    ready=st.integers(0, 6),
    busy=st.integers(0, 6),
    service_level=st.none() | st.integers(0, 100),
)


def _each(names: set[str], strategy: SearchStrategy[Any]) -> SearchStrategy[Mapping[str, Any]]:
    return st.fixed_dictionaries(dict.fromkeys(sorted(names), strategy))


def facts(rules: Rules, at: SearchStrategy[float] = moments) -> SearchStrategy[Facts]:
    """Return facts of an instant, under a load that has lasted, with any modes on."""
    modes = st.sets(st.sampled_from(sorted(rules.modes))) if rules.modes else st.just(set[str]())
    return st.builds(lambda load, at, on: facts_under(load, rules, at, modes=on, pabx=PABX), loads(rules), at, modes)
