"""One version of a compiled file after the other: who is inside the one before finds its contexts in the next."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from ccrouter.config.load import compile_text, load_routing
from ccrouter.fallback.compile import compile_fallback
from ccrouter.fallback.form import strange_lines
from ccrouter.fallback.succession import own, succeeding
from support.configs import EXAMPLE

NOW = 1_795_289_835.25
SMALL = Path(__file__).with_name("small.yaml")
RULES = load_routing(EXAMPLE)
FIRST, SECOND, THIRD = (
    compile_fallback(RULES, NOW, modes=dict.fromkeys(modes)).text for modes in ((), ("crisis",), ("all_outside",))
)


def contexts(text: str) -> list[str]:
    """Return the names of the contexts, in order."""
    return re.findall(r"^\[(.*)\]$", text, re.MULTILINE)


def test_a_file_keeps_the_contexts_of_the_version_before_and_no_others() -> None:
    """All of them but the one that calls come to, unchanged; those of the version before that one are gone."""
    second = succeeding(SECOND, FIRST)
    third = succeeding(THIRD, second)
    inner = [each for each in contexts(SECOND) if each not in {"globals", "ccrouter-fallback"}]
    assert contexts(third) == [*contexts(THIRD), *inner]
    assert third.startswith(THIRD)
    assert all(third.count(line) >= SECOND.count(line) for line in SECOND.split("\n") if "-to," in line)
    assert list(strange_lines(third)) == []


def test_a_context_is_never_that_of_two_versions() -> None:
    """But for the one that calls come to, so that no step of one version is found in another."""
    assert set(contexts(FIRST)) & set(contexts(SECOND)) == {"globals", "ccrouter-fallback"}


@pytest.mark.parametrize("before", ["", FIRST, "[general]\nautofallthrough=yes\n", "CCROUTER_FALLBACK = x\n"])
def test_nothing_is_kept_of_the_same_version_or_of_what_is_no_compiled_file(before: str) -> None:
    """The file is then as it was compiled."""
    assert succeeding(FIRST, before) == FIRST


def test_a_file_without_what_it_keeps_is_as_it_was_compiled() -> None:
    """So it can be told whether a version is written already; any other text is left as it is."""
    assert own(succeeding(SECOND, FIRST)) == SECOND
    assert succeeding(succeeding(SECOND, FIRST), THIRD) == succeeding(SECOND, THIRD)
    assert own("[x]\nanything\n") == "[x]\nanything\n"


def test_a_call_comes_in_by_one_step() -> None:
    """Whichever version is read in that moment: between two steps of the first context it would find another's."""
    first = FIRST.partition("[ccrouter-fallback]\n")[2].partition("\n[")[0]
    assert "same =>" not in first
    assert first.count("exten =>") == len(RULES.numbers) + 1


def test_a_name_may_be_that_of_a_context() -> None:
    """What an admin calls a rule stands in the plan as it was written."""
    text = SMALL.read_text("utf-8")
    rule = load_routing(SMALL).services["support"].rules[0].name
    rules = compile_text(text.replace(f"name: {rule}", "name: ccrouter-fallback-to").encode(), "routing.yaml")
    assert rules.services["support"].rules[0].name == "ccrouter-fallback-to"
    made = compile_fallback(replace(rules, version="5a11"), NOW, modes={"crisis": None}).text
    assert "Set(rule=ccrouter-fallback-to)" in made
    assert list(strange_lines(made)) == []
