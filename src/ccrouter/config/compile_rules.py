"""From the rules of a service in the file to rules that decide."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ccrouter.config.compile_when import Asking
from ccrouter.config.document import Path
from ccrouter.config.models import Destination as Written
from ccrouter.config.models import Goal as WrittenGoal
from ccrouter.config.models import Rule as WrittenRule
from ccrouter.config.models import Service as WrittenService
from ccrouter.config.scope import Scope
from ccrouter.routing.destinations import Destination, External, InHouse, Leg, Message, Share, Site
from ccrouter.routing.plan import Plan, QueueStep, SiteStep, TransferStep, encode
from ccrouter.routing.rule import OTHERWISE, TAKEN_NAMES, Rule
from ccrouter.routing.rules import Goal, Service

LONGEST_DECISION_ID: Final = 36
"""Room for a UUID in its usual form."""


@dataclass(frozen=True, slots=True)
class Serving:
    """Compiles one service."""

    scope: Scope
    name: str

    def service(self, written: WrittenService) -> Service | None:
        """Return the service, or None where it has no last step."""
        path = ("services", self.name)
        otherwise = self._to(written.otherwise, (*path, OTHERWISE), f"{self._key}/{OTHERWISE}")
        last = otherwise[-1] if otherwise else None
        self._names(written, path)
        rules = self._rules(written.rules, (*path, "rules"), waiting=False)
        while_waiting = self._rules(written.while_waiting, (*path, "while_waiting"), waiting=True)
        if not isinstance(last, Message):
            name = written.otherwise[-1].site
            if (name is None or name in self.scope.sites) and not self.scope.document.lost((*path, OTHERWISE)):
                where = (*path, OTHERWISE, len(written.otherwise) - 1)
                cure = "Add the name of a message as the last step, for when no site takes the call"
                self.scope.document.blame(where, "D103", "`otherwise` does not end with a message", cure)
            return None
        rule = Rule(OTHERWISE, None, otherwise)
        self._fits(rule, last, (*path, OTHERWISE))
        for section, compiled in (("rules", rules), ("while_waiting", while_waiting)):
            for i, each in enumerate(compiled):
                self._fits(each, last, (*path, section, i, "to"))
        treatment = self.scope.treatments[self.name][0]
        pages = MappingProxyType(dict(written.screen_pop))
        return Service(self.name, rules, otherwise, last, while_waiting, treatment, _goal(written.service_level), pages)

    @property
    def _key(self) -> str:
        return f"services/{_part(self.name)}"

    def _names(self, written: WrittenService, path: Path) -> None:
        first: dict[str, Path] = {}
        for section, rules in (("rules", written.rules), ("while_waiting", written.while_waiting)):
            for i, rule in enumerate(rules):
                where = (*path, section, i, "name")
                if self.scope.document.lost(where):
                    continue
                if rule.name in TAKEN_NAMES:
                    message = f"the name `{rule.name}` is taken by ccrouter"
                    self.scope.document.blame(where, "N101", message, "Give the rule another name")
                elif rule.name in first:
                    line = self.scope.document.at(first[rule.name]).line
                    message = f"`{self.name}` has two rules `{rule.name}`; the first is on line {line}"
                    self.scope.document.blame(where, "N104", message, "Give one of them another name")
                first.setdefault(rule.name, where)

    def _rules(self, written: Sequence[WrittenRule], path: Path, *, waiting: bool) -> tuple[Rule, ...]:
        earlier: dict[str, int] = {}
        for i, rule in enumerate(written):
            if self.scope.document.lost((*path, i, "when")):
                continue
            if waiting and rule.when is None:
                message = f"the rule `{rule.name}` would move every caller at once"
                self.scope.document.blame((*path, i, "name"), "D110", message, "Add `when`, such as {waited: 90s}")
            condition = "" if rule.when is None else rule.when.model_dump_json()
            shadow = earlier.get("", earlier.get(condition))
            if shadow is not None and _covers(written[shadow], rule):
                self._unreachable(rule, written[shadow], (*path, i, "name"), (*path, shadow, "name"))
            earlier.setdefault(condition, i)
        return tuple(self._rule(rule, (*path, i), str(path[-1])) for i, rule in enumerate(written))

    def _unreachable(self, rule: WrittenRule, shadow: WrittenRule, path: Path, at: Path) -> None:
        why = "has no condition" if shadow.when is None else "has the same condition"
        line = self.scope.document.at(at).line
        message = f"the rule `{rule.name}` is never reached: `{shadow.name}` on line {line} {why}"
        self.scope.document.blame(path, "D109", message, "Change one of the two conditions, or remove a rule")

    def _rule(self, written: WrittenRule, path: Path, section: str) -> Rule:
        key = f"{self._key}/{section}/{_part(written.name)}"
        asking = Asking(self.scope, self.name, key, waiting=section == "while_waiting")
        when = None if written.when is None else asking.condition(written.when, (*path, "when"))
        to = self._to(written.to, (*path, "to"), f"{key}/to")
        return Rule(written.name, when, to, match_unknown=written.if_unknown == "match")

    # --- destinations -------------------------------------------------------------------------------------------------

    def _to(self, written: Sequence[Written], path: Path, key: str) -> tuple[Destination, ...]:
        found: list[Destination] = []
        for i, each in enumerate(written):
            where = (*path, i)
            destination = (
                self._share(each.share, where, f"{key}/{i}", waiting="while_waiting" in path[2:3])
                if each.share
                else self._one(each, where)
            )
            if isinstance(destination, Message) and i < len(written) - 1:
                cure = "Move it to the end, or remove what follows"
                self.scope.document.blame(where, "D104", f"the message `{destination.name}` ends the call", cure)
            if destination is not None:
                found.append(destination)
        return tuple(found)

    def _one(self, written: Written, path: Path) -> Destination | None:
        name = written.site or ""
        where = (*path, "site")
        known: dict[str, Site | Message | None] = {**self.scope.sites, **self.scope.messages}
        found = self.scope.find("site or message", known, name, where)
        if name in self.scope.messages and written.limit is not None:
            self.scope.document.blame((*path, "for"), "D105", f"the message `{name}` has no limit", "Remove `for`")
        return Leg(found, written.limit) if isinstance(found, InHouse | External) else found

    def _share(self, written: dict[str, int], path: Path, key: str, *, waiting: bool) -> Share | None:
        legs: list[Leg] = []
        for name in written:
            where = (*path, "share", name)
            if waiting and isinstance(self.scope.sites.get(name), InHouse):
                message = f"`{name}` is in-house: those whose turn it is would stay, and be asked about again and again"
                self.scope.document.blame(
                    where, "D107", message, "Share waiting callers between external sites", key=True
                )
            if name in self.scope.messages:
                self.scope.document.blame(
                    where, "D106", f"`{name}` is a message", "Share calls between sites only", key=True
                )
                continue
            site = self.scope.find("site", self.scope.sites, name, where, key=True)
            if site is not None:
                legs.append(Leg(site))
        if len(legs) != len(written):
            return None
        # A share that is edited starts afresh, for its credits would not be those of its new weights.
        shared = ", ".join(f"{name} {weight}" for name, weight in written.items())
        return Share(f"{key}: {shared}", tuple(legs), tuple(written.values()))

    # --- size ---------------------------------------------------------------------------------------------------------

    def _fits(self, rule: Rule, last: Message, path: Path) -> None:
        message = rule.to[-1] if rule.to and isinstance(rule.to[-1], Message) else last
        plan = Plan(tuple(_longest(rule.to)), message.step)
        for treatment in self.scope.treatments[self.name]:
            try:
                encode(plan, decision="-" * LONGEST_DECISION_ID, service=self.name, rule=rule.name, treatment=treatment)
            except ValueError as error:
                cure = "Name fewer destinations, or shorten names and dial strings"
                self.scope.document.blame(path, "D108", str(error), cure, key=True)
                return


def _goal(written: WrittenGoal | None) -> Goal:
    if written is None:
        return Goal()
    return Goal(written.answered_within, written.target / 100, written.short_abandon)


def _part(name: str) -> str:
    """Return a name as one part of a key: no name can hold a `|`."""
    return name.replace("/", "|")


def _covers(earlier: WrittenRule, later: WrittenRule) -> bool:
    """Tell whether a rule without a condition, or with the same one, leaves nothing to a later rule."""
    return earlier.when is None or earlier.if_unknown == "match" or later.if_unknown == "skip"


def _longest(destinations: Sequence[Destination]) -> Iterator[TransferStep]:
    for destination in destinations:
        if isinstance(destination, Share):
            yield from (_step(leg) for leg, weight in zip(destination.legs, destination.weights, strict=True) if weight)
        elif isinstance(destination, Leg):
            yield _step(destination)


def _step(leg: Leg) -> TransferStep:
    site = leg.site
    if isinstance(site, InHouse):
        return QueueStep(site.name, site.queue, leg.limit_s or site.max_wait_s)
    return SiteStep(site.name, site.dial, leg.limit_s or site.answer_within_s, site.max_calls, site.hide_caller)
