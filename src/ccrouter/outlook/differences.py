"""What changes for callers from one version of the rules to another: for which numbers, when, and in which situations.

Each difference that is told was seen in two decisions. Where no difference is told, the rules that are left once the
clock and the number are known are the same, or were searched pair by pair; what was not searched through is told too.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ccrouter.outlook.apart import Apart, Found, apart
from ccrouter.outlook.asked import asked, of_service
from ccrouter.outlook.behaviour import Way, way
from ccrouter.outlook.changed import Change, Differences, Group, Pair
from ccrouter.outlook.loads import Load, SiteLoad, facts_under
from ccrouter.outlook.pairs import cut_short
from ccrouter.outlook.recurring import Span
from ccrouter.outlook.residue import Asker, names
from ccrouter.outlook.situations import Situation
from ccrouter.outlook.space import Callers
from ccrouter.outlook.stretches import clocks, stretches
from ccrouter.routing.call import Call
from ccrouter.routing.conditions import NumberIs
from ccrouter.routing.decide import decide, decide_waiting
from ccrouter.routing.destinations import Destination, External, InHouse, Leg, Share, Site
from ccrouter.routing.rule import Rule
from ccrouter.routing.rules import Number, Rules, Service
from ccrouter.routing.schedule import Calendar

MOST_SITUATIONS = 150
"""Situations that are looked at for one group of numbers."""

ANY_OTHER = "any other number"
"""Stands for the numbers that neither version knows."""

STAY = "stay in the queue"


def differences(
    before: Rules, after: Rules, start: datetime, end: datetime, *, modes: frozenset[str] = frozenset()
) -> Differences:
    """Return where calls go elsewhere after than before, from `start` to `end`, while `modes` are on at least."""
    found: dict[tuple[object, ...], Pair] = {}
    unexplored: dict[str, None] = {}
    same = True
    kinds: _Kinds = {}
    compared = _Compared((before, after))
    for form, members in _alike(compared):
        asking = _Asking((before, after), form, modes, (start, end), compared, kinds)
        groups = tuple(asking.groups())
        services = asking.services
        if groups or services[0] != services[1]:
            told = tuple((group.situations, group.changes, group.waiting) for group in groups)
            known = found.get((told, services))
            numbers = (*(known.numbers if known else ()), *members)
            found[told, services] = Pair(numbers, services, groups)
        unexplored |= dict.fromkeys(asking.unexplored)
        same &= asking.same
    return Differences(tuple(found.values()), tuple(unexplored), same)


@dataclass(slots=True)
class _Compared:
    """The services of both versions that serve one number, without what tells no difference."""

    rules: tuple[Rules, Rules]
    found: dict[tuple[int, int], tuple[Service, Service]] = field(default_factory=dict)
    numbers: dict[tuple[int, int], list[NumberIs]] = field(default_factory=dict)

    def known(self, form: str) -> tuple[Number | None, Number | None]:
        """Return what each version knows of a number."""
        return self.rules[0].numbers.get(form), self.rules[1].numbers.get(form)

    def served(self, form: str) -> tuple[Service, Service]:
        """Return the services of a number with all their rules."""
        first, second = (
            rules.unknown if number is None else number.service
            for rules, number in zip(self.rules, self.known(form), strict=True)
        )
        return first, second

    def services(self, form: str) -> tuple[Service, Service]:
        """Return the services of a number with the rules that matter; all of them where its language is another."""
        services = self.served(form)
        if len({_language(number) for number in self.known(form)}) > 1:
            return services
        key = id(services[0]), id(services[1])
        if key not in self.found:
            self.found[key] = services if services[0] is services[1] else cut_short(*services)
        return self.found[key]

    def numbers_asked(self, form: str) -> list[NumberIs]:
        """Return the conditions on the number in those services."""
        services = self.services(form)
        key = id(services[0]), id(services[1])
        if key not in self.numbers:
            self.numbers[key] = [each for one in services for each in asked(one) if isinstance(each, NumberIs)]
        return self.numbers[key]


def _language(number: Number | None) -> str:
    return "" if number is None else number.treatment.language


def _alike(compared: _Compared) -> Iterator[tuple[str, list[str]]]:
    """Yield one spelling for each group of numbers that are treated alike in both versions, with all their names."""
    groups: dict[tuple[object, ...], tuple[str, dict[str, None]]] = {}
    before, after = compared.rules
    for form in dict.fromkeys([*before.numbers, *after.numbers]):
        known = compared.known(form)
        answers = tuple(form in each.spellings for each in compared.numbers_asked(form))
        services = tuple(service.name for service in compared.served(form))
        key = (services, tuple(None if number is None else _language(number) for number in known), answers)
        written = known[1] or known[0]
        groups.setdefault(key, (form, {}))[1][written.number if written else form] = None
    yield from ((form, list(written)) for form, written in groups.values())
    yield "", [ANY_OTHER]


_Ways = tuple[Way, Way]

_Kinds = dict[tuple[int, int], list[list[Span]]]
"""By the identity of both services: the times at which the same calendars are open."""


@dataclass(slots=True)
class _Asking:
    """One number, asked about in both versions."""

    rules: tuple[Rules, Rules]
    form: str
    modes: frozenset[str]
    window: tuple[datetime, datetime]
    compared: _Compared
    kinds: _Kinds
    unexplored: list[str] = field(default_factory=list)
    same: bool = True

    @property
    def known(self) -> tuple[Number | None, Number | None]:
        """Return what each version knows of the number."""
        return self.compared.known(self.form)

    @property
    def services(self) -> tuple[str | None, str | None]:
        """Return the names of the number's services."""
        first, second = (None if number is None else number.service.name for number in self.known)
        return first, second

    def groups(self) -> Iterator[Group]:
        """Yield the situations in which calls go elsewhere, those with the same changes together."""
        full = self.compared.served(self.form)
        if full[0] == full[1] and len({_language(number) for number in self.known}) == 1:
            return
        services = self.compared.services(self.form)
        same = id(services[0]), id(services[1])
        if same not in self.kinds:
            self.kinds[same] = self._kinds(services)
        kinds = self.kinds[same]
        yield from self._arriving(services, kinds)
        queues = dict.fromkeys(queue for service in full for queue in _queues(service))
        for queue in queues if any(service.while_waiting for service in services) else ():
            yield from self._waiting(services, kinds, queue)

    @property
    def _narrow(self) -> list[Rules]:
        """Return the rules of both versions, as far as the number's service looks at them."""
        served = self.compared.served(self.form)
        return [of_service(rules, service) for rules, service in zip(self.rules, served, strict=True)]

    def _kinds(self, services: tuple[Service, Service]) -> list[list[Span]]:
        """Return the times of the window, those together at which the same calendars of both versions are open."""
        calendars: dict[str, Calendar] = {}
        first, second = (clocks(service) for service in services)
        calendars |= {f"before {name}": calendar for name, calendar in first.items()}
        calendars |= {f"after {name}": each for name, each in second.items() if first.get(name) != each}
        kinds: defaultdict[frozenset[str], list[Span]] = defaultdict(list)
        for stretch in stretches(calendars, *self.window):
            kinds[stretch.open].append((stretch.start, stretch.end))
        return list(kinds.values())

    # --- calls that arrive --------------------------------------------------------------------------------------------

    def _arriving(self, services: tuple[Service, Service], kinds: list[list[Span]]) -> Iterator[Group]:
        differing, situations = self._searched(services, kinds, waiting=False)
        narrow = self._narrow if differing else []

        def ways(found: Found, at: datetime) -> _Ways:
            first, second = (self._way(rules, found.situation, at) for rules in narrow)
            return first, second

        seen = ((found, [(spans, ways(found, spans[0][0])) for spans in differing]) for found in situations)
        yield from _folded(seen)

    def _way(self, rules: Rules, situation: Situation, at: datetime) -> Way:
        facts = facts_under(situation.load, rules, at.timestamp(), modes=situation.modes | self.modes)
        call = Call(next(iter(facts.snapshot.pabxs)), "", self.form, situation.caller, situation.language)
        return way(rules, decide(rules, facts, call, ""))

    # --- callers who wait ---------------------------------------------------------------------------------------------

    def _waiting(self, services: tuple[Service, Service], kinds: list[list[Span]], queue: str) -> Iterator[Group]:
        differing, situations = self._searched(services, kinds, waiting=True)
        narrow = self._narrow if differing else []

        def ways(found: Found, at: datetime) -> _Ways:
            first, second = (self._moved(rules, found, at, queue) for rules in narrow)
            return first, second

        seen = ((found, [(spans, ways(found, spans[0][0])) for spans in differing]) for found in situations)
        yield from (replace(group, waiting=queue) for group in _folded(seen))

    def _moved(self, rules: Rules, found: Found, at: datetime, queue: str) -> Way:
        situation = found.situation
        facts = facts_under(situation.load, rules, at.timestamp(), modes=situation.modes | self.modes)
        pabx = next(iter(facts.snapshot.pabxs))
        call = Call(pabx, "", self.form, situation.caller, situation.language, waited_s=found.waited_s)
        decision = decide_waiting(rules, facts, call, queue, "")
        return Way((STAY,), "") if decision is None else way(rules, decision)

    # --- both ---------------------------------------------------------------------------------------------------------

    def _searched(
        self, services: tuple[Service, Service], kinds: list[list[Span]], *, waiting: bool
    ) -> tuple[list[list[Span]], list[Found]]:
        """Return the times at which the rules that are left differ, and situations that tell them apart."""
        differing: list[list[Span]] = []
        quiet = Found(Situation())
        situations = {_what(quiet): quiet}
        looked_at: dict[object, None] = {}
        for spans in kinds:
            first, second = self._left(services, spans[0][0], waiting=waiting)
            key = _meaning(first), _meaning(second)
            if key[0] == key[1]:
                continue
            differing.append(spans)
            self.same = False
            if key in looked_at:
                continue
            looked_at[key] = None
            result = apart(first, second, Callers([(self.form, self._language())], waiting=waiting))
            for found in result.found:
                situations.setdefault(_what(found), found)
            self._note(services, result)
            for found in self._full([*first, *second]):
                situations.setdefault(_what(found), found)
        if len(situations) > MOST_SITUATIONS:
            left = len(situations) - MOST_SITUATIONS
            self.unexplored.append(f"{services[1].name}: {left} more situations, like those told")
        simple_first = sorted(situations.values(), key=lambda found: len(found.situation.text))
        return differing, simple_first[:MOST_SITUATIONS]

    def _language(self) -> str:
        """Return the language of the number in both versions; empty where the call brings its own to one of them."""
        languages = [_language(number) for number in self.known]
        return languages[0] if all(languages) else ""

    def _full(self, rules: Sequence[Rule]) -> Iterator[Found]:
        """Yield situations in which a site is full in one version, and not yet in the other."""
        for name in dict.fromkeys(site.name for rule in rules for site in _sites(rule.to)):
            limits = [site.max_calls for each in self.rules if isinstance(site := each.sites.get(name), External)]
            if len(set(limits)) > 1:
                calls = min(limit for limit in limits if limit)
                text = f"{calls} call{'s' * (calls > 1)} at {name}"
                yield Found(Situation(text, Load(sites={name: SiteLoad(calls)})))

    def _left(
        self, services: tuple[Service, Service], at: datetime, *, waiting: bool
    ) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
        askers = [Asker(self.form, _language(number), at.timestamp()) for number in self.known]
        first, second = (
            asker.waiting_residue(service) if waiting else asker.residue(service)
            for asker, service in zip(askers, services, strict=True)
        )
        return first, second

    def _note(self, services: tuple[Service, Service], result: Apart) -> None:
        self.unexplored += [
            f"{services[1].name}: whether `{old}` before and `{new}` after can both decide about one call"
            for old, new in result.unexplored
        ]


def _what(found: Found) -> tuple[object, ...]:
    """Return what a situation is, whatever it is called."""
    situation, load = found.situation, found.situation.load
    mappings = (tuple(sorted(each.items())) for each in (load.queues, load.sites, load.call_rates))
    return (*mappings, load.known, situation.modes, situation.caller, situation.language, found.waited_s)


def _folded(seen: Iterable[tuple[Found, Sequence[tuple[list[Span], _Ways]]]]) -> Iterator[Group]:
    groups: defaultdict[tuple[Change, ...], list[Found]] = defaultdict(list)
    for found, answers in seen:
        changes = tuple(_changes(answers))
        if changes:
            groups[changes].append(found)
    for changes, situations in groups.items():
        yield Group(tuple(situations), changes)


def _changes(answers: Sequence[tuple[list[Span], _Ways]]) -> Iterator[Change]:
    """Yield each change with its times, those that follow each other as one."""
    times: defaultdict[tuple[Way, Way], list[Span]] = defaultdict(list)
    rules: dict[tuple[Way, Way], _Ways] = {}
    for spans, (before, after) in answers:
        if before != after:
            times[before, after] += spans
            rules.setdefault((before, after), (before, after))
    for key, spans in times.items():
        joined: list[Span] = []
        for start, end in sorted(spans):
            if joined and joined[-1][1] == start:
                joined[-1] = (joined[-1][0], end)
            else:
                joined.append((start, end))
        yield Change(*rules[key], tuple(joined))


def _meaning(rules: Sequence[Rule]) -> tuple[object, ...]:
    """Return what rules do, whatever they are called, and what may keep a call from where they lead."""
    return tuple((rule.when, rule.match_unknown, names(rule.to), tuple(_room(rule.to))) for rule in rules)


def _room(to: Sequence[Destination]) -> Iterator[tuple[str, object]]:
    for site in _sites(to):
        yield site.name, site.queue if isinstance(site, InHouse) else site.max_calls


def _sites(to: Sequence[Destination]) -> Iterator[Site]:
    for each in to:
        yield from (leg.site for leg in (each.legs if isinstance(each, Share) else (each,)) if isinstance(leg, Leg))


def _queues(service: Service) -> Iterator[str]:
    """Yield the queues in which callers of a service may wait."""
    for to in (*(rule.to for rule in (*service.rules, *service.while_waiting)), service.otherwise):
        yield from (site.queue for site in _sites(to) if isinstance(site, InHouse))
