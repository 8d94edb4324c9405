"""A caller who waits and whom a person sends elsewhere: never in vain, and back to the queue where nobody answers."""

from dataclasses import replace

import pytest

from ccrouter.routing.decide import send
from ccrouter.routing.decision import Decision, Stay
from ccrouter.routing.destinations import InHouse, Site
from ccrouter.routing.facts import STALE_AFTER_S, Facts
from ccrouter.routing.plan import MAX_TEXT
from ccrouter.routing.rule import SENT_BY_HAND, TAKEN_NAMES
from ccrouter.routing.rules import Rules
from support.world import NOON, Switch, World

WORLD = World()
BY = "by alice (token): fire drill"


def rules(**sites: Site) -> Rules:
    """Return rules that know the world's sites by name."""
    known: dict[str, Site] = {"paris": WORLD.paris, "tunis": WORLD.tunis, "backup": WORLD.backup, **sites}
    return replace(WORLD.rules(), sites=known, messages={"closed": WORLD.closed})


def sent(*to: str, facts: Facts | None = None, by_rules: Rules | None = None) -> Decision | Stay:
    """Send a caller who waits in the queue of Paris."""
    call = WORLD.call(waited_s=40.0)
    return send(by_rules or rules(), facts or WORLD.facts(), call, "support", "d", to=to, by=BY)


def places(decision: Decision | Stay) -> list[str]:
    """Return the names of a plan's steps."""
    assert isinstance(decision, Decision)
    return [getattr(step, "site", "") or getattr(step, "message", "") for step in decision.plan.steps]


@pytest.mark.parametrize(
    ("to", "facts", "plan"),
    [
        (("tunis",), WORLD.facts(), ["tunis", "paris", "closed"]),
        (("tunis", "backup"), WORLD.facts(), ["tunis", "backup", "paris", "closed"]),
        (("tunis", "backup"), WORLD.facts(down={"tunis"}), ["backup", "paris", "tunis", "closed"]),
        (("tunis", "paris"), WORLD.facts(), ["tunis", "paris", "closed"]),
        (("tunis", "closed"), WORLD.facts(), ["tunis", "closed"]),
        (("closed",), WORLD.facts(), ["closed"]),
    ],
    ids=["one site", "two", "the first is down", "and back, as said", "and a message, as said", "a message"],
)
def test_a_caller_goes_where_they_are_sent(to: tuple[str, ...], facts: Facts, plan: list[str]) -> None:
    """Site by site, then back to the queue they waited in, unless a message is to come last."""
    found = sent(*to, facts=facts)
    assert places(found) == plan
    assert isinstance(found, Decision)
    assert (found.rule, found.call.waited_s) == (SENT_BY_HAND, 40.0)
    test = found.trace[0].tests[0]
    assert (test.text, test.seen) == (f"sent to {', '.join(to)}", BY)
    assert len(found.text) <= MAX_TEXT


@pytest.mark.parametrize(
    ("to", "facts", "seen"),
    [
        (("tunis",), WORLD.facts(calls={"tunis": 30}), [("tunis", "full"), ("paris", "")]),
        (("tunis", "closed"), WORLD.facts(down={"tunis"}), [("tunis", "down"), ("closed", "")]),
        (("paris",), WORLD.facts(), [("paris", "")]),
        (("gone",), WORLD.facts(), [("paris", "")]),
        (("tunis",), WORLD.facts(heard_at=NOON - STALE_AFTER_S - 1), []),
    ],
    ids=["full", "down", "where they wait already", "not there any more", "the PABX is silent"],
)
def test_nobody_is_moved_in_vain(to: tuple[str, ...], facts: Facts, seen: list[tuple[str, str]]) -> None:
    """A caller stays where nobody could take them now, and what was seen of each destination is told."""
    found = sent(*to, facts=facts)
    assert isinstance(found, Stay)
    assert [(each.destination, each.state) for each in found.considered] == seen


def test_a_closed_site_is_left_out() -> None:
    """Its calendar counts, as for every other call."""
    shut = replace(WORLD.tunis, calendar=Switch("office", opened=False))
    assert isinstance(sent("tunis", by_rules=rules(tunis=shut)), Stay)
    assert places(sent("tunis", "backup", by_rules=rules(tunis=shut))) == ["backup", "paris", "closed"]


def test_there_is_no_way_back_to_a_queue_that_the_rules_do_not_know() -> None:
    """Then the message of the service ends the plan."""
    elsewhere = InHouse("paris", "other", 90)
    assert places(sent("tunis", by_rules=rules(paris=elsewhere))) == ["tunis", "closed"]


def test_no_rule_of_a_file_has_the_name() -> None:
    """Else nobody could tell from a log which of the two it was."""
    assert SENT_BY_HAND in TAKEN_NAMES
