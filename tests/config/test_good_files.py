"""The files that come with ccrouter, and the examples of its documentation: all are loaded, and all route calls."""

import itertools
import re
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from ccrouter.config.load import compile_text, load_routing, load_settings
from ccrouter.config.settings import compile_settings
from ccrouter.routing.call import Call
from ccrouter.routing.conditions import All, Any, Condition, Not, Threshold
from ccrouter.routing.decide import decide, decide_waiting
from ccrouter.routing.destinations import InHouse
from ccrouter.routing.facts import Facts
from ccrouter.routing.plan import PlayStep, VoicemailStep
from ccrouter.routing.rule import UNKNOWN_NUMBER
from ccrouter.routing.rules import Rules
from ccrouter.routing.snapshot import Health, PabxFacts, QueueFacts, SiteFacts, Snapshot

HOUSE: Final = Path(__file__).parents[2]
CONFIGS: Final = HOUSE / "configs"
SETTINGS: Final = tuple(sorted(CONFIGS.rglob("*settings*.yaml")))
CASES: Final = tuple(sorted(CONFIGS.rglob("*.cases.yaml")))
ROUTING: Final = tuple(sorted({*CONFIGS.rglob("*.yaml")} - {*SETTINGS, *CASES}))
BLOCKS: Final = re.findall(
    r"^```yaml\n(.*?)^```$", (HOUSE / "docs/routing.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
)
MONDAY: Final = datetime(2026, 11, 23, tzinfo=ZoneInfo("Europe/Paris"))


@dataclass(frozen=True)
class Load:
    """How busy every queue and every site is."""

    waiting: int = 0
    logged_in: int = 9
    ready: int = 3
    calls: int = 0
    health: Health = Health.UP


LOADS: Final = (Load(), Load(waiting=9, ready=0), Load(logged_in=0, ready=0), Load(calls=29), Load(health=Health.DOWN))


def facts(rules: Rules, at: datetime, load: Load, modes: frozenset[str]) -> Facts:
    """Return facts under a load."""
    queues = {site.queue for site in rules.sites.values() if isinstance(site, InHouse)}
    now = at.timestamp()
    oldest = now - 100 if load.waiting else None
    known = {
        ("pbx", queue): QueueFacts("pbx", queue, load.waiting, oldest, load.logged_in, load.ready, 6, 0)
        for queue in queues
    }
    sites = {name: SiteFacts(name, load.calls, load.health) for name in rules.sites}
    return Facts(now, Snapshot(now, {"pbx": PabxFacts("pbx", True, now)}, known, sites), modes)  # noqa: FBT003


def exercised(rules: Rules) -> set[tuple[str, str]]:
    """Route calls to every number through a week, under every load; return the (service, rule) pairs that decided."""
    seen = set[tuple[str, str]]()
    worlds = itertools.product(
        [MONDAY + timedelta(hours=hours) for hours in range(0, 7 * 24, 5)],
        LOADS,
        (frozenset[str](), *(frozenset({mode}) for mode in rules.modes)),
    )
    for at, load, modes in worlds:
        known = facts(rules, at, load, modes)
        for number, caller in itertools.product((*rules.numbers, "+33999999999"), ("+33612345678", None)):
            call = Call("pbx", "1", number, caller, waited_s=None)
            decision = decide(rules, known, call, "id")
            assert isinstance(decision.plan.last, PlayStep | VoicemailStep)
            assert decision.text
            seen.add((decision.service, decision.rule))
            for queue in {site.queue for site in rules.sites.values() if isinstance(site, InHouse)}:
                moved = decide_waiting(rules, known, Call("pbx", "1", number, waited_s=600.0), queue, "id")
                if moved is not None:
                    assert moved.text
                    seen.add((moved.service, moved.rule))
    return seen


@pytest.mark.parametrize("file", ROUTING, ids=lambda file: str(file.relative_to(CONFIGS)))
def test_routing_files_route(file: Path) -> None:
    """Every routing file that comes with ccrouter is good, and every call under it gets a plan with an end."""
    exercised(load_routing(file))


def test_example_reaches_nearly_every_rule() -> None:
    """The rules of the large example are reached by calls, in some hour and load; none is there for show."""
    rules = load_routing(CONFIGS / "example.yaml")
    reached = exercised(rules)
    named = {
        (service.name, rule.name)
        for service in rules.services.values()
        for rule in (*service.rules, *service.while_waiting)
    }
    assert named - reached == {("support", "nobody left")}, "which must hold for 20 s, and time stands still here"


def kinds(condition: Condition | None) -> set[str]:
    """Return the kinds of conditions in a condition."""
    match condition:
        case None:
            return set()
        case All(parts) | Any(parts):
            return {type(condition).__name__}.union(*(kinds(part) for part in parts))
        case Not(part):
            return {"Not", *kinds(part)}
        case Threshold():
            return {condition.text.split(":")[0]}
        case _:
            return {type(condition).__name__}


def test_example_shows_every_condition() -> None:
    """Whoever looks for a condition finds it in the example or in the documentation."""
    every = {
        *("All", "Any", "Not", "Open", "Mode", "NumberIs", "CallerIs", "LanguageIs", "Waited", "SiteIs"),
        *("waiting", "longest_wait", "estimated_wait", "ready", "logged_in", "occupancy", "service_level"),
        *("no_position_ready", "nobody_logged_in", "site_calls", "free_lines", "call_rate"),
    }
    rules = load_routing(CONFIGS / "example.yaml")
    shown = set[str]()
    for service in rules.services.values():
        for rule in (*service.rules, *service.while_waiting):
            shown |= kinds(rule.when)
    assert shown == every


@pytest.mark.parametrize("file", SETTINGS, ids=lambda file: str(file.relative_to(CONFIGS)))
def test_settings_files_are_good(file: Path, tmp_path: Path) -> None:
    """Every settings file that comes with ccrouter is good, and the routing file that it names is too."""
    folder = tmp_path / "configs"
    shutil.copytree(file.parent, folder)
    written = file.read_text("utf-8")
    for name in re.findall(r"secret: \{file: (\S+)\}", written):
        (folder / name).write_text("a secret\n")
        (folder / name).chmod(0o600)
    variables = re.findall(r"secret: \{env: (\w+)\}", written)
    loaded = load_settings(folder / file.name, dict.fromkeys(variables, "a secret"))
    assert load_routing(loaded.routing).numbers


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: str(block).split(":")[0])
def test_examples_of_the_documentation_load(block: str) -> None:
    """Each YAML example of docs/routing.md is good; what a fragment leaves out is taken from the first one."""
    if block.startswith("pabxs:"):
        loaded = compile_settings(block.encode(), Path("settings.yaml"), {"CCROUTER_AMI_SECRET": "a secret"})
        assert loaded.pabxs
        return
    sections = {section.split(":")[0]: section for section in re.split(r"^(?=\w)", BLOCKS[0], flags=re.MULTILINE)}
    own = {section.split(":")[0] for section in re.split(r"^(?=\w)", block, flags=re.MULTILINE)}
    rest = "".join(section for name, section in sections.items() if name not in own)
    exercised(compile_text((block + rest).encode(), "routing.yaml"))


def test_documentation_has_its_examples() -> None:
    """The examples are found at all."""
    assert len(BLOCKS) >= 8


def test_smallest_file_needs_nothing_more() -> None:
    """configs/minimal.yaml routes its number, and plays Asterisk's own announcement for any other."""
    rules = load_routing(CONFIGS / "minimal.yaml")
    assert rules.unknown.name == UNKNOWN_NUMBER
    assert rules.unknown.last.step == PlayStep(UNKNOWN_NUMBER, "ss-noservice")
    assert {number.service.name for number in rules.numbers.values()} == {"support"}
