"""The compiled file as text: what it says, what it leaves out, and that nothing of the routing file can become code."""

import re
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccrouter.config.load import compile_text, load_routing
from ccrouter.fallback.compile import compile_fallback
from ccrouter.fallback.form import strange_lines
from ccrouter.fallback.succession import in_no_version
from ccrouter.fallback.text import Context, plain
from ccrouter.fallback.when import Asking, Shared
from ccrouter.routing.call import Call
from ccrouter.routing.conditions import All, Any, Condition, Mode, Not, Question, Threshold, Waited
from ccrouter.routing.facts import Facts
from ccrouter.routing.measures import EstimatedWait
from ccrouter.routing.overrides import Override
from ccrouter.routing.snapshot import Snapshot
from ccrouter.routing.thresholds import Direction, Level, Verdict
from support.configs import CONFIGS, EXAMPLE

NOW = 1_795_289_835.25
GOLDEN = Path(__file__).with_name("small.conf")
SMALL = GOLDEN.with_name("small.yaml")


def test_a_small_file() -> None:
    """One look at what is written; a change of it is meant: `ccrouter fallback small.yaml --at ... > small.conf`."""
    overrides = (Override("1", "3949", ("backup", "closed"), NOW + 3600, NOW + 7200, "eve", "moving"),)
    rules = replace(load_routing(SMALL), version="5a11")
    made = compile_fallback(rules, NOW, modes={"crisis": NOW + 60}, overrides=overrides, days=60)
    assert made.text == GOLDEN.read_text("utf-8")


def test_a_file_is_the_same_all_week() -> None:
    """From Monday 00:00 on the wall until the next one; a week later it knows a week more."""
    rules = load_routing(EXAMPLE)
    monday = datetime(2026, 11, 23, tzinfo=rules.zone).timestamp()
    first, last, next_one = (compile_fallback(rules, monday + day * 86400) for day in (0, 6.999, 7))
    assert first.text == last.text
    assert (first.until, next_one.until) == (date(2028, 11, 30), date(2028, 12, 7))
    assert compile_fallback(rules, monday - 1).until == date(2028, 11, 23)


@pytest.mark.parametrize(
    "file", [EXAMPLE, *sorted((CONFIGS / "scenarios").glob("*[a-z].yaml"))], ids=lambda file: str(file.name)
)
def test_every_line_is_of_a_known_form(file: Path) -> None:
    """Only harmless applications, only known forms of lines, none too long."""
    if file.name.endswith(".cases.yaml"):
        return
    rules = load_routing(file)
    assert list(strange_lines(compile_fallback(rules, NOW, modes=dict.fromkeys(rules.modes)).text)) == []


@pytest.mark.parametrize(
    ("pabxs", "tunis", "night", "guard"), [(1, "30", "8", "30"), (2, "3", "1", "3"), (9, "1", "lent", "1")]
)
def test_a_pabx_that_was_lent_nothing_takes_its_own_lines(pabxs: int, tunis: str, night: str, guard: str) -> None:
    """Each plan and each question says what a PABX may use after a restart: together no more than the site takes."""
    text = in_no_version(compile_fallback(load_routing(EXAMPLE), NOW, pabxs=pabxs).text)
    limits = {found[1]: found[2] for found in re.finditer(r"site\|([^|]+)\|[^|]+\|\d+\|(\w+)\|", text)}
    assert (limits["tunis"], limits["night service"]) == (tunis, night)
    own = f"ccrouter-fallback-lines,s,1(${{URIENCODE(tunis)}},{guard})"
    assert (own in text) == (pabxs > 1)
    assert (f"}}@ccrouter)}} >= {guard}]?late,1)" in text) == (pabxs == 1)
    assert list(strange_lines(text)) == []


NAMES = st.text(st.characters(categories=["L", "Nd"], include_characters=" ._-/"), min_size=1, max_size=60)


@settings(max_examples=25)
@given(name=NAMES.filter(lambda name: name == name.strip() and "  " not in name))
def test_no_name_becomes_code(name: str) -> None:
    """Whatever an admin may call things, the lines keep their form and their number."""
    rules = load_routing(SMALL)
    service = next(iter(rules.services.values()))
    renamed = replace(service, name=name, rules=tuple(replace(rule, name=name) for rule in service.rules))
    numbers = {spelling: replace(number, service=renamed) for spelling, number in rules.numbers.items()}
    before = compile_fallback(rules, NOW).text
    after = compile_fallback(replace(rules, numbers=numbers, services={name: renamed}), NOW).text
    assert list(strange_lines(after)) == []
    assert after.count("\n") == before.count("\n")


@pytest.mark.parametrize("sign", list('\n\r\t;,|&${}[]()"\\'))
def test_what_no_plan_carries_is_refused(sign: str) -> None:
    """The checker of routing files lets no such sign pass; should it ever, no file is written."""
    with pytest.raises(ValueError, match="can't carry"):
        plain(f"a{sign}b")
    rules = load_routing(SMALL)
    service = replace(next(iter(rules.services.values())), name=f"x{sign}System")
    numbers = {spelling: replace(number, service=service) for spelling, number in rules.numbers.items()}
    with pytest.raises(ValueError, match="can't carry"):
        compile_fallback(replace(rules, numbers=numbers), NOW)


EVIL = (
    "exten => a,1,System(rm)",
    " same => n,Set(x=${SHELL(id)})",
    " same => n,Set(x=${SHE${y}LL(id)})",
    " same => n,Set(x=${${y}(id)})",
    " same => n,Set(FILE(/etc/x)=1)",
    " same => n,Set(DB(a/b)=1)",
    " same => n,Set(ENV(PATH)=x)",
    " same => n,Set(GLOBAL(CCROUTER_AGI)=x)",
    " same => n,Set(x=${IF(1?${SHELL(x)})})",
    " same => n,MSet(a=b)",
    " same => n,ExecIf(1?System(x))",
    " same => n,ExecIf(1?Set(a=b):System(x))",
    " same => n,ExecIf(1?Goto(from-positions,0033,1))",
    " same => n,Goto(from-positions,0033,1)",
    " same => n,Goto(${x},s,1)",
    " same => n,Gosub(from-positions,s,1(a))",
    " same => n,GotoIf(1?from-positions,0033,1)",
    " same => n,GotoIf(1?x:from-positions,0033,1)",
    " same => n,GotoIf(1?from-positions,0033,1:x?ccrouter-fallback,1,1)",
    " same => n,NoOp(${EVAL(${x})})",
    " same => n,Dial(PJSIP/x)",
    " same => n,NoOp() ; and more",
    ";-- all that follows",
    "#exec /bin/sh",
    '#include "x"',
    "[from-carrier]",
    "[general]",
    "CCROUTER_AGI = x",
    "exten => _X.,n,NoOp()",
    "exten => _X.,hint,PJSIP/x",
)


@pytest.mark.parametrize("line", EVIL)
def test_a_line_that_is_not_the_compilers_is_seen(line: str) -> None:
    """Whoever takes the file over on the PABX finds shells, files, other contexts, other applications."""
    text = GOLDEN.read_text("utf-8").split("\n")
    text.insert(12, line)
    assert list(strange_lines("\n".join(text))) == [13]


def test_what_is_unsaid_is_listed() -> None:
    """Each thing with the words of the file, its rule, and what happens in its place."""
    told = compile_fallback(load_routing(EXAMPLE), NOW).unsaid
    words = {(each.service, each.rule, each.what.split(":")[0]) for each in told}
    assert words == {
        *(("support", "peak", what) for what in ("waiting", "longest_wait", "estimated_wait", "occupancy")),
        *(("support", "peak", what) for what in ("service_level", "call_rate")),
        ("support", "tunis nearly full", "free_lines"),
        ("support", "too long", "while_waiting"),
        ("support", "nobody left", "while_waiting"),
        ("orders", "tunis helps out", "ready"),
        ("orders", "tunis helps out", "longest_wait"),
    }
    assert "the rest of the condition decides" in next(each.instead for each in told if "longest" in each.what)


def test_numbers_share_what_they_have_in_common() -> None:
    """A number more is a few lines more, however many rules its service has."""
    text = SMALL.read_text("utf-8").replace(", language: fr", "")
    more = text.replace("numbers:\n", 'numbers:\n  "3950": {service: support}\n')
    assert more != text
    lines = [compile_fallback(compile_text(each.encode(), "file"), NOW).text.count("\n") for each in (text, more)]
    assert lines[1] - lines[0] == 1


def test_a_version_is_that_of_its_text() -> None:
    """The same rules at the same day are the same version, so that nothing is reloaded in vain."""
    made = partial(compile_fallback, load_routing(SMALL))
    assert made(NOW) == made(NOW + 600)
    assert made(NOW).version != made(NOW, modes={"crisis": None}).version
    assert made(NOW).version != made(NOW + 90 * 86400).version


# --- three values -----------------------------------------------------------------------------------------------------

YES, NO = Mode("on"), Mode("off")
UNKNOWN = Threshold("k", "estimated_wait: q", EstimatedWait("q"), Level(Direction.AT_LEAST, 60, 60))
TREES: st.SearchStrategy[Condition] = st.recursive(
    st.sampled_from([YES, NO, UNKNOWN, Waited(5.0)]),
    lambda below: (
        st.lists(below, min_size=1, max_size=3).map(lambda parts: All(tuple(parts)))
        | st.lists(below, min_size=1, max_size=3).map(lambda parts: Any(tuple(parts)))
        | below.map(Not)
    ),
    max_leaves=12,
)


@given(condition=TREES, unknown=st.booleans())
def test_three_values_are_kept(condition: Condition, unknown: bool) -> None:  # noqa: FBT001 - drawn
    """All, any and not give in dialplan what the router's logic gives, for `if_unknown: match` and for skip."""
    asking = Asking(Shared({"on": None}, {}, lambda _: 1, Context("levels")), Context("s"), "${CCROUTER_NUMBER}")
    verdict = condition.test(Question(Call("p", "u", "3949"), Facts(NOW, Snapshot(NOW), frozenset({"on"}))))
    expected = verdict is Verdict.YES or (unknown and verdict is Verdict.UNKNOWN)
    assert asking.holds(condition, unknown=unknown) is expected
