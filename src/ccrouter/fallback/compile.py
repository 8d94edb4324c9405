"""From rules to a dialplan file that goes on deciding by them when no router is there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from hashlib import sha256

from ccrouter.fallback.frame import FRAME
from ccrouter.fallback.route import Lists
from ccrouter.fallback.succession import VERSION_GLOBAL, in_version
from ccrouter.fallback.text import PREFIX, Context, plain
from ccrouter.fallback.unsaid import Unsaid, of_rule, while_waiting
from ccrouter.fallback.wall import DAY_MIN, OpenDays, Spans, clock_of, open_days
from ccrouter.fallback.when import Asking, Shared, during
from ccrouter.routing.overrides import Override
from ccrouter.routing.plan import Treatment
from ccrouter.routing.rule import OTHERWISE, OVERRIDE, UNKNOWN_NUMBER
from ccrouter.routing.rules import Number, Rules, Service
from ccrouter.routing.schedule import Calendar

HORIZON_DAYS = 732
"""Two years, from the last day of the week on: holidays that move are in the file up to there."""

CLOCKS_DAYS = 3660
"""How far ahead the file knows when the clocks are turned."""


@dataclass(frozen=True, slots=True)
class Fallback:
    """A compiled file.

    Attributes:
        text: the dialplan.
        version: names the text; the PABX tells it when the file is in force.
        until: the first day of which the file knows no more than its weekday.
        unsaid: what the dialplan can't say, and what happens instead.

    """

    text: str
    version: str
    until: date
    unsaid: tuple[Unsaid, ...]


def monday(zone: tzinfo, at: float) -> date:
    """Return the first day of the week of an instant: what is compiled within one week knows the same days."""
    day = datetime.fromtimestamp(at, UTC).astimezone(zone).date()
    return day - timedelta(days=day.weekday())


def compile_fallback(  # noqa: PLR0913 - what a file is made of
    rules: Rules,
    at: float,
    *,
    modes: Mapping[str, float | None] | None = None,
    overrides: tuple[Override, ...] = (),
    days: int = HORIZON_DAYS,
    pabxs: int = 1,
) -> Fallback:
    """Return the dialplan that decides as these rules do.

    Args:
        rules: the version in force.
        at: from when on it is to serve, seconds since 1970.
        modes: those that are on, with their end (seconds since 1970), None for those that last.
        overrides: those that have not ended; where several are about one number, the first counts.
        days: how many days ahead calendars are known by date, at the least.
        pabxs: how many have the sites' lines between them.

    Raises:
        ValueError: a name holds what no plan could carry, or a line is longer than a PABX reads.

    """
    return _Compiling(rules, at, dict(modes or {}), overrides, days=days, pabxs=pabxs).result()


@dataclass(slots=True)
class _Hours:
    """The calendars, each as a context with its days; those that are open alike share one."""

    rules: Rules
    first: date
    days: int
    contexts: list[Context] = field(default_factory=list)
    _by_calendar: dict[Calendar, int] = field(default_factory=dict)
    _by_days: dict[OpenDays, int] = field(default_factory=dict)

    def number(self, calendar: Calendar) -> int:
        if calendar not in self._by_calendar:
            days = open_days(calendar, self.rules.zone, self.first, self.days)
            if days not in self._by_days:
                self._by_days[days] = len(self._by_days) + 1
                self._add(calendar.name, days, self._by_days[days])
            self._by_calendar[calendar] = self._by_days[days]
        return self._by_calendar[calendar]

    def _add(self, name: str, days: OpenDays, number: int) -> None:
        context = Context(f"{PREFIX}-hours{number}")
        context.note(f"calendar: {name}")
        for weekday, spans in enumerate(days.usual, 1):
            context.extension(f"_{weekday}.", f"Return({_open(spans)})")
        for day, spans in days.dated:
            context.extension(f"{day.isoweekday()}{day:%Y%m%d}", f"Return({_open(spans)})")
        self.contexts.append(context)


def _open(spans: Spans) -> str:
    if not spans:
        return "0"
    if spans == ((0, DAY_MIN),):
        return "1"
    return f"$[{' | '.join(f'(${{minute}} >= {start} & ${{minute}} < {end})' for start, end in spans)}]"


class _Compiling:
    """One run."""

    def __init__(  # noqa: PLR0913 - the same
        self,
        rules: Rules,
        at: float,
        modes: Mapping[str, float | None],
        overrides: tuple[Override, ...],
        *,
        days: int,
        pabxs: int,
    ) -> None:
        self.rules = rules
        self.at = at
        self.overrides = [override for override in overrides if override.until > at]
        self.first = monday(rules.zone, at) - timedelta(days=1)
        self.until = self.first + timedelta(days=days + 7)
        self.hours = _Hours(rules, self.first, days + 7)
        self.lists = Lists(Context(f"{PREFIX}-to"), Context(f"{PREFIX}-sites"), self.hours.number, pabxs)
        self.pabxs = pabxs
        self.shared = Shared(modes, rules.sites, self.hours.number, Context(f"{PREFIX}-levels"))
        self.services: list[Context] = []
        self.unsaid: list[Unsaid] = []
        self._numbers: dict[str, int] = {}

    def result(self) -> Fallback:
        numbers, callers = Context(PREFIX), Context(f"{PREFIX}-number")
        known: dict[tuple[str, Treatment, tuple[Override, ...]], str] = {}
        for spelling, number in sorted(self.rules.numbers.items()):
            overrides = self._about(number)
            key = (number.service.name, number.treatment, overrides)
            if key not in known:
                known[key] = f"n{len(known) + 1}"
                self._number(callers, known[key], number.service, number.treatment, overrides=overrides)
            # One step: between two, the PABX could come to read another version.
            numbers.extension(plain(spelling), f"Goto({PREFIX}-now,{known[key]},1)")
        unknown = self.rules.unknown
        self._number(callers, "unknown", unknown, unknown.treatment, otherwise=UNKNOWN_NUMBER)
        numbers.extension("_[+0-9]!", f"Goto({PREFIX}-now,unknown,1)")
        return self._fallback([numbers, self._now(), callers])

    def _fallback(self, head: list[Context]) -> Fallback:
        shared = [*self.shared.sets.values(), *self.hours.contexts]
        contexts = [*head, *self.services, self.lists.to, self.lists.sites, self.shared.levels, *shared]
        body = "\n".join([*(context.text() for context in contexts if context.lines), FRAME])
        hashed = sha256(body.encode()).hexdigest()[:12]
        version = f"{plain(self.rules.version)}-{hashed}"
        text = (
            f"; The routing file as dialplan, compiled by `ccrouter fallback`: do not edit.\n"
            f"; It decides where no router answers. Holidays are in it up to {self.until}.\n\n"
            f"[globals]\n{VERSION_GLOBAL} = {version}\n\n{in_version(body, hashed)}"
        )
        return Fallback(text, version, self.until, tuple(self.unsaid))

    # --- the call -----------------------------------------------------------------------------------------------------

    def _now(self) -> Context:
        """Return what is worked out of every call: the instant, by the clock on the wall; the caller; the language."""
        context = Context(f"{PREFIX}-now")
        start = datetime.combine(self.first, time(), UTC) - timedelta(days=1)
        clock = clock_of(self.rules.zone, start, CLOCKS_DAYS)
        context.extension("_[nu]!", "Set(LOCAL(group)=${EXTEN})", "Set(LOCAL(at)=${EPOCH})")
        context.step(f"Set(LOCAL(wall)=$[${{at}} + {clock.offset_s}])")
        for turned, offset_s in clock.turned:
            context.step(f"GotoIf($[${{at}} < {turned}]?wall)")
            context.step(f"Set(wall=$[${{at}} + {offset_s}])")
        context.step("Set(LOCAL(day)=${STRFTIME(${wall},UTC,%u%Y%m%d)})", "wall")
        context.step("Set(LOCAL(minute)=$[${STRFTIME(${wall},UTC,%H)} * 60 + ${STRFTIME(${wall},UTC,%M)}])")
        context.step("Set(LOCAL(caller)=${FILTER(+0-9,${CALLERID(num)})})")
        context.step('ExecIf($["${CALLERID(pres):0:7}" != "allowed"]?Set(caller=))')
        context.step("Set(LOCAL(language)=${FILTER(A-Za-z0-9_\\x2d,${CHANNEL(language)})})")
        for name in ("steps", "postponed"):
            context.step(f"Set(LOCAL({name})=)")
        context.step(f"Goto({PREFIX}-number,${{group}},1)")
        return context

    def _about(self, number: Number) -> tuple[Override, ...]:
        """Return the overrides about a number, the one that counts first."""
        return tuple(
            override
            for override in self.overrides
            if (meant := self.rules.numbers.get(override.number)) is not None and meant.number == number.number
        )

    def _number(  # noqa: PLR0913 - what makes numbers alike
        self,
        context: Context,
        extension: str,
        service: Service,
        treatment: Treatment,
        *,
        otherwise: str = OTHERWISE,
        overrides: tuple[Override, ...] = (),
    ) -> None:
        answer = "entry" if treatment.answer_on_entry else "position"
        fields = (treatment.language, answer, str(treatment.priority), treatment.announcement)
        steps = [
            f"Set(LOCAL(service)={plain(service.name)})",
            f"Set(LOCAL(treatment)={'|'.join(plain(each) for each in fields)})",
            f"Set(LOCAL(rule)={OVERRIDE})",
        ]
        for override in overrides:
            to = [each for each in map(self.rules.named, override.to) if each is not None]
            if to:
                now = during(override.since, override.until)
                steps.append(f"GotoIf($[{now}]?{self.lists.place(to, service.last)})")
        steps.append(f"Set(rule={otherwise})")
        if treatment.language:
            steps.append(f"Set(language={plain(treatment.language)})")
        context.extension(extension, *steps, f"Goto({PREFIX}-service{self._service(service)},s,1)")

    # --- the rules ----------------------------------------------------------------------------------------------------

    def _service(self, service: Service) -> int:
        if service.name not in self._numbers:
            self._numbers[service.name] = len(self._numbers) + 1
            self._rules(service, Context(f"{PREFIX}-service{self._numbers[service.name]}"))
        return self._numbers[service.name]

    def _rules(self, service: Service, context: Context) -> None:
        self.services.append(context)
        asking = Asking(self.shared, context, "${CCROUTER_NUMBER}")
        context.note(f"service: {service.name}")
        context.extension("s", "NoOp()")
        always = False
        for nth, rule in enumerate(service.rules, 1):
            context.note(f"rule: {rule.name}")
            said = True if rule.when is None else asking.holds(rule.when, unknown=rule.match_unknown)
            self.unsaid += of_rule(self.rules, service, rule, said, self.pabxs)
            if said is False or always:
                continue
            if isinstance(said, str):
                context.step(f"GotoIf($[{said}]?:r{nth})")
            context.step(f"Set(rule={plain(rule.name)})")
            context.step(f"Goto({self.lists.place(rule.to, service.last)})")
            if said is True:
                always = True
            else:
                context.step("NoOp()", f"r{nth}")
        if not always:
            context.note(OTHERWISE)
            context.step(f"Goto({self.lists.place(service.otherwise, service.last)})")
        self.unsaid += while_waiting(service)
