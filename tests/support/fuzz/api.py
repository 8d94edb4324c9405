"""The HTTP API: requests made from its own description, whose parts the input chooses."""

import random
from functools import cache, partial
from typing import Any, Final

from hypothesis import HealthCheck, given, settings

from ccrouter.routing.call import Call
from support.api_cases import CHECKS, Request, all_cases
from support.fuzz.pages import TOKENS, house
from support.fuzz.target import Target


def check(data: bytes) -> None:
    """Check that requests as described, and others, are answered as described, without a fault; calls are decided."""
    _tried().hypothesis.fuzz_one_input(data)


@cache
def _tried() -> Any:  # noqa: ANN401 - what hypothesis makes of a test
    @settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(all_cases())
    def try_one(case: Request) -> None:
        here = house()
        here.log.entries.clear()
        shown = {"Authorization": f"Bearer {TOKENS['administer']}"}
        response = here.during(partial(case.call, base_url=f"http://127.0.0.1:{here.port}/api/v1", headers=shown))
        case.validate_response(response, checks=list(CHECKS))
        failed = [line for line in here.log.entries if line["log_level"] in {"error", "critical"}]
        assert not failed, failed
        assert here.daemon._router.route(Call("main", "1.1", "0800123456", None)).service == "support"

    return try_one


def seeds() -> list[bytes]:
    """Return choices drawn at random: each makes some request."""
    return [random.Random(number).randbytes(600) for number in range(24)]  # noqa: S311 - the same ones each time


HTTP_API: Final = Target("http-api", check, seeds, most=4096, tries=40)
