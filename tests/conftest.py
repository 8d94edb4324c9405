"""How Hypothesis works here, and what tests inherit."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping

import uvloop
from hypothesis import HealthCheck, settings

# A busy machine is no fault of the code: nothing here is judged by its time. CI tries the same examples each time, so
# that a red run is a change's doing; on a developer's machine each run tries new ones.
settings.register_profile("ccrouter", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("ccrouter"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "ccrouter")

# Whoever starts the tests in the background of a shell has them ignore Ctrl-C, and so would all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run tests on the event loop that the daemon runs on."""
    return {"uvloop": uvloop.new_event_loop}
