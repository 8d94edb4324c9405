"""What the words of a routing file become."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ccrouter.config.compile import endpoint_of
from ccrouter.config.load import compile_text
from ccrouter.config.problems import Problem
from ccrouter.routing.conditions import (
    All,
    Any,
    CallerIs,
    Condition,
    LanguageIs,
    Mode,
    Not,
    NumberIs,
    Open,
    SiteIs,
    Threshold,
    Waited,
)
from ccrouter.routing.destinations import External, InHouse, Leg, Message, Share, Tariff
from ccrouter.routing.plan import PlayStep, Treatment, VoicemailStep
from ccrouter.routing.rules import Goal, ModeKey, Rules
from ccrouter.routing.thresholds import Direction, Level

Load = Callable[..., Rules]
RULE = "{name: asked, when: {mode: crisis}, to: [tunis, closed]}"


def condition(load: Load, when: str) -> Condition:
    """Return what a `when` of a rule at entry is compiled to."""
    found = load((RULE, f"{{name: asked, when: {when}, to: [tunis, closed]}}")).services["support"].rules[0].when
    assert found is not None
    return found


def threshold(load: Load, when: str) -> Threshold:
    """Return the threshold that a `when` is compiled to."""
    found = condition(load, when)
    assert isinstance(found, Threshold)
    return found


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("{mode: crisis}", Mode("crisis")),
        ("{mode: {on: crisis}}", Mode("crisis")),
        ("{mode: {off: crisis}}", Not(Mode("crisis"))),
        ("{not: {mode: crisis}}", Not(Mode("crisis"))),
        ("{all: [{mode: crisis}, {language: en}]}", All((Mode("crisis"), LanguageIs(("en",))))),
        ("{any: [{mode: crisis}, {language: [en, fr]}]}", Any((Mode("crisis"), LanguageIs(("en", "fr"))))),
        ("{language: en, mode: crisis}", All((LanguageIs(("en",)), Mode("crisis")))),
        ("{site_up: tunis}", SiteIs("tunis")),
        ("{site_down: tunis}", SiteIs("tunis", wanted=False)),
        ("{caller: anonymous}", CallerIs("anonymous", anonymous=True)),
        (
            '{caller: "06 12 34 56 78"}',
            CallerIs("1 number", (), frozenset({"0612345678", "+33612345678", "0033612345678", "33612345678"})),
        ),
        (
            '{caller: {prefix: "+33 6", anonymous: true}}',
            CallerIs("prefix +33 6, anonymous", ("+336", "00336", "06", "336"), anonymous=True),
        ),
        (
            '{number: "+33 800 123 456"}',
            NumberIs(frozenset({"0800123456", "+33800123456", "0033800123456", "33800123456"}), "+33 800 123 456"),
        ),
    ],
)
def test_conditions(load: Load, when: str, expected: Condition) -> None:
    """Each condition is compiled to what the decision tests; several keys are all of them, in the file's order."""
    assert condition(load, when) == expected


def test_open_and_closed_ask_the_calendar(load: Load) -> None:
    """`closed` is the opposite of `open`, of the calendar of that name in the file's time zone."""
    monday = datetime(2026, 11, 23, 7, 29, 59, tzinfo=UTC)
    closed = condition(load, "{closed: office}")
    assert isinstance(closed, Open)
    assert not closed.wanted
    assert closed.calendar.name == "office"
    assert not closed.calendar.is_open(monday)
    assert closed.calendar.is_open(monday.replace(minute=30))


def test_waited_is_asked_of_waiting_callers(load: Load) -> None:
    """`waited` stands in rules for those who wait."""
    rule = "    while_waiting: [{name: long, when: {waited: 90s}, to: tunis}]\n"
    rules = load(("    otherwise: [paris, closed]\n", f"    otherwise: [paris, closed]\n{rule}"))
    assert [rule.when for rule in rules.services["support"].while_waiting] == [Waited(90.0)]


@pytest.mark.parametrize(
    ("when", "level", "text"),
    [
        (
            "{waiting: {queue: support, at_least: 5, until_below: 3, for: 10s}}",
            Level(Direction.AT_LEAST, 5, 3, 10),
            "waiting: support at least 5 until below 3 for 10 s",
        ),
        ("{longest_wait: {queue: support, at_least: 2min}}", Level(Direction.AT_LEAST, 120, 120), "at least 120 s"),
        ("{estimated_wait: {queue: support, at_least: 60s}}", Level(Direction.AT_LEAST, 60, 60), "at least 60 s"),
        (
            "{ready: {queue: support, at_most: 0, until_above: 2}}",
            Level(Direction.AT_MOST, 0, 2),
            "ready: support at most 0 until above 2",
        ),
        ("{logged_in: {queue: support, at_most: 1}}", Level(Direction.AT_MOST, 1, 1), "logged_in: support at most 1"),
        ("{occupancy: {queue: support, at_least: 90%}}", Level(Direction.AT_LEAST, 90, 90), "at least 90 %"),
        (
            "{service_level: {queue: support, within: 20s, at_most: 70.5%}}",
            Level(Direction.AT_MOST, 70.5, 70.5),
            "service_level: support within 20 s over 900 s at most 70.5 %",
        ),
        ("{no_position_ready: support}", Level(Direction.AT_MOST, 0, 0), "no_position_ready: support"),
        ("{nobody_logged_in: support}", Level(Direction.AT_MOST, 0, 0), "nobody_logged_in: support"),
        (
            "{site_calls: {site: tunis, at_least: 20}}",
            Level(Direction.AT_LEAST, 20, 20),
            "site_calls: tunis at least 20",
        ),
        ("{free_lines: {site: tunis, at_most: 2}}", Level(Direction.AT_MOST, 2, 2), "free_lines: tunis at most 2"),
        (
            "{call_rate: {at_least: 40, window: 1h}}",
            Level(Direction.AT_LEAST, 40, 40),
            "call_rate: support over 3600 s at least 40 calls/min",
        ),
    ],
)
def test_thresholds(load: Load, when: str, level: Level, text: str) -> None:
    """Level, stop, hold time and words of a threshold are those of the file, in seconds and percent."""
    found = threshold(load, when)
    assert found.level == level
    assert text in found.text


def test_all_thresholds_are_watched(load: Load) -> None:
    """However deep a threshold lies, it is among those that are looked at between calls."""
    rules = load((RULE, "{name: asked, when: {any: [{not: {no_position_ready: support}}, {mode: crisis}]}, to: tunis}"))
    key = "services/support/rules/asked/when/any/0/not/no_position_ready: support"
    assert [each.key for each in rules.thresholds] == [key]


def test_keys_survive_rules_that_come_and_go(load: Load) -> None:
    """Thresholds and shares are named by their rule, so a rule put before theirs changes nothing for them."""
    rule = "{name: busy, when: {no_position_ready: support}, to: [{share: {paris: 70, tunis: 30}}]}"
    before = load((RULE, rule))
    after = load((RULE, f"{RULE}\n      - {rule}"))
    assert [each.key for each in before.thresholds] == [each.key for each in after.thresholds]
    (first,), (second,) = before.services["support"].rules[-1].to, after.services["support"].rules[-1].to
    assert isinstance(first, Share)
    assert isinstance(second, Share)
    assert first.key == second.key == "services/support/rules/busy/to/0: paris 70, tunis 30"


def test_keys_change_with_what_they_name(load: Load) -> None:
    """An edited threshold or share starts afresh after a reload: its old state would be that of something else."""
    rule = (
        "{{name: busy, when: {{waiting: {{queue: support, at_least: {}}}}}, to: [{{share: {{paris: {}, tunis: 1}}}}]}}"
    )
    before, after = (load((RULE, rule.format(*figures))) for figures in ((2, 1), (50, 2)))
    assert before.thresholds[0].key != after.thresholds[0].key
    assert [share.key for share in before.shares()] != [share.key for share in after.shares()]


def test_keys_tell_apart_names_with_slashes(load: Load) -> None:
    """A service `a/rules/b` with a rule `c` and a service `a` with a rule `b/rules/c` share no threshold."""
    rule = "{{name: {}, when: {{no_position_ready: support}}, to: tunis}}"
    service = "  {}:\n    rules: [{}]\n    otherwise: closed\n"
    more = service.format("a/rules/b", rule.format("c")) + service.format("a", rule.format("b/rules/c"))
    keys = [each.key for each in load(("services:\n", f"services:\n{more}")).thresholds]
    assert len(set(keys)) == len(keys) == 2


def test_facts_of_sites_belong_to_all_pabxs(load: Load) -> None:
    """A queue is one PABX's; a site's calls and a service's calls are counted over all."""
    assert threshold(load, "{no_position_ready: support}").per_pabx
    assert not threshold(load, "{site_calls: {site: tunis, at_least: 20}}").per_pabx
    assert not threshold(load, "{call_rate: {at_least: 20}}").per_pabx


def test_destinations(load: Load) -> None:
    """Names, limits of their own, shares and messages, in order; a single name is a list of one."""
    rules = load(
        (RULE, "{name: a, when: {mode: crisis}, to: [{site: tunis, for: 10s}, {share: {paris: 7, tunis: 3}}, closed]}")
    )
    paris, tunis = rules.sites["paris"], rules.sites["tunis"]
    closed = Message("closed", PlayStep("closed", "ccrouter/closed"))
    assert rules.services["support"].rules[0].to == (
        Leg(tunis, 10),
        Share("services/support/rules/a/to/1: paris 7, tunis 3", (Leg(paris), Leg(tunis)), (7, 3)),
        closed,
    )
    assert rules.services["support"].otherwise == (Leg(paris), closed)
    assert rules.services["support"].last == closed
    short = load((RULE, "{name: a, when: {mode: crisis}, to: tunis}"))
    assert short.services["support"].rules[0].to == (Leg(short.sites["tunis"]),)


def test_sites_and_messages(load: Load) -> None:
    """Sites carry limits, calendars and what the PABX watches; messages carry their step."""
    rules = load(
        ("max_wait: 2min", "max_wait: 2min, calendar: office"),
        ("max_calls: 30", "caller_number: hide, tariff: {per_call: 0.10 EUR}"),
        ("closed: {play: ccrouter/closed}", "closed: {play: ccrouter/closed}\n  box: {voicemail: 1000@default}"),
    )
    paris = rules.sites["paris"]
    assert isinstance(paris, InHouse)
    assert (paris.queue, paris.max_wait_s) == ("support", 120)
    assert paris.calendar is not None
    assert paris.calendar.name == "office"
    assert rules.sites["tunis"] == External(
        "tunis", "PJSIP/+21671000000@trunk-tunis", 25, max_calls=0, hide_caller=True, endpoint="PJSIP/trunk-tunis"
    )
    assert rules.messages["box"].step == VoicemailStep("box", "1000@default")


def test_tariff_of_a_site(load: Load) -> None:
    """A tariff is kept exactly, in its currency; one without amounts is none, and none makes a site another one."""
    plain = load().sites["tunis"]
    for written, tariff in (
        ("tariff: {per_call: 0.10 EUR, per_minute: 0.32 EUR}", Tariff("EUR", Decimal("0.10"), Decimal("0.32"))),
        ("tariff: {per_minute: 0.325 TND}", Tariff("TND", Decimal(0), Decimal("0.325"))),
        ("tariff: {}", None),
    ):
        tunis = load(("max_calls: 30", f"max_calls: 30, {written}")).sites["tunis"]
        assert isinstance(tunis, External)
        assert tunis.tariff == tariff
        assert tunis == plain


def test_goal_and_pages_of_a_service(load: Load) -> None:
    """A service has the goal that it names, or 20 s without a target; its pages are kept as written."""
    assert load().services["support"].goal == Goal(20, None, 5)
    page = "https://crm.example/{service}/find?n={caller}&id={uniqueid}#{waited}"
    lines = f'services:\n  support:\n    screen_pop: {{customer: "{page}"}}\n    service_level: '
    for written, goal in (
        ("{answered_within: 30s, target: 90.5%}", Goal(30, 0.905, 5)),
        ("{answered_within: 1min, target: 80%, short_abandon: 0s}", Goal(60, 0.8, 0)),
    ):
        service = load(("services:\n  support:", lines + written)).services["support"]
        assert service.goal == goal
        assert service.screen_pop == {"customer": page}
        assert service == load().services["support"]


@pytest.mark.parametrize(
    ("dial", "endpoint"),
    [
        ("PJSIP/+33155000000@trunk-backup", "PJSIP/trunk-backup"),
        ("PJSIP/trunk-backup/sip:+33155000000@192.0.2.1", "PJSIP/trunk-backup"),
        ("PJSIP/agent1", "PJSIP/agent1"),
        ("SIP/trunk/0155000000", "SIP/trunk"),
        ("Local/0155000000@outside", ""),
        ("DAHDI/g1/0155000000", ""),
    ],
)
def test_endpoint_is_found_in_the_dial_string(dial: str, endpoint: str) -> None:
    """What the PABX watches is the endpoint that the call goes through; nothing where it watches none."""
    assert endpoint_of(dial) == endpoint


def test_number_says_more_than_its_service(load: Load) -> None:
    """Language, answer, priority and announcement are the service's unless the number has its own."""
    rules = load(
        ("    rules:", "    language: fr\n    priority: 5\n    announcement: ccrouter/welcome\n    rules:"),
        ("{service: support}", "{service: support, language: en, answer: on_entry, priority: 0, label: SAV}"),
    )
    number = rules.numbers["0800123456"]
    assert number.service.treatment == Treatment(
        "fr", answer_on_entry=False, priority=5, announcement="ccrouter/welcome"
    )
    assert number.treatment == Treatment("en", answer_on_entry=True, priority=0, announcement="ccrouter/welcome")
    assert number.label == "SAV"
    assert number.number == "0800 123 456"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("unknown_number: closed\n", "closed"),
        ("unknown_number: {message: closed}\n", "closed"),
        ("unknown_number: {service: support}\n", "closed"),
        ("", "unknown number"),
    ],
)
def test_unknown_numbers(load: Load, written: str, name: str) -> None:
    """A number that the file does not know reaches a message or a service, and always an end."""
    assert load(("services:\n", f"{written}services:\n")).unknown.last.name == name


def test_country_follows_the_time_zone_or_is_said(load: Load) -> None:
    """The same national number is another one elsewhere."""
    assert "+32800123456" not in load().numbers
    belgian = '"02 555 12 12": {service: support}'
    numbers = load(("Europe/Paris", "Europe/Brussels"), ('"0800 123 456": {service: support}', belgian)).numbers
    assert "+3225551212" in numbers
    said = load(("modes:", "country: BE\nmodes:"), ('"0800 123 456": {service: support}', belgian)).numbers
    assert set(said) == set(numbers)


def test_version_is_that_of_the_bytes(base: str) -> None:
    """Two files are one version exactly when they are the same, comments included."""
    version = compile_text(base.encode(), "a.yaml").version
    assert version == compile_text(base.encode(), "b.yaml").version
    assert version != compile_text(f"{base}#\n".encode(), "a.yaml").version
    assert len(version) == 12


def test_unknown_facts_may_match(load: Load) -> None:
    """`if_unknown: match` lets a rule apply where its condition can't be answered; by default it does not."""
    assert not load().services["support"].rules[0].match_unknown
    assert load(("when: {mode", "if_unknown: match, when: {mode")).services["support"].rules[0].match_unknown


def test_same_condition_twice_is_allowed_where_the_second_says_more(load: Load) -> None:
    """A rule that matches unknown facts is still reached behind one that skips them."""
    second = "{name: second, when: {mode: crisis}, if_unknown: match, to: [closed]}"
    assert len(load((RULE, f"{RULE}\n      - {second}")).services["support"].rules) == 2


def test_modes_say_who_switches_them_and_when_they_end(load: Load) -> None:
    """A list is names only; a mapping gives codes with their telephones, and ends, each where it is wanted."""
    assert load().modes == {"crisis"}
    assert load().mode_keys == {}
    written = (
        'modes: {crisis: {code: "07", phones: [PJSIP/101, PJSIP/chief], ends_after: 4h},'
        ' all_outside: {}, fair: {ends_after: 90s}, lamp: {code: "1", phones: []}}'
    )
    rules = load(("modes: [crisis]", written))
    assert rules.modes == {"crisis", "all_outside", "fair", "lamp"}
    assert rules.mode_keys == {
        "07": ModeKey("crisis", frozenset({"PJSIP/101", "PJSIP/chief"})),
        "1": ModeKey("lamp", frozenset()),
    }
    assert rules.mode_ends == {"crisis": 4 * 3600, "fair": 90}


def test_faults_of_shape_and_of_names_are_told_together_with_those_of_yaml(
    base: str, refused: Callable[[bytes], tuple[Problem, ...]]
) -> None:
    """One pass tells all duplicates and all faults of shape; one pass tells all names that stand for nothing."""
    text = base.replace("max_wait: 2min", "max_wait: 0s").replace("modes: [crisis]", "modes: [crisis]\nmodes: [x]")
    assert [problem.line for problem in refused(text.encode())] == [5, 10]
    text = base.replace("[tunis, closed]", "[tunes, closd]").replace("{service: support}", "{service: suport}")
    assert [problem.line for problem in refused(text.encode())] == [11, 15, 15]


def test_a_thousand_rules_load_quickly(base: str) -> None:
    """A file of 1,000 rules with thresholds, and 1,000 numbers, is compiled within seconds."""
    rules = "\n".join(
        f"      - {{name: r{i}, when: {{waiting: {{queue: support, at_least: {i + 1}}}}}, to: [tunis, closed]}}"
        for i in range(1000)
    )
    numbers = "\n".join(f'  "0155{i:06}": {{service: support}}' for i in range(1000))
    text = base.replace(f"      - {RULE}", rules).replace('  "0800 123 456": {service: support}', numbers)
    loaded = compile_text(text.encode(), "routing.yaml")
    assert len(loaded.services["support"].rules) == 1000
    assert len(loaded.numbers) == 4000
