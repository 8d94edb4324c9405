"""From a `when` of the file to a condition that can be asked."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from ccrouter.config.conditions import Caller, CallRate, ModeIs, OfQueue, OfSite, ServiceLevel, When
from ccrouter.config.conditions import Threshold as Bounds
from ccrouter.config.document import Path
from ccrouter.config.problems import suggest
from ccrouter.config.scope import Scope, is_known
from ccrouter.config.telephone import NoNumberError, beginnings, dialled, spellings
from ccrouter.routing import measures
from ccrouter.routing.conditions import (
    All,
    CallerIs,
    Condition,
    Dates,
    LanguageIs,
    Mode,
    Not,
    NumberIs,
    Open,
    SiteIs,
    Threshold,
    Waited,
)
from ccrouter.routing.conditions import Any as AnyOf
from ccrouter.routing.destinations import External
from ccrouter.routing.measures import Reading
from ccrouter.routing.thresholds import Direction, Level

_FIELDS: Final = {"from": "begin", "all": "all_of", "any": "any_of", "not": "none_of"}

_OF_QUEUE: Final[dict[str, tuple[Callable[[str], Reading], str]]] = {
    "waiting": (measures.Waiting, ""),
    "longest_wait": (measures.LongestWait, " s"),
    "estimated_wait": (measures.EstimatedWait, " s"),
    "ready": (measures.Ready, ""),
    "logged_in": (measures.LoggedIn, ""),
    "occupancy": (measures.Occupancy, " %"),
}
"""How each measure of a queue is read, and its unit."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Compiles the conditions of one rule.

    Attributes:
        service: name of the service whose rule it is.
        key: names the rule in the keys of its thresholds.
        waiting: the rule is asked for callers who wait.

    """

    scope: Scope
    service: str
    key: str
    waiting: bool

    def condition(self, when: When, path: Path, below: str = "when") -> Condition:
        """Return the condition of a mapping: all that it says, in the order of the file."""
        mapping = self.scope.document.get(path)
        names = list(mapping) if isinstance(mapping, dict) else []
        if when.open is not None and when.open == when.closed:
            message = f"`{when.open}` is never open and closed at once"
            self.scope.document.blame((*path, "closed"), "L110", message, "Remove one of the two")
        found = (
            self._part(str(name), getattr(when, _FIELDS.get(name, name)), (*path, str(name)), f"{below}/{name}")
            for name in names
        )
        parts = tuple(part for part in found if part is not None)
        return parts[0] if len(parts) == 1 else All(parts)

    def _part(self, name: str, value: Any, path: Path, below: str) -> Condition | None:  # noqa: ANN401 - by name
        match name:
            case "all" | "any" | "not":
                return self._combined(name, value, path, below)
            case "open" | "closed" | "from" | "before":
                return self._time(name, value, path)
            case "mode":
                return self._mode(value, path)
            case "number" | "caller" | "language" | "waited":
                return self._of_call(name, value, path)
            case "site_up" | "site_down":
                return None if self._site(value, path) is None else SiteIs(value, wanted=name == "site_up")
            case _:
                return self._measured(name, value, path, f"{self.key}/{below}")

    def _combined(self, name: str, value: Any, path: Path, below: str) -> Condition:  # noqa: ANN401 - by name
        if name == "not":
            return Not(self.condition(value, path, below))
        parts = tuple(self.condition(each, (*path, i), f"{below}/{i}") for i, each in enumerate(value))
        return All(parts) if name == "all" else AnyOf(parts)

    def _mode(self, mode: ModeIs, path: Path) -> Condition | None:
        name = mode.on or mode.off or ""
        where = (*path, "on" if mode.on else "off")
        if not is_known(self.scope.document, "mode", self.scope.modes, name, where):
            return None
        return Mode(name) if mode.on else Not(Mode(name))

    def _time(self, name: str, value: str | datetime, path: Path) -> Condition | None:
        if isinstance(value, datetime):
            return self._dates(name, value, path)
        calendar = self.scope.calendar(value, path)
        return None if calendar is None else Open(calendar, wanted=name == "open")

    def _dates(self, name: str, moment: datetime, path: Path) -> Condition | None:
        zone = self.scope.zone
        instant = moment.replace(tzinfo=zone)
        if self.scope.document.lost(("timezone",)):
            return None
        if instant.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment:
            message = f"{moment:%Y-%m-%d %H:%M} does not exist in {zone.key}: the clocks are turned forward"
            self.scope.document.blame(path, "T103", message, "Write a time an hour later")
            return None
        text = f"{name}: {moment:%Y-%m-%d}" + (f" {moment:%H:%M}" if (moment.hour, moment.minute) != (0, 0) else "")
        at = instant.timestamp()
        return Dates(text, zone, start=at) if name == "from" else Dates(text, zone, end=at)

    # --- the call -----------------------------------------------------------------------------------------------------

    def _of_call(self, name: str, value: Any, path: Path) -> Condition | None:  # noqa: ANN401 - by name
        if name == "number":
            return self._number(value, path)
        if name == "caller":
            return self._caller(value, path)
        if name == "language":
            return LanguageIs(tuple(value))
        if not self.waiting:
            cure = "Move the rule under `while_waiting`, or remove the condition"
            self.scope.document.blame(path, "L108", "a call that has just arrived has not waited", cure, key=True)
        return Waited(float(value))

    def _number(self, written: list[str], path: Path) -> Condition:
        forms: set[str] = set()
        for i, number in enumerate(written):
            known = self.scope.spelt.get(dialled(number))
            if known is None and self.scope.country and not self.scope.document.lost(("numbers",)):
                message = f"`{number}` is not one of the numbers of this file"
                self.scope.document.blame((*path, i), "N308", message, suggest(number, list(self.scope.numbers)))
            forms |= known or frozenset()
        return NumberIs(frozenset(forms), ", ".join(written))

    def _caller(self, caller: Caller, path: Path) -> Condition:
        country, numbers = self.scope.country, set[str]()
        if not country:
            return CallerIs("")
        for i, number in enumerate(caller.numbers):
            try:
                numbers |= spellings(number, country)
            except NoNumberError as error:
                where = (*path, i) if self.scope.document.get((*path, i)) is not None else (*path, "numbers", i)
                cure = 'Write the whole number, or {prefix: "..."} for its begin'
                self.scope.document.blame(where, "V182", f"`{number}` is no number of {country}: {error}", cure)
        words = [f"{len(caller.numbers)} number{'s' * (len(caller.numbers) > 1)}"] if caller.numbers else []
        words += [f"prefix {prefix}" for prefix in caller.prefix]
        words += ["anonymous"] if caller.anonymous else []
        prefixes = {form for prefix in caller.prefix for form in beginnings(prefix, country)}
        return CallerIs(", ".join(words), tuple(sorted(prefixes)), frozenset(numbers), caller.anonymous)

    # --- load ---------------------------------------------------------------------------------------------------------

    def _measured(self, name: str, value: Any, path: Path, key: str) -> Condition | None:  # noqa: ANN401 - by name
        match value:
            case str():
                return self._nobody(name, value, path, key)
            case ServiceLevel():
                return self._service_level(value, path, key)
            case OfQueue():
                read, unit = _OF_QUEUE[name]
                self._queue(value.queue, (*path, "queue"))
                return self._threshold(key, f"{name}: {value.queue}", read(value.queue), value, unit=unit)
            case OfSite():
                return self._of_site(name, value, path, key)
            case _:
                return self._call_rate(value, path, key)

    def _nobody(self, name: str, queue: str, path: Path, key: str) -> Condition:
        self._queue(queue, path)
        read = measures.Ready(queue) if name == "no_position_ready" else measures.LoggedIn(queue)
        threshold = Threshold(f"{key}: {queue}", f"{name}: {queue}", read, Level(Direction.AT_MOST, 0, 0))
        self.scope.thresholds.append(threshold)
        return threshold

    def _service_level(self, asked: ServiceLevel, path: Path, key: str) -> Condition | None:
        goal = self.scope.services[self.service].service_level
        within = asked.within or (goal.answered_within if goal else None)
        self._queue(asked.queue, (*path, "queue"))
        if within is None and self.scope.document.lost(("services", self.service, "service_level")):
            return None
        if within is None:
            cure = "Write `within: 20s`, or give the service a `service_level` with `answered_within`"
            self.scope.document.blame(path, "L105", "`within` is missing: answered within which time?", cure, key=True)
            return None
        read = measures.ServiceLevel(asked.queue, within_s=within, window_s=asked.window)
        text = f"service_level: {asked.queue} within {within} s over {asked.window} s"
        return self._threshold(key, text, read, asked, unit=" %")

    def _of_site(self, name: str, asked: OfSite, path: Path, key: str) -> Condition | None:
        site = self._site(asked.site, (*path, "site"))
        if site is None:
            return None
        read: Reading = measures.SiteCalls(site.name)
        if name == "free_lines":
            if not site.max_calls and self.scope.document.lost(("sites", site.name)):
                return None
            if not site.max_calls:
                cure = f"Give the site `{site.name}` a `max_calls`, or ask for `site_calls`"
                self.scope.document.blame((*path, "site"), "L106", f"`{site.name}` has no limit of calls", cure)
                return None
            read = measures.FreeLines(site.name, site.max_calls)
        return self._threshold(key, f"{name}: {site.name}", read, asked, per_pabx=False)

    def _call_rate(self, asked: CallRate, path: Path, key: str) -> Condition:
        service = asked.service or self.service
        if asked.service is not None:
            self.scope.find("service", self.scope.services, service, (*path, "service"))
        read = measures.CallRate(service, window_s=asked.window)
        text = f"call_rate: {service} over {asked.window} s"
        return self._threshold(key, text, read, asked, unit=" calls/min", per_pabx=False)

    def _threshold(  # noqa: PLR0913 - the pieces of one threshold
        self, key: str, text: str, read: Reading, asked: Bounds[Any], *, unit: str = "", per_pabx: bool = True
    ) -> Threshold:
        direction = Direction.AT_MOST if asked.at_least is None else Direction.AT_LEAST
        words = f"{text} {'at least' if direction is Direction.AT_LEAST else 'at most'} {asked.start:g}{unit}"
        if asked.stop != asked.start:
            words += f" until {'below' if direction is Direction.AT_LEAST else 'above'} {asked.stop:g}{unit}"
        if asked.hold:
            words += f" for {asked.hold} s"
        level = Level(direction, asked.start, asked.stop, asked.hold or 0.0)
        # Under changed words it is another threshold, and starts afresh after a reload.
        threshold = Threshold(f"{key}: {words}", words, read, level, per_pabx, unit)
        self.scope.thresholds.append(threshold)
        return threshold

    def _queue(self, queue: str, path: Path) -> None:
        if queue not in self.scope.queues and not self.scope.document.lost(("sites",)):
            message = f"no in-house site has the queue `{queue}`"
            self.scope.document.blame(path, "N305", message, suggest(queue, list(self.scope.queues)))

    def _site(self, name: str, path: Path) -> External | None:
        site = self.scope.find("site", self.scope.sites, name, path)
        if site is not None and not isinstance(site, External):
            cure = f"Ask about its queue: {{waiting: {{queue: {site.queue}, at_least: 5}}}}"
            self.scope.document.blame(path, "L107", f"`{name}` is an in-house site", cure)
            return None
        return site
