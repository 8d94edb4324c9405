"""Loads that nobody has seen, as facts: each measure reads as asked, and hold times have run."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccrouter.config.load import compile_text, load_routing
from ccrouter.config.loads import LoadError, load_of
from ccrouter.outlook.cases import with_waiting
from ccrouter.outlook.loads import QUIET, Load, QueueLoad, SiteLoad, facts_under, moved
from ccrouter.routing import measures
from ccrouter.routing.call import Call
from ccrouter.routing.decide import decide
from ccrouter.routing.rules import Rules
from ccrouter.routing.snapshot import Health

EXAMPLE = Path(__file__).parents[2] / "configs" / "example.yaml"
RULES = load_routing(EXAMPLE)
AT = 1_795_597_200.0
SUPPORT = RULES.services["support"]

HOLDING = """\
timezone: Europe/Paris
sites:
  paris: {in_house: {queue: support, max_wait: 2min}}
  tunis: {external: {dial: PJSIP/+21671000000@trunk-tunis, answer_within: 25s}}
messages:
  closed: {play: ccrouter/closed}
numbers:
  "0800 123 456": {service: support}
services:
  support:
    rules:
      - {name: long, when: {waiting: {queue: support, at_least: 5, until_below: 3, for: 24h}}, to: [tunis]}
    otherwise: [paris, closed]
"""


def decided(load: Load, rules: Rules) -> str:
    """Return the rule that decides under a load."""
    return decide(rules, facts_under(load, rules, AT), Call("main", "1", "0800123456", ""), "d").rule


@given(
    st.builds(
        QueueLoad,
        waiting=st.integers(1, 50),
        longest_wait_s=st.integers(0, 3600).map(float),
        estimated_wait_s=st.none() | st.integers(0, 3600).map(float),
        logged_in=st.integers(0, 50),
        ready=st.integers(0, 50),
        busy=st.integers(0, 50),
        service_level=st.none() | st.integers(0, 100),
    ),
    st.integers(1, 3600),
)
def test_each_measure_of_a_queue_reads_as_asked(load: QueueLoad, window_s: int) -> None:
    """Whatever the time and the window of a service level, the value is the one that was asked for."""
    facts = facts_under(Load({"support": load}), RULES, AT)
    readings: dict[measures.Reading, float | None] = {
        measures.Waiting("support"): load.waiting,
        measures.LongestWait("support"): load.longest_wait_s,
        measures.EstimatedWait("support"): load.estimated_wait_s,
        measures.LoggedIn("support"): load.logged_in,
        measures.Ready("support"): load.ready,
    }
    assert {read: read(facts, "main") for read in readings} == readings
    level = measures.ServiceLevel("support", 20.0, float(window_s))(facts, "main")
    assert level == (None if load.service_level is None else pytest.approx(load.service_level))


@given(st.integers(0, 120), st.integers(1, 60))
def test_a_rate_reads_as_asked_over_whole_minutes(rate: int, minutes: int) -> None:
    """Over any window that whole calls can fill, the rate is exact."""
    facts = facts_under(Load(call_rates={"support": float(rate)}), RULES, AT)
    assert measures.CallRate("support", minutes * 60.0)(facts, "main") == pytest.approx(rate)


def test_what_is_not_named_is_quiet() -> None:
    """All queues and sites of the rules are there: a position is ready, sites are up and empty."""
    facts = facts_under(QUIET, RULES, AT)
    assert {queue for _, queue in facts.snapshot.queues} == {"support", "orders", "metz"}
    assert {name: (site.calls, site.health) for name, site in facts.snapshot.sites.items()} == dict.fromkeys(
        ("tunis", "night service", "backup"), (0, Health.UP)
    )
    assert all((queue.waiting, queue.ready) == (0, 1) for queue in facts.snapshot.queues.values())


def test_a_load_has_lasted_for_every_hold_time() -> None:
    """A rule that asks for a day of it applies at once."""
    rules = compile_text(HOLDING.encode(), "routing.yaml")
    assert decided(Load({"support": QueueLoad(waiting=5)}), rules) == "long"


def test_between_start_and_stop_a_threshold_has_not_started() -> None:
    """Nobody says that it was worse before."""
    rules = compile_text(HOLDING.encode(), "routing.yaml")
    assert decided(Load({"support": QueueLoad(waiting=4)}), rules) == "otherwise"


def test_a_pabx_that_can_not_be_asked_leaves_all_unknown() -> None:
    """No measure has a value."""
    facts = facts_under(Load(known=False), RULES, AT)
    assert not facts.fresh("main")
    assert measures.Waiting("support")(facts, "main") is None


def test_facts_are_moved_as_a_whole() -> None:
    """At another instant the same is true: who waited for a minute waits for a minute, what was fresh is fresh."""
    load = Load({"support": QueueLoad(waiting=2, longest_wait_s=60, service_level=50)}, call_rates={"support": 12.0})
    facts = moved(facts_under(load, RULES, AT), AT + 86400)
    assert facts.age_s("main") == 0
    assert measures.LongestWait("support")(facts, "main") == 60
    assert measures.ServiceLevel("support", 20, 900)(facts, "main") == 50
    assert measures.CallRate("support", 300)(facts, "main") == 12


def test_a_caller_who_waits_is_one_of_those_who_do() -> None:
    """A caller who has waited 90 s waits in a queue where somebody has waited for 90 s."""
    load = with_waiting(QUIET, "support", 90.0)
    assert load.queues["support"] == QueueLoad(waiting=1, longest_wait_s=90.0)
    longer = Load({"support": QueueLoad(waiting=7, longest_wait_s=200.0)})
    assert with_waiting(longer, "support", 90.0) == longer


# --- as a person says them --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("waiting=6", QueueLoad(waiting=6)),
        ("longest_wait=90s", QueueLoad(waiting=1, longest_wait_s=90)),
        ("ready=0", QueueLoad(ready=0, busy=1)),
        ("busy=3", QueueLoad(logged_in=4, busy=3)),
        ("paused=2", QueueLoad(logged_in=3, paused=2)),
        ("logged_in=4", QueueLoad(logged_in=4, ready=4)),
        ("logged_in=4,ready=1", QueueLoad(logged_in=4, ready=1, busy=3)),
        ("logged_in=0", QueueLoad(logged_in=0, ready=0, estimated_wait_s=None)),
        ("occupancy=95%", QueueLoad(logged_in=20, ready=1, busy=19)),
        ("occupancy=100%", QueueLoad(ready=0, busy=1)),
        ("occupancy=0%,ready=3", QueueLoad(logged_in=3, ready=3)),
        ("occupancy=75%,ready=2", QueueLoad(logged_in=8, ready=2, busy=6)),
        ("service_level=60%", QueueLoad(service_level=60)),
        ("estimated_wait=unknown,service_level=unknown", QueueLoad(estimated_wait_s=None, service_level=None)),
        ("support.waiting=6", QueueLoad(waiting=6)),
        ("paris.waiting=6", QueueLoad(waiting=6)),
    ],
)
def test_what_is_said_of_positions_leaves_no_contradiction(text: str, expected: QueueLoad) -> None:
    """The figures given are kept; the others follow from them, or are quiet."""
    assert load_of(text, RULES, SUPPORT) == Load({"support": expected})


def test_sites_and_services_are_said_alike() -> None:
    """A word for the health of a site; a rate without a name is that of the call's service."""
    load = load_of("tunis=down, backup.calls=12, call_rate=40, orders.call_rate=3", RULES, SUPPORT)
    assert load.sites == {"tunis": SiteLoad(health=Health.DOWN), "backup": SiteLoad(calls=12)}
    assert load.call_rates == {"support": 40, "orders": 3}
    assert load_of("unknown", RULES, SUPPORT) == Load(known=False)
    assert load_of("quiet", RULES, SUPPORT) == QUIET


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "`` says no load. Write measures: waiting=6,ready=0,tunis=down."),
        ("waiting", "`waiting` says no load. Write waiting=5."),
        ("waitin=6", "`waitin` is neither a measure nor a site. Did you mean `waiting`?"),
        ("support.waitin=6", "`waitin` is no measure. Did you mean `waiting`?"),
        ("suport.waiting=6", "there is no queue `suport`. Did you mean `support`?"),
        ("toonis=down", "there is no site `toonis`. Did you mean `tunis`?"),
        ("tunis=dwn", "`dwn` is no health of a site. Did you mean `down`?"),
        ("paris=down", "`paris` is in-house: it is neither up nor down. Say how many are there: paris.logged_in=0."),
        ("order.call_rate=3", "there is no service `order`. Did you mean `orders`?"),
        ("occupancy=95%,logged_in=10", "support: ready, busy and paused make 20, and 10 are logged in. "),
        ("occupancy=95%,ready=1,busy=1", "support: 95% busy can't be made of the other figures. Leave out "),
        ("waiting=0,longest_wait=5s", "support: nobody waits, and the longest wait has a length. Leave one out."),
        ("waiting=1,support.waiting=2", "`waiting` of `support` is said twice. Remove one of the two."),
        ("service_level=60.5%", "60.5% is no whole percentage. Write 60%."),
    ],
)
def test_what_says_no_load_is_told(text: str, told: str) -> None:
    """What is wrong, and the nearest word that is known."""
    with pytest.raises(LoadError) as raised:
        load_of(text, RULES, SUPPORT)
    assert str(raised.value).startswith(told)
