"""One call explained: what is asked, the decision, and all that is told of it, as lines and as plain values."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ccrouter.outlook.cases import ask, destinations
from ccrouter.outlook.circumstances import Sources, circumstances, head
from ccrouter.outlook.words import Line, Tone, lines, reasons, summary
from ccrouter.routing.call import Call
from ccrouter.routing.decision import Decision, Stay
from ccrouter.routing.facts import Facts
from ccrouter.routing.records import Record, record_of, record_of_stay
from ccrouter.routing.rules import Rules

ID = "explain"
"""Id of a decision that nobody carries out."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a decision is made of, and where it comes from.

    Attributes:
        queue: where the caller waits; empty for nowhere.
        file: where the rules come from.
        remark: what to tell of the instant; empty for nothing.

    """

    rules: Rules
    facts: Facts
    call: Call
    queue: str
    sources: Sources
    file: str
    remark: str = ""

    def decided(self) -> Decision | Stay:
        """Return what becomes of the call."""
        return ask(self.rules, self.facts, self.call, self.queue, ID)


def page(asked: Asked, found: Decision | Stay, counts: Mapping[str, int] | None = None) -> Iterator[Line]:
    """Yield all that is told; `counts` is how many of such calls in a row come first to each name."""
    rules = asked.rules
    yield from head(rules, asked.call)
    yield from summary(found)
    yield Line("")
    yield from circumstances(rules, asked.facts, asked.call, asked.sources)
    yield from lines(f"{asked.file}, version {rules.version}", first="  rules      ")
    yield Line("")
    yield from reasons(found, rules)
    if counts:
        yield Line(f"{sum(counts.values())} such calls in a row", Tone.HEAD)
        yield from lines(", ".join(f"{name} {count}" for name, count in counts.items()), first="  ")


def record(
    found: Decision | Stay, counts: Mapping[str, int] | None = None, failures: Sequence[tuple[str, str]] = ()
) -> Record:
    """Return the same as plain values, with what was expected in vain."""
    return {
        **(record_of(found) if isinstance(found, Decision) else record_of_stay(found)),
        "service": found.service,
        "rule": found.rule,
        "destinations": list(destinations(found)),
        **({"counts": dict(counts)} if counts else {}),
        "not_as_expected": [{"expected": expected, "found": seen} for expected, seen in failures],
    }
