"""From snapshot and decisions to the picture that people see."""

import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from ccrouter.routing.conditions import Mode
from ccrouter.routing.decide import decide
from ccrouter.routing.rule import Rule
from ccrouter.routing.snapshot import Health, PabxFacts, QueueFacts, SiteFacts, Snapshot
from ccrouter.web import status as made
from ccrouter.web.status import (
    CompiledStatus,
    DecisionStatus,
    ModeStatus,
    OverrideStatus,
    PabxStatus,
    QueueStatus,
    RulesStatus,
    SiteStatus,
    Status,
)
from ccrouter.web.terminal import (
    duration,
    headline,
    modes_section,
    overrides_section,
    plain_lines,
    rich_picture,
    status_sections,
)
from support.world import NOON, World

WORLD = World()


def test_a_queue_shows_its_figures_and_whether_they_are_fresh() -> None:
    """The wait is that of this instant; a PABX that is silent leaves old figures, marked as such."""
    queue = QueueFacts("main", "support", 3, NOON - 42, 5, 1, 2, 2, 12.5)
    snapshot = Snapshot(NOON, {"main": PabxFacts("main", in_sync=True, heard_at=NOON)}, {("main", "support"): queue})
    expected = QueueStatus(
        "main",
        "support",
        fresh=True,
        waiting=3,
        longest_wait_s=42,
        estimated_wait_s=12.5,
        logged_in=5,
        ready=1,
        busy=2,
        paused=2,
    )  # fmt: skip - one line of figures
    assert made.queues(snapshot, NOON) == (expected,)
    assert made.queues(snapshot, NOON + 60) == (replace(expected, fresh=False, longest_wait_s=102),)


def test_a_site_shows_its_limit_from_the_routing_file() -> None:
    """Without rules, or for a site that they no longer name, there is no limit to show."""
    snapshot = Snapshot(
        NOON, sites={"tunis": SiteFacts("tunis", 7, Health.UP), "old": SiteFacts("old", 1, Health.DOWN)}
    )
    rules = replace(WORLD.rules(), sites={"tunis": WORLD.tunis, "paris": WORLD.paris})
    assert made.sites(snapshot, rules) == (SiteStatus("old", 1, 0, "down"), SiteStatus("tunis", 7, 30, "up"))
    assert made.sites(snapshot, None)[1].max_calls == 0


@pytest.mark.parametrize(
    ("modes", "full", "rule", "reason"),
    [
        (("crisis",), {}, "crisis", "mode: crisis (on)"),
        (("crisis",), {"backup": 12}, "crisis", "mode: crisis (on), backup full"),
        ((), {}, "otherwise", ""),
    ],
)
def test_a_decision_shows_why(modes: tuple[str, ...], full: dict[str, int], rule: str, reason: str) -> None:
    """The test that made its rule match, the value seen, and the destinations that were passed over."""
    rules = WORLD.rules(Rule("crisis", Mode("crisis"), WORLD.legs("backup", "tunis")))
    decision = decide(rules, WORLD.facts(modes=modes, calls=full), WORLD.call(caller="0612345678"), "d1")
    (shown,) = made.recent([decision])
    assert (shown.number, shown.rule, shown.reason) == ("0800 123 456", rule, reason)
    assert "0612345678" not in str(shown)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0s"),
        (59.4, "59s"),
        (59.6, "1m00s"),
        (185, "3m05s"),
        (3600, "1h00m"),
        (86399, "23h59m"),
        (86400, "1d00h"),
        (360000, "4d04h"),
        (-3, "0s"),
    ],
)  # fmt: skip - a table
def test_a_length_of_time_is_shown_in_two_units(seconds: float, shown: str) -> None:
    """Short enough for a column."""
    assert duration(seconds) == shown


def picture(text: str = "support") -> Status:
    """Return a full picture in which a text stands in each place that a peer or an admin may fill."""
    return Status(
        version="0.1.0",
        pid=42,
        at=NOON,
        started_at=NOON - 3600,
        not_ready=("no PABX is in sync (main)",),
        rules=RulesStatus("routing.yaml", "a1b2c3", NOON - 60, (f"routing.yaml:3:1: unknown key {text}",)),
        pabxs=(PabxStatus("main", "down", in_sync=False, heard_age_s=None, version=text, reason=text),),
        queues=(
            QueueStatus(
                "main",
                "support",
                fresh=False,
                waiting=3,
                longest_wait_s=42,
                estimated_wait_s=None,
                logged_in=5,
                ready=1,
                busy=2,
                paused=2,
            ),
        ),
        sites=(SiteStatus("tunis", 7, 0, "down"),),
        modes=(
            ModeStatus("crisis", on=True, author=text, reason=text, since=NOON, until=NOON + 60),
            ModeStatus("gone", on=True, declared=False, author="a", reason="b", since=NOON),
            ModeStatus("quiet", on=False),
        ),
        decisions=(DecisionStatus("d1", NOON, "main", text, "support", "peak", "tunis", text, None),),
        totals={"answered": 12},
    )  # fmt: skip - a table


def drawn(status: Status) -> str:
    """Return what a terminal of 200 columns shows."""
    console = Console(file=io.StringIO(), width=200, force_terminal=False)
    console.print(rich_picture(headline(status), status_sections(status)))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_people_see_everything_that_counts() -> None:
    """The same in a terminal and in a pipe."""
    lines = "\n".join(plain_lines(headline(picture()), status_sections(picture())))
    for text in (lines, drawn(picture())):
        for told in (
            "ccrouter 0.1.0, router 1, process 42, running for 1h00m",
            "NOT READY: no PABX is in sync (main)",
            "version a1b2c3",
            "LAST RELOAD REFUSED: routing.yaml:3:1",
            "old: the PABX is silent",
            "gone (not in the routing file)",
            "never",
        ):
            assert told in text


def test_plain_columns_stand_under_each_other() -> None:
    """A pipe gets aligned columns of text."""
    lines = list(plain_lines((), (modes_section(picture().modes[2:]),)))
    assert lines == [
        "Modes",
        "  mode   state  since  until  author  reason",
        "  quiet  off    -      -      -       -",
    ]


def test_what_is_empty_says_so() -> None:
    """A daemon that has just started shows sentences, not empty tables."""
    status = Status("0.1.0", 42, NOON, NOON, (), None)
    for text in ("\n".join(plain_lines(headline(status), status_sections(status))), drawn(status)):
        for told in ("rules: none are in force", "no queue is known", "no call has been routed yet"):
            assert told in text


@given(st.text(max_size=30))
def test_no_text_gives_an_order_to_the_terminal(text: str) -> None:
    """Neither a reason nor a dialled number can colour, move or forge a line, and markup of rich's is shown as text."""
    for hostile in (f"\x1b[31m{text}", f"[bold]{text}", f"{text}\r\n"):
        lines = list(plain_lines(headline(picture(hostile)), status_sections(picture(hostile))))
        shown = drawn(picture(hostile))
        assert not any("\x1b" in line or "\n" in line or "\r" in line for line in [*lines, shown.replace("\n", "")])
    assert "[bold]x" in drawn(picture("[bold]x"))


@pytest.mark.parametrize(
    ("gone", "active", "state"),
    [
        ((), True, "active"),
        ((), False, "coming"),
        (("tunis",), True, "active"),
        (("tunis", "backup"), True, "no effect"),
        (("tunis", "backup"), False, "no effect"),
        (("0800 123 456",), True, "no effect"),
    ],
)
def test_an_override_without_its_place_in_the_file_is_not_called_active(
    gone: tuple[str, ...],
    active: bool,  # noqa: FBT001 - a parameter of the test
    state: str,
) -> None:
    """It does nothing when its number is gone, or all that it leads to; else what is left of it counts."""
    found = OverrideStatus(
        "3f", "0800 123 456", ("tunis", "backup"), NOON, NOON + 60, "a", "b", active=active, gone=gone
    )
    assert found.state == state
    assert state in "\n".join(plain_lines((), (overrides_section([found]),)))


@pytest.mark.parametrize(
    ("compiled", "shown"),
    [
        (CompiledStatus("a1-b2", newest=True, until="2028-11-30"), "a1-b2, up to 2028-11-30"),
        (CompiledStatus("a1-b1"), "old: a1-b1"),
        (CompiledStatus(""), "none"),
        (CompiledStatus(None), "?"),
        (None, "-"),
    ],
)  # fmt: skip - a table
def test_each_pabx_shows_what_it_has_of_the_compiled_rules(compiled: CompiledStatus | None, shown: str) -> None:
    """Also when all is well; where none are compiled there is no column."""
    other = PabxStatus("b", "up", in_sync=True, heard_age_s=0, compiled=CompiledStatus("zz"))
    pabxs = (PabxStatus("a", "up", in_sync=True, heard_age_s=0, compiled=compiled), other)
    section = status_sections(replace(picture(), pabxs=pabxs))[0]
    assert section.rows[0][section.columns.index("compiled")] == shown
    none = status_sections(replace(picture(), pabxs=(replace(other, compiled=None),)))[0]
    assert "compiled" not in none.columns
    assert len(none.columns) == len(none.rows[0])
