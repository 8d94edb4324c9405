"""How long a stop may take when all that it waits for takes as long as it may, and no disk hangs."""

import asyncio

from aiohttp import web

from ccrouter.agi.server import Bounds
from ccrouter.ami.pulse import GOODBYE_WITHIN_S
from ccrouter.app.journal import CLOSE_WITHIN_S
from ccrouter.app.leaving import LEAVE_WITHIN_S, TOLD_WITHIN_S
from ccrouter.app.overflow import SETTLED_WITHIN_S
from ccrouter.clock import SystemClock
from ccrouter.web.serve import STOP_WITHIN_S, serve_tcp


def test_the_sum_of_all_waits_is_less_than_a_stop_may_take() -> None:
    """Else a stop that waits for slow peers alone would be cut off, and would leave the journal behind."""
    servers = 2 * 2 * STOP_WITHIN_S
    under_way = max(Bounds().stop_s, SETTLED_WITHIN_S)
    assert GOODBYE_WITHIN_S + under_way + CLOSE_WITHIN_S + servers <= LEAVE_WITHIN_S - TOLD_WITHIN_S - 0.5


async def test_a_request_that_runs_on_holds_up_a_server_for_twice_its_bound() -> None:
    """As the sum above takes it for granted of aiohttp, and no more."""
    begun, clock = asyncio.Event(), SystemClock()

    async def endless(_: web.Request) -> web.Response:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    app = web.Application()
    app.add_routes([web.get("/", endless)])
    server = serve_tcp(app, "127.0.0.1", 0)
    port = await server.__aenter__()
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await begun.wait()
    started = clock.steady()
    await server.__aexit__(None, None, None)
    assert clock.steady() - started < 2 * STOP_WITHIN_S + 0.5
    writer.close()
