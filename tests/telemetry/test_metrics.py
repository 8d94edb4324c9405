"""The metrics as Prometheus reads them: names, labels, values, and what is never in them."""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from ccrouter.agi.desk import Outcome as AgiOutcome
from ccrouter.ami.watches import Fault, LinkState
from ccrouter.live.desks import PositionView
from ccrouter.live.effects import CallFinished, Effect, FactRefused, Outcome, Relist, SiteHealthChanged, SiteTried
from ccrouter.live.events import CallEnded, DeviceState, Heard, Listing, PeerFault
from ccrouter.live.lifecycle import Phase
from ccrouter.live.positions import STATES, Position
from ccrouter.live.views import CallView
from ccrouter.routing import measures
from ccrouter.routing.conditions import All, Mode, Not, SiteIs, Threshold
from ccrouter.routing.decide import decide, decide_waiting
from ccrouter.routing.decision import Decision
from ccrouter.routing.facts import Facts
from ccrouter.routing.overrides import Override
from ccrouter.routing.rule import Rule
from ccrouter.routing.rules import Goal, Rules
from ccrouter.routing.snapshot import Health, PabxFacts, QueueFacts, SiteFacts, Snapshot
from ccrouter.routing.thresholds import Direction, Level
from ccrouter.store.modes import ModeOn
from ccrouter.telemetry.degraded import DegradedStates
from ccrouter.telemetry.labels import OTHER
from ccrouter.telemetry.live import LiveCollector, Sources
from ccrouter.telemetry.live_queues import MOST_QUEUES
from ccrouter.telemetry.metrics import Metrics, new_registry
from ccrouter.telemetry.names import RuleNames
from ccrouter.telemetry.peers import LINK_FAULTS, LINK_STATES
from ccrouter.telemetry.stream import REASONS, StreamCounts
from support.hand_clock import HandClock
from support.world import NOON, World

WORLD = World()
CROWD = Threshold("k", "waiting", measures.Waiting("support"), Level(Direction.AT_LEAST, 5, 3))
RULES = replace(
    WORLD.rules(
        Rule("crisis", Mode("crisis"), WORLD.legs("backup")),
        Rule("peak", All((CROWD, Not(Mode("crisis")))), WORLD.legs("tunis")),
        Rule("tunis is up", All((SiteIs("tunis"), Mode("all_outside"))), WORLD.legs("tunis")),
        while_waiting=(Rule("too long", None, WORLD.legs("tunis")),),
    ),
    sites={"paris": WORLD.paris, "tunis": WORLD.tunis, "backup": WORLD.backup},
    messages={"closed": WORLD.closed},
    modes=frozenset({"crisis", "all_outside"}),
)

FORBIDDEN_LABELS = {"caller", "caller_number", "channel", "uniqueid", "linkedid", "decision", "call", "interface"}


def families(registry: CollectorRegistry) -> dict[str, Metric]:
    """Scrape, and read what came with Prometheus' own parser."""
    return {family.name: family for family in text_string_to_metric_families(generate_latest(registry).decode())}


@pytest.fixture
def clock() -> HandClock:
    """Give a clock that stands still."""
    return HandClock()


@pytest.fixture
def registry() -> CollectorRegistry:
    """Give a registry of the test's own."""
    return new_registry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> Metrics:
    """Give metrics that know the rules."""
    made = Metrics(registry)
    made.rules_in_force(RULES, NOON)
    return made


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    """Read one sample."""
    return registry.get_sample_value(name, labels)


# --- decisions --------------------------------------------------------------------------------------------------------


def test_a_decision_is_counted_with_its_rule_and_destination(metrics: Metrics, registry: CollectorRegistry) -> None:
    """The labels are the words of the routing file, and the time falls into a bucket."""
    decision = decide(RULES, WORLD.facts(modes=["crisis"]), WORLD.call(), "d1")
    metrics.decisions.decided(decision, 0.00007)
    labels = {"pabx": "pbx", "service": "support", "rule": "crisis", "destination": "backup"}
    assert value(registry, "ccrouter_decisions_total", **labels) == 1
    assert value(registry, "ccrouter_decision_seconds_bucket", le="5e-05") == 0
    assert value(registry, "ccrouter_decision_seconds_bucket", le="0.0001") == 1


@pytest.mark.parametrize(
    ("facts", "waited_s", "moment"),
    [
        pytest.param(WORLD.facts(modes=["crisis"]), None, None, id="a mode is not load"),
        pytest.param(WORLD.facts(), None, None, id="otherwise, at the first site"),
        pytest.param(WORLD.facts(queue=WORLD.queue(waiting=7)), None, "entry", id="a rule measures a queue"),
        pytest.param(WORLD.facts(modes=["all_outside"]), None, "entry", id="a rule asks for a site's health"),
        pytest.param(WORLD.facts(queue=WORLD.queue(logged_in=0, ready=0)), None, "entry", id="nobody at the first"),
        pytest.param(WORLD.facts(), 100.0, "waiting", id="taken out of a queue"),
    ],
)
def test_an_overflow_is_a_call_that_the_load_sent_elsewhere(
    metrics: Metrics, registry: CollectorRegistry, facts: Facts, waited_s: float | None, moment: str | None
) -> None:
    """By a rule on load or past a site that can't take it: at entry. By a withdrawal: while waiting."""
    call = WORLD.call(waited_s=waited_s)
    if waited_s is None:
        decision: Decision | None = decide(RULES, facts, call, "d1")
    else:
        decision = decide_waiting(RULES, facts, call, "support", "d1")
    assert decision is not None
    metrics.decisions.decided(decision, 0.001)
    counted = {s.labels["moment"]: s.value for s in families(registry)["ccrouter_overflows"].samples if s.value}
    assert counted == ({} if moment is None else {moment: 1.0})


# --- events and effects -----------------------------------------------------------------------------------------------


def finished(
    outcome: Outcome = Outcome.ANSWERED,
    *,
    service: str = "support",
    rule: str = "peak",
    target: str = "tunis",
    waited_s: float = 1.0,
    talked_s: float | None = 60.0,
) -> CallFinished:
    """Return the end of a call."""
    return CallFinished(
        pabx="pbx",
        uniqueid="1.2",
        number="0800123456",
        service=service,
        rule=rule,
        decision="d1",
        outcome=outcome,
        target=target,
        waited_s=waited_s,
        talked_s=talked_s,
        at=NOON,
    )


EFFECTS: tuple[Effect, ...] = (
    finished(),
    SiteTried(pabx="pbx", uniqueid="1.2", decision="d", site="tunis", result="busy", cause=17, elapsed_s=0.1, at=NOON),
    SiteHealthChanged(site="tunis", health=Health.DOWN, reason="503 five times", at=NOON),
    Relist(pabx="pbx", listing=Listing.QUEUES, reason="somebody unknown left"),
    FactRefused(pabx="pbx", reason="left twice"),
)
CALL_ENDED = CallEnded(
    pabx="pbx", at=NOON, uniqueid="1", number="1", decision="", service="", rule="", kind="", target="", entry="routed"
)


def test_effects_are_counted_by_the_names_of_the_routing_file(metrics: Metrics, registry: CollectorRegistry) -> None:
    """Dials by site and result, changes of health, listings read again."""
    for effect in EFFECTS:
        metrics.effect(effect)
    assert value(registry, "ccrouter_site_tries_total", site="tunis", result="busy") == 1
    assert value(registry, "ccrouter_site_health_changes_total", site="tunis", health="down") == 1
    assert value(registry, "ccrouter_relists_total", pabx="pbx", listing="queues") == 1
    assert value(registry, "ccrouter_facts_refused_total", pabx="pbx", reason="left twice") == 1


def test_codes_of_modes_are_counted_by_answer(metrics: Metrics, registry: CollectorRegistry) -> None:
    """What a telephone was told is the label; who dialled is in the audit and in no metric."""
    for answer in ("on", "off", "on", "refused"):
        metrics.codes.dialled("pbx", answer)
    found = {s.labels["answer"]: s.value for s in families(registry)["ccrouter_mode_codes_dialled"].samples}
    assert found == {"on": 2, "off": 1, "refused": 1}


def test_calls_that_went_without_the_router_are_told_apart(metrics: Metrics, registry: CollectorRegistry) -> None:
    """The fallback must be seen: each call's entry is counted, and an entry that does not exist is `other`."""
    for entry in ("routed", "stored", "static", "static", "forged"):
        metrics.event(replace(CALL_ENDED, entry=entry))
    found = {s.labels["entry"]: s.value for s in families(registry)["ccrouter_calls_ended"].samples if s.value}
    assert found == {"routed": 1, "stored": 1, "static": 2, OTHER: 1}
    assert value(registry, "ccrouter_events_total", pabx="pbx", event="CallEnded") == 5


def test_where_no_rules_are_compiled_nothing_tells_when(metrics: Metrics, registry: CollectorRegistry) -> None:
    """0 would be 1970, and an alarm on its age would ring: it is absent until a file is as it should be."""
    name = "ccrouter_fallback_written_timestamp_seconds"
    metrics.fallback.written("failed", NOON)
    assert name not in families(registry)
    for at in (NOON, NOON + 1):
        metrics.fallback.written("ok", at)
        assert value(registry, name) == at


text = st.one_of(st.text(max_size=40), st.integers(0, 10**6).map(lambda n: f"Name{n}"))


@settings(max_examples=40)
@given(st.lists(st.tuples(text, text, text), min_size=100, max_size=130))
def test_what_peers_send_never_makes_many_series(sent: list[tuple[str, str, str]]) -> None:
    """Whatever names come in events, the number of series stays small and all of it can be read back."""
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    metrics.rules_in_force(RULES, NOON)
    for one, two, three in sent:
        metrics.event(PeerFault(pabx="pbx", at=NOON, event=one, reason=two, queue=three))
        metrics.effect(finished(service=one, rule=two, target=three))
        metrics.effect(FactRefused(pabx="pbx", reason=one))
        metrics.effect(
            SiteTried(pabx="pbx", uniqueid=one, decision="", site=two, result=three, cause=0, elapsed_s=0, at=NOON)
        )
        metrics.agi.session_ended(one, 0.001)
    for name, family in families(registry).items():
        assert len(family.samples) <= 70, name


def test_streams_are_counted_by_why_they_ended(registry: CollectorRegistry) -> None:
    """All reasons are there as 0 before the first; how many are open is asked when the metrics are read."""
    counts = StreamCounts(registry)
    counts.follow(lambda: 7)
    counts.dropped("slow")
    counts.left_out()
    assert value(registry, "ccrouter_stream_clients") == 7
    assert [value(registry, "ccrouter_stream_dropped_total", reason=reason) for reason in REASONS] == [1, 0, 0, 0]
    assert value(registry, "ccrouter_stream_happened_left_out_total") == 1


# --- the rules and the links ------------------------------------------------------------------------------------------


def test_a_refused_reload_shows_and_the_next_good_one_clears_it(metrics: Metrics, registry: CollectorRegistry) -> None:
    """The instant of the version in force stays what it was; only whether the last try succeeded changes."""
    metrics.rules.refused()
    assert value(registry, "ccrouter_config_last_reload_successful") == 0
    assert value(registry, "ccrouter_config_last_reload_success_timestamp_seconds") == NOON
    metrics.rules_in_force(RULES, NOON + 60)
    assert value(registry, "ccrouter_config_last_reload_successful") == 1
    assert value(registry, "ccrouter_config_last_reload_success_timestamp_seconds") == NOON + 60
    assert value(registry, "ccrouter_config_reloads_total", result="refused") == 1


def test_a_link_is_in_one_state_at_a_time(metrics: Metrics, registry: CollectorRegistry) -> None:
    """One of the states is 1, the others are 0."""
    for state in (*LINK_STATES, LINK_STATES[0]):
        metrics.links.link_changed("pbx", state)
        samples = families(registry)["ccrouter_ami_link_state"].samples
        assert {s.labels["state"]: s.value for s in samples} == {each: float(each == state) for each in LINK_STATES}


def test_the_words_of_the_link_are_known_here(metrics: Metrics, registry: CollectorRegistry) -> None:
    """Each state and fault of a link has its own series, and none becomes `other`; so with the ends of AGI sessions."""
    assert tuple(LinkState) == LINK_STATES
    assert tuple(Fault) == LINK_FAULTS
    for fault in Fault:
        metrics.links.link_failed("pbx", fault)
    for outcome in AgiOutcome:
        metrics.agi.session_ended(outcome, 0.001)
    faults = families(registry)["ccrouter_ami_link_faults"].samples
    results = families(registry)["ccrouter_agi_sessions"].samples
    assert {sample.labels["fault"] for sample in faults} == set(Fault)
    assert {sample.labels["result"] for sample in results} == set(AgiOutcome)


# --- what is true now -------------------------------------------------------------------------------------------------


class Scene:
    """A picture that a test changes, and the collector that reads it."""

    def __init__(self, clock: HandClock) -> None:
        self.registry = CollectorRegistry()
        self.snapshot = Snapshot(0.0)
        self.rules: Rules | None = RULES
        self.modes = [ModeOn("crisis", "ines", "storm", NOON, 1_795_297_035.0)]
        self.overrides: list[Override] = []
        self.unplanned: dict[str, float] = {}
        self.positions: list[tuple[str, Position]] = []
        self.desks: list[PositionView] = []
        names = RuleNames()
        names.use(RULES)
        sources = Sources(
            snapshot=lambda: self.snapshot,
            rules=lambda: self.rules,
            names=names,
            calls=lambda: self.calls,
            positions=lambda: self.positions,
            desks=lambda: self.desks,
            modes=lambda _: self.modes,
            overrides=lambda _: self.overrides,
            unplanned=lambda: self.unplanned,
            log_lines=lambda: (7, 3),
            agi_waiting=lambda: 5,
            ami_pending=lambda: {"pbx": 4},
            on_duty=lambda: {"pbx": True},
        )
        self.calls: list[CallView] = []
        LiveCollector(self.registry, clock, sources)

    def samples(self, name: str) -> dict[tuple[str, ...], float]:
        """Return the values of a family by their labels."""
        family = families(self.registry)[name]
        return {tuple(sample.labels.values()): sample.value for sample in family.samples}


@pytest.fixture
def scene(clock: HandClock) -> Scene:
    """Give a picture of one PABX with a queue and two sites, heard half a second ago."""
    made = Scene(clock)
    now = clock.now()
    queue = QueueFacts("pbx", "support", 3, now - 42, 5, 1, 2, 2, 12.5)
    made.snapshot = Snapshot(
        now,
        {"pbx": PabxFacts("pbx", in_sync=True, heard_at=now - 0.5)},
        {("pbx", "support"): queue, ("pbx", "sales"): replace(queue, queue="sales", estimated_wait_s=None)},
        {"tunis": SiteFacts("tunis", 7, Health.UP), "backup": SiteFacts("backup", 0, Health.UNKNOWN)},
    )
    return made


def test_queues_are_read_when_asked_for(scene: Scene) -> None:
    """Each figure of the snapshot has its gauge; a forecast that does not exist has no sample."""
    one = ("pbx", "support")
    expected = {
        "waiting": 3,
        "longest_wait_seconds": 42,
        "positions_logged_in": 5,
        "positions_ready": 1,
        "positions_busy": 2,
        "positions_paused": 2,
    }  # fmt: skip - a short table
    for name, figure in expected.items():
        assert scene.samples(f"ccrouter_queue_{name}")[one] == figure
    assert scene.samples("ccrouter_queue_estimated_wait_seconds") == {one: 12.5}


def position(interface: str, queue: str = "support", **details: bool | float | DeviceState) -> tuple[str, Position]:
    """Return a position of the PABX."""
    free = Position(queue, interface, "Ines", DeviceState.NOT_IN_USE, False, "", 0.0, 0.0, False, None, None, 0)  # noqa: FBT003 - in the order of its fields
    return "pbx", free._replace(**details)  # type: ignore[arg-type] # a test's shorthand


def test_positions_are_told_by_what_they_do(scene: Scene) -> None:
    """Each is in one state, all states of a queue are told, and one who still talks is not paused yet."""
    scene.positions = [
        position("PJSIP/1"),
        position("PJSIP/2", paused=True),
        position("PJSIP/3", in_call=True, paused=True),
        position("PJSIP/4", device=DeviceState.RINGING),
        position("PJSIP/5", device=DeviceState.ON_HOLD),
        position("PJSIP/6", device=DeviceState.UNAVAILABLE),
        position("PJSIP/7", wrapup_until=NOON),
        position("PJSIP/7", "sales", wrapup_until=NOON),
    ]
    told = scene.samples("ccrouter_queue_positions")
    assert {state: count for (_, queue, state), count in told.items() if queue == "support"} == dict.fromkeys(STATES, 1)
    assert {state: count for (_, queue, state), count in told.items() if queue == "sales" and count} == {"wrap_up": 1}


def test_a_ghost_is_told_in_each_of_its_queues(scene: Scene) -> None:
    """A telephone at which nobody sits holds up the callers of all queues that ring there."""
    view = PositionView("pbx", "PJSIP/1", "Ines", "ready", None, ("sales", "support"), ghost=True)
    scene.desks = [view, replace(view, interface="PJSIP/2", ghost=False)]
    told = scene.samples("ccrouter_queue_positions_ghost")
    assert told == {("pbx", "sales"): 1, ("pbx", "support"): 1}
    scene.desks = []
    assert set(scene.samples("ccrouter_queue_positions_ghost").values()) == {0}


def test_occupancy_is_absent_where_nobody_works(scene: Scene) -> None:
    """Busy of those who are busy or ready; of none there is no share."""
    facts = scene.snapshot.queues["pbx", "support"]
    nobody = replace(facts, queue="night", ready=0, busy=0)
    scene.snapshot = replace(scene.snapshot, queues={("pbx", "support"): facts, ("pbx", "night"): nobody})
    assert scene.samples("ccrouter_queue_occupancy_ratio") == {("pbx", "support"): pytest.approx(2 / 3)}


def test_what_services_aim_at_and_what_is_in_progress(scene: Scene) -> None:
    """A service that names no aim has the time that counts all the same; 0 calls are told as such."""
    goal = replace(RULES.services["support"], goal=Goal(25, 0.8))
    scene.rules = replace(RULES, services={"support": goal})
    assert scene.samples("ccrouter_service_target_seconds") == {("support",): 25, ("unknown",): 20}
    assert scene.samples("ccrouter_service_target_ratio") == {("support",): 0.8}
    call = CallView("pbx", "1", "PJSIP/1", "1", "support", "", "", Phase.WAITING, "queue", "paris", NOON)
    scene.calls = [call, replace(call, uniqueid="2"), replace(call, uniqueid="3", service="strange")]
    assert scene.samples("ccrouter_calls_in_progress") == {("support",): 2, ("unknown",): 0, (OTHER,): 1}


def test_a_calendar_that_lacks_a_holiday_is_told_by_name(scene: Scene) -> None:
    """And not at all where there is none."""
    name = "ccrouter_calendar_holiday_unplanned_timestamp_seconds"
    assert scene.samples(name) == {}
    scene.unplanned = {"office": NOON}
    assert scene.samples(name) == {("office",): NOON}


def test_a_pabx_does_not_decide_how_many_queues_are_told(scene: Scene) -> None:
    """Of very many those of the sites are told all the same."""
    facts = scene.snapshot.queues["pbx", "support"]
    many = {("pbx", f"a{n}"): replace(facts, queue=f"a{n}") for n in range(2 * MOST_QUEUES)}
    other = {("lyon", "one"): replace(facts, pabx="lyon", queue="one")}
    scene.snapshot = replace(
        scene.snapshot,
        queues={**many, **other, ("pbx", "support"): facts},
        pabxs={**scene.snapshot.pabxs, "lyon": replace(scene.snapshot.pabxs["pbx"], pabx="lyon")},
    )
    told = scene.samples("ccrouter_queue_waiting")
    assert {("pbx", "support"), ("lyon", "one")} <= told.keys()
    assert len(told) == MOST_QUEUES + 1


def test_an_empty_queue_waits_zero_seconds(scene: Scene) -> None:
    """Nobody waiting is known to be nobody: the longest wait is 0 and not absent."""
    facts = scene.snapshot.queues["pbx", "support"]
    scene.snapshot = replace(
        scene.snapshot, queues={("pbx", "support"): replace(facts, waiting=0, oldest_joined_at=None)}
    )
    assert scene.samples("ccrouter_queue_longest_wait_seconds") == {("pbx", "support"): 0}


def test_sites_show_calls_limit_and_health(scene: Scene) -> None:
    """A site whose health is not known is neither up nor down; its limit comes from the routing file."""
    assert scene.samples("ccrouter_site_calls") == {("tunis",): 7, ("backup",): 0}
    assert scene.samples("ccrouter_site_up") == {("tunis",): 1}
    assert scene.samples("ccrouter_site_max_calls") == {("tunis",): 30, ("backup",): 12}


@pytest.mark.parametrize("health", [Health.DOWN, Health.PROBE])
def test_a_site_that_failed_is_not_up(scene: Scene, health: Health) -> None:
    """On trial is not up yet."""
    scene.snapshot = replace(scene.snapshot, sites={"tunis": SiteFacts("tunis", 0, health)})
    assert scene.samples("ccrouter_site_up") == {("tunis",): 0}


@pytest.mark.parametrize(
    "pabx",
    [
        pytest.param(PabxFacts("pbx", in_sync=False, heard_at=NOON), id="no picture"),
        pytest.param(PabxFacts("pbx", in_sync=True, heard_at=NOON - 60), id="silent"),
    ],
)
def test_figures_of_a_silent_pabx_are_absent(scene: Scene, pabx: PabxFacts) -> None:
    """What was true some time ago is not shown as true now; that the PABX is silent is."""
    scene.snapshot = replace(scene.snapshot, pabxs={"pbx": pabx})
    for name in ("ccrouter_queue_waiting", "ccrouter_queue_positions_ready", "ccrouter_site_calls", "ccrouter_site_up"):
        assert scene.samples(name) == {}
    assert scene.samples("ccrouter_pabx_heard_age_seconds")["pbx",] > 5
    assert scene.samples("ccrouter_pabx_in_sync") == {("pbx",): pabx.in_sync}


def test_modes_and_the_version_in_force_are_shown(scene: Scene) -> None:
    """Each declared mode has a value; a mode that the routing file does not declare makes no series."""
    scene.modes.append(ModeOn("forgotten", "ines", "", NOON))
    assert scene.samples("ccrouter_mode_on") == {("crisis",): 1, ("all_outside",): 0}
    assert scene.samples("ccrouter_mode_on_timestamp_seconds") == {("crisis",): NOON}
    assert scene.samples("ccrouter_mode_end_timestamp_seconds") == {("crisis",): 1_795_297_035}
    scene.modes = [ModeOn("crisis", "ines", "", NOON)]
    assert scene.samples("ccrouter_mode_end_timestamp_seconds") == {}
    assert scene.samples("ccrouter_config_info") == {("v",): 1}
    scene.rules = replace(RULES, version="w", modes=frozenset())
    assert scene.samples("ccrouter_config_info") == {("w",): 1}
    assert scene.samples("ccrouter_mode_on") == {}
    scene.rules = None
    assert scene.samples("ccrouter_config_info") == {}


def test_overrides_that_count_are_counted(scene: Scene, clock: HandClock) -> None:
    """Those that count now, not those to come; and when the next of them ends, which is absent where none does."""
    now = clock.now()
    assert scene.samples("ccrouter_overrides") == {(): 0}
    assert scene.samples("ccrouter_override_next_end_timestamp_seconds") == {}
    times = ((now - 60, now + 600), (now - 30, now + 300), (now + 60, now + 90))
    scene.overrides = [Override(str(n), "1", ("tunis",), *each, "ines", "") for n, each in enumerate(times)]
    assert scene.samples("ccrouter_overrides") == {(): 2}
    assert scene.samples("ccrouter_override_next_end_timestamp_seconds") == {(): now + 300}


def test_lines_that_the_log_lost_are_counted(scene: Scene) -> None:
    """A log that can't be written is seen here, and what waits in our own queues."""
    assert scene.samples("ccrouter_log_lines_dropped") == {(): 3}
    assert scene.samples("ccrouter_log_queue_length") == {(): 7}
    assert scene.samples("ccrouter_agi_waiting") == {(): 5}
    assert scene.samples("ccrouter_ami_pending") == {("pbx",): 4}


# --- hygiene ----------------------------------------------------------------------------------------------------------


def everything(registry: CollectorRegistry, metrics: Metrics) -> Mapping[str, Metric]:
    """Make each metric appear, and return what a scrape gives."""
    metrics.decisions.decided(decide(RULES, WORLD.facts(queue=WORLD.queue(waiting=7)), WORLD.call(), "d1"), 0.001)
    metrics.decisions.failed("pbx")
    metrics.decisions.withdraw_answered("pbx", "accepted")
    metrics.codes.dialled("pbx", "on")
    metrics.fallback.written("ok", NOON)
    metrics.fallback.in_force("pbx", newest=True)
    metrics.agi.session_ended("answered", 0.001)
    metrics.links.link_changed("pbx", "in_sync")
    metrics.links.link_failed("pbx", "lost")
    metrics.links.link_answered("pbx", 0.001)
    metrics.loop.seen(0.001, 12)
    metrics.loop.worst(0.001)
    DegradedStates(registry, ["pbx"], HandClock(), structlog.get_logger())
    metrics.fault("tick")
    metrics.event(Heard(pabx="pbx", at=NOON))
    metrics.event(PeerFault(pabx="pbx", at=NOON, event="QueueMemberPause", reason="forged"))
    metrics.event(CALL_ENDED)
    for effect in EFFECTS:
        metrics.effect(effect)
    return families(registry)


def test_names_and_labels_follow_the_rules(metrics: Metrics, registry: CollectorRegistry) -> None:
    """Our prefix or the process's own, help for each, base units, no label that names a caller or a call."""
    for name, family in everything(registry, metrics).items():
        assert re.fullmatch(r"(ccrouter|process)_[a-z_]+", name)
        assert family.documentation
        assert not name.endswith(("_ms", "_milliseconds", "_minutes", "_percent", "_created"))
        for sample in family.samples:
            assert not FORBIDDEN_LABELS & set(sample.labels)
        if family.type == "counter":
            assert all(sample.name.endswith("_total") for sample in family.samples)
