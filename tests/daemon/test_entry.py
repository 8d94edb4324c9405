"""Where calls come in: what follows a decision, when its plan is on its way."""

from typing import cast

import structlog
from structlog.testing import LogCapture
from structlog.typing import FilteringBoundLogger

from ccrouter.agi.desk import Made
from ccrouter.app.entry import Entry
from ccrouter.clock import SystemClock
from ccrouter.router import Router
from ccrouter.routing.decision import Decision
from ccrouter.telemetry.metrics import Metrics, new_registry
from support.made_decisions import made


def test_a_listener_that_fails_costs_no_call_its_plan() -> None:
    """The plan is on its way, or the caller about to leave: the fault is told, and all else is done all the same."""
    log, registry = LogCapture(), new_registry()
    logger = structlog.wrap_logger(None, processors=[log], wrapper_class=structlog.make_filtering_bound_logger(0))
    entry = Entry(cast("Router", None), SystemClock(), Metrics(registry), cast("FilteringBoundLogger", logger.bind()))

    def fail(_: Decision) -> None:
        raise RuntimeError("a fault")

    entry.listeners.append(fail)
    entry.routed([Made(made(1), 0.001)])
    entry.made("caller to be withdrawn", made(2), 0.001)

    fault = "a decision could not be taken down"
    assert [line["event"] for line in log.entries] == [fault, "call routed", fault, "caller to be withdrawn"]
    assert registry.get_sample_value("ccrouter_faults_total", {"task": "entry"}) == 2
