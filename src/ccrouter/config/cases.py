"""Case files: what must become of certain calls, beside the routing file that they are about."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, model_validator
from pydantic.json_schema import JsonSchemaValue

from ccrouter.config.document import Document, Text
from ccrouter.config.document import Path as Where
from ccrouter.config.instants import InstantError, dated
from ccrouter.config.load import load_routing, read_file
from ccrouter.config.loads import load_at, load_file, says_file
from ccrouter.config.problems import RefusedFileError, nearest, suggest
from ccrouter.config.reads import OneOrMore, Reads
from ccrouter.config.shape import Strict, shape
from ccrouter.config.telephone import Phone, dialled, phone
from ccrouter.config.values import Count, Duration, Language, Name, Words, fail, whole, word
from ccrouter.config.yaml import read
from ccrouter.outlook.cases import ORDINARY, PABX, STAYS, Case
from ccrouter.outlook.loads import QUIET, Load
from ccrouter.outlook.places import queue_named, queues_of
from ccrouter.routing.call import Call
from ccrouter.routing.destinations import InHouse
from ccrouter.routing.rule import OTHERWISE, UNKNOWN_NUMBER
from ccrouter.routing.rules import Rules, Service

SUFFIX: Final = ".cases.yaml"
"""`routing.yaml` has its cases in `routing.cases.yaml`."""

ANONYMOUS: Final = "anonymous"

MOST_CALLS: Final = 10_000

Calls = Annotated[int, whole(least=1, most=MOST_CALLS)]


def _caller(value: object) -> str:
    if isinstance(value, Text) and value != ANONYMOUS and nearest(value, [ANONYMOUS]):
        fail("V130", f"`{value}` is not possible here", f"Did you mean `{ANONYMOUS}`?")
    return ANONYMOUS if value == ANONYMOUS else phone(value)


class Expected(Strict):
    """Where the call must go: names in the plan's order from the front, or how many calls come first to each name."""

    names: list[Name] = Field(default_factory=list)
    counts: dict[Name, Count] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _either(cls, data: object) -> object:
        if isinstance(data, dict):
            return {Text("counts", plain=True): data}
        return {Text("names", plain=True): data if isinstance(data, list) else [data]}

    @classmethod
    def forms(cls, whole: JsonSchemaValue) -> list[JsonSchemaValue]:
        """Return a name, names, and counts: these keys are never written."""
        names, counts = whole["properties"]["names"], whole["properties"]["counts"]
        return [names["items"], names, counts]


class WrittenCase(Strict):
    """One case."""

    name: Name = Field(description="what the case is about; once in a file", examples=["four wait"])
    number: Phone = Field(description="the number dialled, in quotes", examples=["0800 123 456"])
    at: Annotated[str, Reads(word, "instant")] = Field(
        description="the instant, with its date: a case means the same next year", examples=["2026-11-25 22:00"]
    )
    load: Any = Field(
        None,
        description="what is true then: measures, `unknown`, or the path of a file; by default all is quiet",
        examples=["waiting=6,ready=0", {"waiting": 6, "tunis": "down"}, "peak.load.yaml"],
    )
    mode: Annotated[list[Name], OneOrMore] = Field(
        default_factory=list, description="a mode that is on, or a list of them", examples=["crisis"]
    )
    caller: Annotated[str, Reads(_caller, "telephone number, or `anonymous`")] | None = Field(
        None,
        description="who calls: a number in quotes, or `anonymous`; by default one that no rule names",
        examples=["06 12 34 56 78", "anonymous"],
    )
    language: Language = Field("", description="the language of the channel")
    waited: Duration | None = Field(
        None, description="the caller has waited so long; asks `while_waiting`", examples=["90s"]
    )
    waits_in: Name | None = Field(
        None, alias="in", description="in this queue or in-house site; by default the only one", examples=["paris"]
    )
    calls: Calls = Field(1, description="so many calls in a row; with counts in `expect`", examples=[100])
    expect: Expected | None = Field(
        None,
        description="where the call must go: one name (the first step of the plan), a list (the plan's order from the "
        "front), `stays` for a caller who waits, or counts for `calls`",
        examples=["tunis", ["tunis", "closed"], {"paris": 70, "tunis": 30}],
    )
    rule: Name | None = Field(
        None, description="the rule that must decide; a case has `expect`, `rule` or both", examples=["out of hours"]
    )

    @model_validator(mode="after")
    def _is_a_question(self) -> "WrittenCase":
        counts = self.expect is not None and bool(self.expect.counts)
        if self.expect is None and self.rule is None:
            fail("C111", "the case expects nothing", "Write `expect: NAME`, or `rule: NAME`")
        if counts != (self.calls > 1):
            cure = "Write both: {calls: 100, expect: {paris: 70, tunis: 30}}"
            fail("C112", "`calls` and counts in `expect` go together", cure)
        if self.expect is not None and counts and sum(self.expect.counts.values()) != self.calls:
            total = sum(self.expect.counts.values())
            fail("C113", f"the counts add up to {total}, and there are {self.calls} calls", "Write counts that add up")
        if self.waited is None and self.waits_in is not None:
            fail("C115", "`in` says where a caller waits", "Add `waited: 90s`, or remove `in`", at=("in",))
        if self.waited is not None and self.calls > 1:
            fail("C112", "callers who wait are asked about one by one", "Remove `calls`", at=("calls",))
        return self


class CaseFile(Strict):
    """A whole case file."""

    routing: Words | None = Field(
        None, description="the routing file that the cases are about; by default the one beside this file"
    )
    cases: list[WrittenCase] = Field(min_length=1, description="the cases")


@dataclass(frozen=True, slots=True)
class Cases:
    """A case file that was read, with the rules that it is about."""

    file: Path
    routing: Path
    rules: Rules
    cases: tuple[Case, ...]


def case_file(path: Path) -> Path:
    """Return the case file that a path means: itself, or the one beside it where it is a routing file.

    Raises:
        RefusedFileError: it can't be read.

    """
    value = read(read_file(path), str(path)).value
    return path.with_name(path.stem + SUFFIX) if isinstance(value, dict) and "services" in value else path


def load_cases(path: Path) -> Cases:
    """Return the cases of a file.

    Raises:
        RefusedFileError: it can't be used, or the routing file can't; the error holds every problem found.

    """
    document = read(read_file(path), str(path))
    written = shape(document, CaseFile)
    routing = _routing(document, written, path)
    rules = load_routing(routing)
    cases = tuple(_Asked(document, rules, ("cases", i)).case(each) for i, each in enumerate(written.cases))
    named: dict[str, int] = {}
    for i, each in enumerate(written.cases):
        first = named.setdefault(each.name, i)
        if first != i:
            line = document.at(("cases", first, "name")).line
            message = f"two cases are named `{each.name}`; the first is on line {line}"
            document.blame(("cases", i, "name"), "C116", message, "Give one of them another name")
    document.refuse()
    return Cases(path, routing, rules, cases)


def _routing(document: Document, written: CaseFile, path: Path) -> Path:
    if written.routing is not None:
        return path.parent / written.routing
    if not path.name.endswith(SUFFIX):
        message = "it is not said which routing file the cases are about"
        document.blame((), "C117", message, f"Add a line `routing: routing.yaml`, or name the file NAME{SUFFIX}")
        document.refuse()
    return path.with_name(path.name.removesuffix(SUFFIX) + ".yaml")


@dataclass(frozen=True, slots=True)
class _Asked:
    """One case of a file, held against the rules."""

    document: Document
    rules: Rules
    path: Where

    def case(self, written: WrittenCase) -> Case:
        """Return it compiled; problems are noted."""
        number = dialled(written.number)
        known = self.rules.numbers.get(number)
        service = self.rules.unknown if known is None else known.service
        expected = written.expect
        names = () if expected is None else tuple(expected.names)
        counts = {} if expected is None else expected.counts
        otherwise = UNKNOWN_NUMBER if known is None else OTHERWISE
        self._names(written, service, otherwise, [*names, *counts])
        caller = None if written.caller == ANONYMOUS else dialled(written.caller or ORDINARY)
        return Case(
            name=written.name,
            call=Call(PABX, "case", number, caller, written.language, waited_s=written.waited),
            at=self._at(written.at),
            load=self._load(written.load, service),
            modes=frozenset(written.mode),
            queue=self._queue(written, service),
            calls=written.calls,
            expect=names,
            counts=counts,
            rule=written.rule or "",
            line=self.document.at(self.path).line,
        )

    def _names(self, written: WrittenCase, service: Service, otherwise: str, expected: list[str]) -> None:
        rules = self.rules
        known = [*rules.sites, *rules.messages, rules.unknown.last.name, *([STAYS] if written.waited else [])]
        for name in expected:
            if name not in known:
                where = (*self.path, "expect", *([expected.index(name)] if len(expected) > 1 else []))
                cure = suggest(name, known)
                if name == STAYS:
                    cure = "Add `waited: 90s`: only a caller who waits can stay"
                self.document.blame(where, "N301", f"there is no site or message `{name}`", cure)
        for mode in written.mode:
            if mode not in rules.modes:
                cure = suggest(mode, list(rules.modes))
                self.document.blame((*self.path, "mode"), "N303", f"there is no mode `{mode}`", cure)
        waiting = [rule.name for rule in service.while_waiting]
        deciding = waiting if written.waited else [*(rule.name for rule in service.rules), otherwise]
        if written.rule is not None and written.rule not in deciding:
            message = f"`{service.name}` has no rule `{written.rule}`"
            if written.waited:
                message = f"`{service.name}` has no rule `{written.rule}` for callers who wait"
            self.document.blame((*self.path, "rule"), "C114", message, suggest(written.rule, deciding))

    def _at(self, text: str) -> float:
        try:
            return dated(text, self.rules.zone).timestamp()
        except InstantError as error:
            self.document.blame((*self.path, "at"), "C110", error.message, error.cure)
            return 0.0

    def _load(self, load: Any, service: Service) -> Load:  # noqa: ANN401 - whatever the file holds
        if load is None:
            return QUIET
        if not isinstance(load, Text) or not says_file(load, Path(self.document.file).parent):
            return load_at(self.document, (*self.path, "load"), self.rules, service)
        try:
            return load_file(Path(self.document.file).parent / load, self.rules, service)
        except RefusedFileError as error:
            self.document.problems.extend(error.problems)
            return QUIET

    def _queue(self, written: WrittenCase, service: Service) -> str:
        if written.waited is None:
            return ""
        if written.waits_in is not None:
            queue = queue_named(self.rules, written.waits_in)
            if queue is None:
                names = [site.name for site in self.rules.sites.values() if isinstance(site, InHouse)]
                message = f"there is no queue or in-house site `{written.waits_in}`"
                self.document.blame((*self.path, "in"), "N305", message, suggest(written.waits_in, names))
            return queue or ""
        near = queues_of(service)
        if len(near) == 1:
            return near[0]
        cure = f"Add `in: {near[0]}`, or another of {', '.join(near)}" if near else "Remove `waited`"
        message = f"nothing says in which queue of `{service.name}` the caller waits"
        self.document.blame((*self.path, "waited"), "C115", message, cure, key=True)
        return ""
