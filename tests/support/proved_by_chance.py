"""Questions by chance: any routing file, compiled at any instant, asked at any later one, on a real Asterisk."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from ccrouter.config.load import compile_text
from ccrouter.fallback.compile import compile_fallback
from ccrouter.outlook.loads import Load, facts_under, moved
from ccrouter.routing.facts import Facts
from ccrouter.routing.rules import Rules
from support.bed import Bed
from support.chances import Chance
from support.proved import Asker, Compared, FactsAt

SAMPLE = """
timezone: Europe/Paris
sites:
  paris: {in_house: {queue: paris, max_wait: 90s}}
  metz: {in_house: {queue: metz, max_wait: 90s}}
  tunis: {external: {dial: PJSIP/+33155000000@trunk-0, answer_within: 20s}}
  backup: {external: {dial: PJSIP/+33155000001@trunk-1, answer_within: 20s}}
  night desk: {external: {dial: PJSIP/+33155000002@trunk-2, answer_within: 20s}}
messages: {closed: {play: closed}}
numbers: {"0800 123 456": {service: support}}
services: {support: {otherwise: [paris, metz, tunis, backup, night desk, closed]}}
"""
"""Has the queues and trunks of all routing files by chance."""


def sample() -> Rules:
    """Return rules with the queues and trunks of all routing files by chance."""
    return compile_text(SAMPLE.encode(), "sample.yaml")


def facts_at(rules: Rules, chance: Chance, load: Load) -> FactsAt:
    """Return what a router would know at an instant under a load."""
    loaded = facts_under(load, rules, chance.compiled_at)

    @cache
    def at_instant(at: float) -> Facts:
        on = frozenset(name for name, end in chance.modes.items() if end is None or at < end)
        overrides = tuple(each for each in chance.overrides if at < each.until)
        return replace(moved(loaded, at), modes=on, overrides=overrides)

    return at_instant


def played(bed: Bed, rules: Rules, chance: Chance) -> Iterator[Compared]:
    """Install what was compiled, put the PABX under the load, and ask about each call at each instant.

    After the last one the load moves, and each call is asked about after each move.
    """
    fallback = compile_fallback(rules, chance.compiled_at, modes=chance.modes, overrides=chance.overrides)
    assert bed.install(fallback.text) == []
    asker = Asker(bed, fallback, rules, facts_at(rules, chance, chance.load))
    with bed.under(chance.load, rules):
        for instant in chance.instants:
            bed.show(instant)
            for call in chance.calls:
                yield asker.compare(call)
    at = max(chance.instants, default=chance.compiled_at)
    for pause_s, load in chance.moves:
        at += pause_s
        with bed.under(load, rules, forgetting=False):
            bed.show(at)
            asker.turn(facts_at(rules, chance, load), at)
            for call in chance.calls:
                yield asker.compare(call)


def counted(found: list[Compared]) -> str:
    """Return how many questions were asked, and what came of them, in words."""
    came = Counter("as the router" if each.same else "differ as said" if each.good else "wrong" for each in found)
    return f"{len(found)} questions: " + ", ".join(f"{count} {what}" for what, count in sorted(came.items()))
