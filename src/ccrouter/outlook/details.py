"""What two versions do otherwise without sending a call elsewhere: limits, dial strings, treatment, names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ccrouter.outlook.behaviour import of_callers, of_step
from ccrouter.outlook.residue import names
from ccrouter.routing.conditions import Threshold
from ccrouter.routing.destinations import Leg
from ccrouter.routing.literals import literals
from ccrouter.routing.route import step
from ccrouter.routing.rule import OTHERWISE, Rule
from ccrouter.routing.rules import Number, Rules, Service


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing that is otherwise: of whom, what about them, and what it was and is; empty for what is not there."""

    of: str
    about: str
    before: str
    after: str

    @property
    def text(self) -> str:
        """Return it as a line."""
        return f"{self.of}: {self.about} {self.before or 'nothing'} -> {self.after or 'nothing'}"


def details(before: Rules, after: Rules) -> list[Detail]:
    """Return what is otherwise of sites, messages, rules, numbers and modes that both versions have."""
    found = [*_places(before, after), *_treatments(before, after)]
    for name, service in before.services.items():
        if name in after.services:
            found += _rules(service, after.services[name])
    for mode in sorted(before.modes ^ after.modes):
        found.append(Detail(f"mode {mode}", "is", *(("known", "") if mode in before.modes else ("", "known"))))
    if str(before.zone) != str(after.zone):
        found.append(Detail("the clock", "is that of", str(before.zone), str(after.zone)))
    return found


def _places(before: Rules, after: Rules) -> Iterator[Detail]:
    old = {name: of_step(step(Leg(site))) for name, site in before.sites.items()}
    new = {name: of_step(step(Leg(site))) for name, site in after.sites.items()}
    old |= {name: of_step(message.step) for name, message in before.messages.items()}
    new |= {name: of_step(message.step) for name, message in after.messages.items()}
    for name, said in old.items():
        for about, was, now in _otherwise(said, new.get(name, {})):
            yield Detail(name, about.removeprefix(f"{name}: "), was, now)


def _treatments(before: Rules, after: Rules) -> Iterator[Detail]:
    numbers: dict[tuple[str, str, str], dict[str, None]] = {}
    for form, number in before.numbers.items():
        other = after.numbers.get(form)
        if other is not None:
            for change in _otherwise(_of_number(number), _of_number(other)):
                numbers.setdefault(change, {})[other.number] = None
    for (about, was, now), written in numbers.items():
        yield Detail(", ".join(written), about, was, now)


def _of_number(number: Number) -> dict[str, str]:
    return {**of_callers(number.treatment), "label": number.label}


def _otherwise(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for about, was in old.items():
        if new.get(about, was) != was:
            yield about, was, new[about]


# --- rules ------------------------------------------------------------------------------------------------------------


def _rules(before: Service, after: Service) -> Iterator[Detail]:
    new = {rule.name: rule for rule in _all(after)}
    old = {rule.name: rule for rule in _all(before)}
    for name, rule in old.items():
        whose = f"{before.name}, rule `{name}`"
        if name in new:
            yield from _thresholds(whose, rule, new[name])
            yield from _limits(whose, rule, new[name])
            if rule.match_unknown != new[name].match_unknown:
                said = {True: "match", False: "skip"}
                yield Detail(whose, "if_unknown", said[rule.match_unknown], said[new[name].match_unknown])
        else:
            called = [each.name for each in new.values() if each.name not in old and _alike(rule, each)]
            if called:
                yield Detail(whose, "is called", f"`{name}`", f"`{called[0]}`")


def _all(service: Service) -> list[Rule]:
    return [*service.rules, Rule(OTHERWISE, None, service.otherwise), *service.while_waiting]


def _alike(rule: Rule, other: Rule) -> bool:
    said = [[getattr(part, "text", repr(part)) for part in literals(each.when)] for each in (rule, other)]
    return said[0] == said[1] and names(rule.to) == names(other.to)


def _thresholds(whose: str, before: Rule, after: Rule) -> Iterator[Detail]:
    """Yield thresholds that start alike, and stop or hold otherwise."""
    new = [part for part in literals(after.when) if isinstance(part, Threshold)]
    for part in literals(before.when):
        if isinstance(part, Threshold):
            like = [each for each in new if each.read == part.read and _starts(each) == _starts(part)]
            if like and all(each.level != part.level for each in like):
                yield Detail(whose, "asks", part.text, like[0].text)


def _starts(threshold: Threshold) -> tuple[object, float]:
    return threshold.level.direction, threshold.level.start


def _limits(whose: str, before: Rule, after: Rule) -> Iterator[Detail]:
    """Yield limits of their own (`for`) that destinations of a rule have."""
    new = {each.site.name: each for each in after.to if isinstance(each, Leg)}
    for leg in before.to:
        if isinstance(leg, Leg) and leg.site.name in new:
            other = new[leg.site.name]
            if leg.limit_s != other.limit_s:
                said = [f"{each.limit_s} s" if each.limit_s else "" for each in (leg, other)]
                yield Detail(whose, f"gives {leg.site.name}", *said)
