"""The form of a compiled file: all that the compiler writes passes, and nothing that is put together from parts."""

from pathlib import Path

import pytest

from ccrouter.config.load import compile_text
from ccrouter.fallback.compile import compile_fallback
from ccrouter.fallback.form import strange_lines
from ccrouter.routing.overrides import Override
from support.configs import EXAMPLE

NOW = 1_795_289_835.25
GOLDEN = Path(__file__).with_name("small.conf")

EVERYTHING = """
timezone: America/New_York
calendars:
  office: {hours: "Mo-Fr 08:30-18:30; Sa 22:00-06:00", holidays: FR, exceptions: {2026-12-24: "08:30-16:00"}}
sites:
  paris: {in_house: {queue: support, max_wait: 90s}}
  "Île no 2": {external: {dial: IAX2/peer/123, answer_within: 25s, max_calls: 3, calendar: office}}
  tunis: {external: {dial: PJSIP/+216@trunk-tunis, answer_within: 25s}}
messages:
  closed: {play: ccrouter/closed}
modes: [crisis]
unknown_number: {service: support}
numbers:
  "0800 123 456": {service: support, language: fr}
  "3949": {service: support}
services:
  support:
    announcement: ccrouter/welcome
    rules:
      - {name: a, when: {mode: crisis}, to: [tunis]}
      - name: b
        when: {all: [{open: office}, {not: {caller: {prefix: "+33 6", numbers: ["06 12 34 56 78"], anonymous: true}}}]}
        to: [paris]
      - {name: c, when: {caller: {anonymous: true}}, to: [paris]}
      - {name: d, when: {language: [fr-CA, de]}, to: [paris]}
      - {name: e, when: {number: ["3949"]}, to: [paris]}
      - {name: f, when: {occupancy: {queue: support, at_least: 85%, until_below: 70%}}, to: [tunis]}
      - {name: g, when: {any: [{site_down: tunis}, {not: {site_up: "Île no 2"}}]}, to: [paris, tunis]}
      - {name: h, when: {free_lines: {site: "Île no 2", at_most: 1}}, to: [paris]}
      - {name: i, when: {site_calls: {site: tunis, at_least: 5}}, to: [paris]}
      - {name: j, when: {waiting: {queue: support, at_least: 5, until_below: 3}}, to: [tunis]}
      - {name: k, when: {any: [{no_position_ready: support}, {nobody_logged_in: support}]}, to: [tunis]}
      - {name: l, when: {from: 2026-12-01 08:00, before: 2026-12-02 08:00}, to: [tunis]}
    otherwise: [{share: {paris: 70, tunis: 20, "Île no 2": 10}}, tunis, paris, closed]
"""


@pytest.mark.parametrize("pabxs", [1, 2, 9])
@pytest.mark.parametrize("text", [EVERYTHING, EXAMPLE.read_text("utf-8")], ids=["everything", "example"])
def test_all_that_the_compiler_writes_is_known(text: str, pabxs: int) -> None:
    """A file that a PABX would not take over leaves it with rules of long ago."""
    rules = compile_text(text.encode(), "routing.yaml")
    number = next(iter(rules.numbers))
    overrides = (Override("1", number, ("tunis", "closed"), NOW + 3600.5, NOW + 7200, "eve", "moving"),)
    made = compile_fallback(rules, NOW, modes={"crisis": NOW + 60}, overrides=overrides, pabxs=pabxs).text
    lines = made.split("\n")
    assert [lines[nth - 1] for nth in strange_lines(made)] == []


COMPOSED = (
    "Goto(internal,0033,1)",
    "ExecIf(1?GotoIf(1?from-positions,0033,1))",
    "Set(x=1?System)",
    "Set(x=(touch me))",
    "ExecIf(${x}${y}:?NoOp())",
    "ExecIf($[${x}]?NoOp())",
    "GotoIf(${x}?done)",
    'GotoIf($["${x}"]?:r1)',
    "GotoIf($[${h1} | ${rule}]?:r1)",
    "Return($[${rule}])",
    "NoOp(${${x}${y}})",
    "NoOp(${SHIFT(${x}${y})})",
    "Set(${x}${y}=1)",
    "Set(LOCAL(h1)=1?x)",
    "Set(LOCAL(k1)=${rule})",
    'Set(rule=a"b)',
    "Set(rule=a${b})",
    "Set(LOCAL(last)=play|x|$[1])",
    "Gosub(ccrouter-fallback-plan,add,1(free,a,b))",
    "Gosub(ccrouter-fallback-plan,add,1(${rule},play|x|y))",
)


@pytest.mark.parametrize("step", COMPOSED)
def test_nothing_can_be_put_together_from_parts(step: str) -> None:
    """`Set(x=1?System)`, `Set(y=(touch me))`, `ExecIf(${x}${y}:?NoOp())` name no function, and would run one."""
    text = GOLDEN.read_text("utf-8").split("\n")
    text.insert(12, f" same => n,{step}")
    assert list(strange_lines("\n".join(text))) == [13]


DAYS = [
    f"{{from: 2027-{month:02}-{day:02} 08:00, before: 2027-{month:02}-{day:02} 18:00}}"
    for month in range(1, 13)
    for day in range(1, 29)
]  # fmt: skip - a table
LONG_LISTS = {
    "any": f"any: [{', '.join(DAYS)}]",
    "none": f"all: [{', '.join(f'{{not: {day}}}' for day in DAYS)}]",
    "languages": f"language: [{', '.join(f'fr-{first}{second}' for first in 'ABCDEFGH' for second in 'ABCDEFGHIJKL')}]",
}


@pytest.mark.parametrize("asked", LONG_LISTS.values(), ids=LONG_LISTS)
def test_a_condition_may_be_of_any_length(asked: str) -> None:
    """A rule with a list of hundreds of things is no reason for a PABX to be left without all the others."""
    text = EVERYTHING.replace("mode: crisis", asked)
    made = compile_fallback(compile_text(text.encode(), "routing.yaml"), NOW).text
    assert list(strange_lines(made)) == []
    assert "Set(rule=a)" in made
