"""Decisions and facts as plain values, for JSON: what the journal keeps and what one process tells another.

A record holds all that there is to say about its decision, so that it can be told years later in the same words. What
the decision left behind in the router (thresholds, turns of shares) is not part of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ccrouter.routing.call import Call
from ccrouter.routing.conditions import Tested
from ccrouter.routing.decision import Decision, Stay
from ccrouter.routing.destinations import Considered
from ccrouter.routing.facts import Facts
from ccrouter.routing.overrides import Override
from ccrouter.routing.plan import decode
from ccrouter.routing.snapshot import Ended, Health, PabxFacts, QueueFacts, SiteFacts, SitePart, Snapshot
from ccrouter.routing.thresholds import Latch, Verdict
from ccrouter.routing.trace import RuleTested

Record = dict[str, Any]
"""What json.dumps takes and json.loads gives."""


@dataclass(frozen=True, slots=True)
class CallEnd:
    """What became of a call under a decision.

    Attributes:
        outcome: answered, message, abandoned or unknown.
        target: site or message where the call was when it ended.
        waited_s: from the decision to the answer, or to the end where nobody answered.
        talked_s: None where nobody answered.

    """

    outcome: str
    target: str
    waited_s: float
    talked_s: float | None
    at: float


@dataclass(frozen=True, slots=True)
class DecisionMade:
    """One line of the journal.

    Attributes:
        number: as the routing file writes it, or as it was dialled where the file does not know it.
        caller: masked, unless the settings say otherwise; None where it was hidden.
        waited_s: how long the caller had waited; None for a call that had just arrived.
        end: None while the call goes on, after a later decision about it, and where its end was not seen.

    """

    at: float
    pabx: str
    uniqueid: str
    decision: str
    number: str
    caller: str | None
    service: str
    rule: str
    destination: str
    waited_s: float | None
    end: CallEnd | None


def record_of(decision: Decision) -> Record:
    """Return a decision as plain values; the plan as the text that the PABX was given."""
    return {**beginning_of(decision), **_reasons_of(decision)}


def record_of_stay(stay: Stay) -> Record:
    """Return as plain values what keeps a waiting caller in their queue."""
    return {**_beginning_of(stay), **_reasons_of(stay)}


def beginning_of(decision: Decision) -> Record:
    """Return the part of a record that is the call's own: all but what was tested and considered."""
    return {**_beginning_of(decision), "plan": decision.text}


def rule_of(tested: RuleTested) -> list[object]:
    """Return what became of a rule as plain values."""
    rule, verdict, tests = tested
    # Plain lists and texts: of tuples with names, and of words, the encoder finds out slowly what they are.
    return [rule, str(verdict), [[text, str(said), seen] for text, said, seen in tests]]


def considered_of(considered: Iterable[Considered]) -> list[list[str]]:
    """Return what was seen of destinations as plain values."""
    return list(map(list, considered))


def _beginning_of(found: Decision | Stay) -> Record:
    call = found.call
    return {
        "call": {
            "pabx": call.pabx,
            "uniqueid": call.uniqueid,
            "number": call.number,
            "caller": call.caller,
            "language": call.language,
            "waited_s": call.waited_s,
            "caller_known": call.caller_known,
        },
        "at": found.at,
        "number": found.number,
        "rules_version": found.rules_version,
        "state_age_s": found.state_age_s,
    }


def _reasons_of(found: Decision | Stay) -> Record:
    return {"trace": list(map(rule_of, found.trace)), "considered": considered_of(found.considered)}


def decision_of(record: Mapping[str, Any]) -> Decision:
    """Return the decision of a record, without its latches and turns.

    Raises:
        KeyError, TypeError, ValueError: this is no record.

    """
    try:
        return _decision_of(record)
    except AttributeError as error:  # a list in the place of a text, or of a mapping
        raise TypeError(f"this is no record: {error}") from error


def _decision_of(record: Mapping[str, Any]) -> Decision:
    carried = decode(record["plan"])
    return Decision(
        id=carried.decision,
        call=Call(**record["call"]),
        at=record["at"],
        number=record["number"],
        service=carried.service,
        rule=carried.rule,
        plan=carried.plan,
        treatment=carried.treatment,
        trace=tuple(
            RuleTested(rule, Verdict(verdict), tuple(Tested(text, Verdict(said), seen) for text, said, seen in tests))
            for rule, verdict, tests in record["trace"]
        ),
        considered=tuple(Considered(*seen) for seen in record["considered"]),
        rules_version=record["rules_version"],
        state_age_s=record["state_age_s"],
        latches={},
        turns={},
    )


def record_of_facts(facts: Facts) -> Record:
    """Return facts as plain values."""
    snapshot = facts.snapshot
    return {
        "at": facts.at,
        "snapshot": {
            "at": snapshot.at,
            "pabxs": [asdict(pabx) for pabx in snapshot.pabxs.values()],
            "queues": [asdict(replace(queue, recent=tuple(queue.recent))) for queue in snapshot.queues.values()],
            "sites": [asdict(site) for site in snapshot.sites.values()],
            "arrivals": {service: list(instants) for service, instants in snapshot.arrivals.items()},
        },
        "modes": sorted(facts.modes),
        "latches": [[*key, latch.on, latch.reached_at] for key, latch in facts.latches.items()],
        "turns": {
            share: [[sorted(usable), list(credit)] for usable, credit in turns.items()]
            for share, turns in facts.turns.items()
        },
        "overrides": [asdict(override) for override in facts.overrides],
    }


def facts_of(record: Mapping[str, Any]) -> Facts:
    """Return the facts of a record.

    Raises:
        KeyError, TypeError, ValueError: this is no record.

    """
    try:
        return _facts_of(record)
    except AttributeError as error:
        raise TypeError(f"these are no facts: {error}") from error


def _facts_of(record: Mapping[str, Any]) -> Facts:
    seen = record["snapshot"]
    pabxs = [PabxFacts(**pabx) for pabx in seen["pabxs"]]
    queues = [
        QueueFacts(**{**queue, "recent": tuple(Ended(**each) for each in queue["recent"])}) for queue in seen["queues"]
    ]
    sites = [
        SiteFacts(
            **{**site, "health": Health(site["health"]), "parts": tuple(SitePart(**each) for each in site["parts"])}
        )
        for site in seen["sites"]
    ]
    return Facts(
        at=record["at"],
        snapshot=Snapshot(
            seen["at"],
            {pabx.pabx: pabx for pabx in pabxs},
            {(queue.pabx, queue.queue): queue for queue in queues},
            {site.site: site for site in sites},
            {service: tuple(instants) for service, instants in seen["arrivals"].items()},
        ),
        modes=frozenset(record["modes"]),
        latches={(key, pabx): Latch(on, reached_at) for key, pabx, on, reached_at in record["latches"]},
        turns={
            share: {frozenset(usable): tuple(credit) for usable, credit in turns}
            for share, turns in record["turns"].items()
        },
        overrides=tuple(Override(**{**override, "to": tuple(override["to"])}) for override in record["overrides"]),
    )
