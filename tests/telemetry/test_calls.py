"""What calls come to, in counters: each once, by the goals of its service, and known before the first of them."""

from dataclasses import replace
from decimal import Decimal

import pytest
from prometheus_client import CollectorRegistry

from ccrouter.live.effects import CallAnswered, CallFinished, CallOffered, Effect, Outcome, SiteReleased, WaitEnded
from ccrouter.routing.decide import decide
from ccrouter.routing.destinations import Leg, Share, Tariff
from ccrouter.routing.rule import Rule
from ccrouter.routing.rules import Goal, Rules
from ccrouter.telemetry.metrics import Metrics
from support.world import NOON, World

WORLD = World()
SHARE = Share("s", (Leg(WORLD.paris), Leg(WORLD.tunis)), (70, 30))


GOAL = Goal(25, 0.8, 6)


def rules(goal: Goal = GOAL) -> Rules:
    """Return rules of one service with a share, and a site that costs something."""
    made = WORLD.rules(Rule("both", None, (WORLD.legs("backup")[0], SHARE, WORLD.closed)))
    support = replace(made.services["support"], goal=goal)
    tunis = replace(WORLD.tunis, tariff=Tariff("EUR", Decimal("0.10"), Decimal("0.30")))
    return replace(
        made,
        services={"support": support},
        sites={"paris": WORLD.paris, "tunis": tunis, "backup": WORLD.backup},
        messages={"closed": WORLD.closed},
    )


class Seen:
    """Metrics that know the rules, and what they tell."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry, ["pbx"])
        self.metrics.rules_in_force(rules(), NOON)

    def tell(self, *effects: Effect) -> None:
        """Report what the live state told."""
        for effect in effects:
            self.metrics.effect(effect)

    def counts(self, name: str, *labels: str) -> dict[tuple[str, ...], float]:
        """Return the series of a counter that are not 0, by these labels."""
        found = {}
        for family in self.registry.collect():
            for sample in family.samples:
                if sample.name == name and sample.value:
                    found[tuple(sample.labels[label] for label in labels)] = sample.value
        return found

    def value(self, name: str, **labels: str) -> float | None:
        """Return one sample."""
        return self.registry.get_sample_value(name, labels)


@pytest.fixture
def seen() -> Seen:
    """Give metrics of a daemon to which nothing has happened."""
    return Seen()


def offered(service: str = "support") -> CallOffered:
    """Return the arrival of a call."""
    return CallOffered(pabx="pbx", uniqueid="1", number="1", service=service, caller=None, entry="routed", at=NOON)


def answered(waited_s: float | None, *, queue: str = "support", target: str = "paris") -> CallAnswered:
    """Return the answer to a call."""
    return CallAnswered(
        pabx="pbx",
        uniqueid="1",
        number="1",
        service="support",
        rule="both",
        decision="d",
        caller=None,
        target=target,
        queue=queue,
        interface="",
        waited_s=waited_s,
        at=NOON,
    )


def ended(
    outcome: Outcome, *, waited_s: float = 3.0, talked_s: float | None = None, again: bool = False
) -> CallFinished:
    """Return the end of a call."""
    return CallFinished(
        pabx="pbx",
        uniqueid="1",
        number="1",
        service="support",
        rule="both",
        decision="d",
        outcome=outcome,
        target="closed",
        waited_s=waited_s,
        talked_s=talked_s,
        at=NOON,
        again=again,
    )


@pytest.mark.parametrize(
    ("end", "name", "labels"),
    [
        (ended(Outcome.ABANDONED, waited_s=6.0), "abandoned", {"short": "yes"}),
        (ended(Outcome.ABANDONED, waited_s=6.1), "abandoned", {"short": "no"}),
        (ended(Outcome.MESSAGE), "refused", {"destination": "closed"}),
        (ended(Outcome.LOST), "lost", {}),
        (ended(Outcome.UNKNOWN), "unseen", {}),
    ],
)
def test_a_call_that_nobody_answered_has_one_end(
    seen: Seen, end: CallFinished, name: str, labels: dict[str, str]
) -> None:
    """It is in one of the counters, and in no other; short is up to the limit of the service."""
    seen.tell(offered(), end)
    for each in ("abandoned", "refused", "lost", "unseen", "answered"):
        expected = {tuple(labels.values()): 1.0} if each == name else {}
        assert seen.counts(f"ccrouter_calls_{each}_total", *(labels if each == name else ())) == expected
    assert seen.value("ccrouter_calls_offered_total", service="support") == 1
    waited = seen.value("ccrouter_abandon_wait_seconds_count", service="support")
    assert waited == (end.outcome is Outcome.ABANDONED)


@pytest.mark.parametrize("outcome", [Outcome.ANSWERED, Outcome.UNKNOWN])
def test_an_answered_call_is_counted_at_its_answer_and_never_again(seen: Seen, outcome: Outcome) -> None:
    """Whatever became of it afterwards, even out of sight, it is no second call in another counter."""
    seen.tell(offered(), answered(3.0), ended(outcome, talked_s=60.0))
    assert seen.counts("ccrouter_calls_answered_total", "destination", "where") == {("paris", "inside"): 1}
    assert not any(seen.counts(f"ccrouter_calls_{end}_total") for end in ("abandoned", "refused", "lost", "unseen"))
    assert seen.value("ccrouter_talk_seconds_sum", service="support") == 60


def test_an_end_that_is_told_again_is_not_counted_again(seen: Seen) -> None:
    """The first telling, as unknown, stays."""
    seen.tell(offered(), ended(Outcome.UNKNOWN), ended(Outcome.ABANDONED, again=True))
    assert seen.value("ccrouter_calls_unseen_total", service="support") == 1
    assert seen.counts("ccrouter_calls_abandoned_total") == {}


def test_in_time_is_up_to_the_target_of_the_service(seen: Seen) -> None:
    """The bucket of the target counts the same calls, so the service level is a ratio of two counters either way."""
    seen.tell(answered(24.9), answered(25.0), answered(25.1), answered(None, queue="", target="tunis"))
    assert seen.value("ccrouter_calls_in_time_total", service="support") == 2
    assert seen.value("ccrouter_answer_wait_seconds_bucket", service="support", le="25.0") == 2
    assert seen.value("ccrouter_answer_wait_seconds_count", service="support") == 3  # of one nobody saw how long
    found = seen.counts("ccrouter_calls_answered_total", "destination", "where")
    assert found == {("paris", "inside"): 3, ("tunis", "outside"): 1}


def test_what_has_not_happened_is_zero_for_each_service_and_site(seen: Seen) -> None:
    """Else the first call of a service would be in no rate, and ring no alarm."""
    for service in ("support", "unknown"):
        for name in ("offered", "in_time", "lost", "unseen"):
            assert seen.value(f"ccrouter_calls_{name}_total", service=service) == 0
        assert seen.value("ccrouter_answer_wait_seconds_count", service=service) == 0
        assert seen.value("ccrouter_talk_seconds_count", service=service) == 0
    assert seen.value("ccrouter_calls_answered_total", service="support", destination="tunis", where="outside") == 0
    assert seen.value("ccrouter_calls_refused_total", service="support", destination="closed") == 0
    assert seen.value("ccrouter_site_tries_total", site="tunis", result="congestion") == 0
    assert seen.value("ccrouter_site_cost_total", site="tunis", currency="EUR") == 0
    assert seen.value("ccrouter_site_seizures_total", site="backup") == 0
    assert seen.value("ccrouter_share_given_total", service="support", rule="both", destination="tunis") == 0
    assert seen.value("ccrouter_decisions_failed_total", pabx="pbx") == 0
    assert seen.value("ccrouter_ami_link_faults_total", pabx="pbx", fault="lost") == 0


def test_a_reload_takes_along_what_is_gone_and_keeps_what_stays(seen: Seen) -> None:
    """Counters of services that stay go on; those of others end, so that reloads never add up to more and more."""
    seen.tell(offered(), answered(3.0), offered("strange"))
    seen.metrics.decisions.decided(decide(rules(), WORLD.facts(), WORLD.call(), "d"), 0.001)
    seen.metrics.rules_in_force(rules(Goal(40)), NOON)
    assert seen.counts("ccrouter_calls_offered_total", "service") == {("support",): 1, ("other",): 1}
    assert seen.value("ccrouter_answer_wait_seconds_bucket", service="support", le="40.0") == 1
    orders = replace(rules().services["support"], name="orders")
    seen.metrics.rules_in_force(replace(rules(), services={"orders": orders}), NOON)
    assert seen.counts("ccrouter_calls_offered_total", "service") == {("other",): 1}
    assert seen.value("ccrouter_calls_offered_total", service="orders") == 0
    assert seen.value("ccrouter_answer_wait_seconds_count", service="support") is None
    assert seen.counts("ccrouter_decisions_total", "service") == {}


def test_a_turn_is_given_to_the_leg_that_was_chosen_wherever_the_share_stands(seen: Seen) -> None:
    """Of ten decisions in a row with 70/30 behind another site, seven turns and three."""
    facts = WORLD.facts()
    for n in range(10):
        decision = decide(rules(), facts, WORLD.call(), f"d{n}")
        seen.metrics.decisions.decided(decision, 0.001)
        facts = replace(facts, turns={**facts.turns, **decision.turns})
    assert seen.counts("ccrouter_share_given_total", "destination") == {("paris",): 7, ("tunis",): 3}


def test_a_site_costs_for_each_answer_and_each_second_that_was_begun(seen: Seen) -> None:
    """Nothing for a ring that nobody answered, nothing where the file names no tariff."""
    for site, took, talked_s in (("tunis", True, 59.5), ("tunis", False, 0.0), ("backup", True, 10.0)):
        seen.tell(
            SiteReleased(
                pabx="pbx", uniqueid="1", service="support", site=site, answered=took, talked_s=talked_s, at=NOON
            )
        )
    assert seen.counts("ccrouter_site_cost_total", "site", "currency") == {("tunis", "EUR"): pytest.approx(0.40)}
    assert seen.counts("ccrouter_site_seizures_total", "site") == {("tunis",): 2, ("backup",): 1}
    assert seen.counts("ccrouter_site_answers_total", "site") == {("tunis",): 1, ("backup",): 1}
    assert seen.counts("ccrouter_site_talk_seconds_total", "site") == {("tunis",): 59.5, ("backup",): 10}


@pytest.mark.parametrize(
    ("answered_it", "forecast_s", "queue", "counted"),
    [(True, 10.0, "support", 1), (True, None, "support", 0), (None, 10.0, "support", 0), (True, 10.0, "foreign", 0)],
    ids=["answered", "no forecast", "went on", "queue of nobody"],
)
def test_a_forecast_is_measured_by_who_was_answered(
    seen: Seen, *, answered_it: bool | None, forecast_s: float | None, queue: str, counted: int
) -> None:
    """Of who gave up or went on nobody knows how long they would have waited; either way off counts alike."""
    wait = WaitEnded(
        pabx="pbx", queue=queue, uniqueid="1", answered=answered_it, waited_s=4.0, forecast_s=forecast_s, at=NOON
    )
    seen.tell(wait)
    error = "ccrouter_queue_wait_forecast_error_seconds"
    assert sum(seen.counts(f"{error}_count").values()) == counted
    assert sum(seen.counts(f"{error}_sum").values()) == 6 * counted
