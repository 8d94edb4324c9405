"""Levels to stop at, without a router: a threshold stays on between two levels, and each call looks at it."""

from collections.abc import Iterator
from functools import partial

import pytest

from ccrouter.clock import SystemClock
from ccrouter.config.load import compile_text
from ccrouter.fallback.compile import compile_fallback
from ccrouter.outlook.loads import Load, QueueLoad, SiteLoad, facts_under
from ccrouter.routing.call import Call
from ccrouter.routing.snapshot import Health
from support.bed import Bed, bed
from support.proved import Asker

ROUTING = """
timezone: Europe/Paris
sites:
  paris: {in_house: {queue: paris, max_wait: 90s}}
  tunis: {external: {dial: PJSIP/+33155000000@trunk-0, answer_within: 20s}}
messages: {closed: {play: closed}}
numbers: {"0800 123 456": {service: support}}
services:
  support:
    rules:
      - {name: trunk is down, when: {site_down: tunis}, to: [closed]}
      - {name: peak, when: {waiting: {queue: paris, at_least: 5, until_below: 3}}, to: [tunis, closed]}
    otherwise: [paris, closed]
"""
RULES = compile_text(ROUTING.encode(), "routing.yaml")

MOVES = [(0, 4, "otherwise"), (1, 5, "peak"), (60, 3, "peak"), (290, 4, "peak"), (310, 4, "otherwise"), (1, 6, "peak")]
MOVES += [(1, 2, "otherwise"), (1, 4, "otherwise")]
"""Seconds after the question before, callers who wait, and the rule that decides."""


@pytest.fixture(scope="module", params=[22, 16], ids=lambda version: f"asterisk{version}")
def here(request: pytest.FixtureRequest) -> Iterator[Bed]:
    """Give a PABX that goes by these rules."""
    with bed(request.param, [RULES]) as made:
        assert made.install(compile_fallback(RULES, SystemClock().now()).text) == []
        yield made


def test_it_starts_at_one_level_and_stops_at_another(here: Bed) -> None:
    """On from 5 down to 3, off below; 5 minutes without a call forget it. What a router knows more was said before."""
    at = SystemClock().now()
    fallback = compile_fallback(RULES, at)
    asker = Asker(here, fallback, RULES, partial(facts_under, Load(), RULES))
    call = Call("main", "1.1", "0800123456", "0612345678")
    here.forget()
    met = []
    for pause_s, waiting, _ in MOVES:
        at += pause_s
        load = Load(queues={"paris": QueueLoad(waiting=waiting)})
        with here.under(load, RULES, forgetting=False):
            here.show(at)
            asker.turn(partial(facts_under, load, RULES), at)
            compared = asker.compare(call)
        assert compared.good, str(compared)
        met.append(compared.found.split("|")[3])
    assert met == [rule for _, _, rule in MOVES]


def test_a_trunk_goes_down_and_comes_back(here: Bed) -> None:
    """What qualify finds counts with the next call."""
    at = SystemClock().now()
    here.show(at)
    for health, rule in [(Health.UP, "otherwise"), (Health.DOWN, "trunk is down"), (Health.UP, "otherwise")]:
        load = Load(sites={"tunis": SiteLoad(health=health)})
        asker = Asker(here, compile_fallback(RULES, at), RULES, partial(facts_under, load, RULES))
        with here.under(load, RULES):
            compared = asker.compare(Call("main", "1.1", "0800123456", "0612345678"))
        assert compared.same, str(compared)
        assert compared.found.split("|")[3] == rule
