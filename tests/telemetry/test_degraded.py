"""The registry of degraded states: each begin and each end is told once, everywhere by the same name."""

from pathlib import Path

import pytest
import structlog
from prometheus_client import CollectorRegistry
from structlog.testing import LogCapture

from ccrouter.telemetry.degraded import MEANINGS, Degraded, DegradedStates
from support.hand_clock import HandClock


class Ward:
    """A registry of states with all that it tells."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.registry = CollectorRegistry()
        self.log = LogCapture()
        self.states = DegradedStates(
            self.registry, ["paris", "lyon"], self.clock, structlog.wrap_logger(None, processors=[self.log])
        )

    def sample(self, name: str, state: Degraded, pabx: str = "") -> float | None:
        """Return a sample; None where there is none."""
        return self.registry.get_sample_value(name, {"state": state, "pabx": pabx})


def test_begin_and_end_are_told_once() -> None:
    """However often a state is set, one line tells its begin and one its end, with how long it lasted."""
    ward = Ward()
    for why in ("full", "still full", "still full"):
        ward.states.set(Degraded.STATE_BROKEN, why)
        ward.clock.at += 10
    assert [now.why for now in ward.states.now()] == ["still full"]
    for _ in range(3):
        ward.states.set(Degraded.STATE_BROKEN, "")
    assert ward.states.now() == ()
    begun, ended = ward.log.entries
    assert [begun["log_level"], ended["log_level"]] == ["warning", "info"]
    assert (begun["event"], begun["state"], begun["why"]) == ("degraded", "state_broken", "full")
    assert (ended["event"], ended["state"], ended["lasted_s"]) == ("degraded no more", "state_broken", 30.0)
    assert ward.sample("ccrouter_degraded_begins_total", Degraded.STATE_BROKEN) == 1


def test_each_pabx_has_its_own() -> None:
    """One PABX that is gone says nothing of the other."""
    ward = Ward()
    ward.states.begin(Degraded.PABX_GONE, "refused", "lyon")
    assert ward.sample("ccrouter_degraded", Degraded.PABX_GONE, "lyon") == 1
    assert ward.sample("ccrouter_degraded", Degraded.PABX_GONE, "paris") == 0
    assert [(now.state, now.pabx) for now in ward.states.now()] == [(Degraded.PABX_GONE, "lyon")]


@pytest.mark.parametrize("state", Degraded)
def test_a_state_that_was_never_on_is_0(state: Degraded) -> None:
    """An alert on a state finds its sample from the start on, for each PABX where it is about those."""
    ward = Ward()
    pabxs = ("paris", "lyon") if MEANINGS[state].each_pabx else ("",)
    assert [ward.sample("ccrouter_degraded", state, pabx) for pabx in pabxs] == [0] * len(pabxs)
    assert [ward.sample("ccrouter_degraded_begins_total", state, pabx) for pabx in pabxs] == [0] * len(pabxs)


def test_the_manual_has_a_row_for_each_state_as_the_code_says_it() -> None:
    """What a state means, how it is noticed, what calls get, the cure and the end stand in the code, and there."""
    manual = Path(__file__).parents[2] / "docs" / "operations.md"
    section = manual.read_text().partition("\n## Degraded states\n")[2].partition("\n## ")[0]
    assert [line for line in section.splitlines() if line.startswith("| `")] == [
        f"| `{state}` | {told.means} | {told.noticed} | {told.calls} | {told.cure} | {told.ends} |"
        for state, told in MEANINGS.items()
    ]
    assert set(MEANINGS) == set(Degraded)
