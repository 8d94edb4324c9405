"""A call that asks the router over FastAGI, as the dialplan has it, and how long it waits for the answer."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, cast

from ccrouter.clock import SystemClock

STEADY: Final = SystemClock().steady
Done = Callable[[Sequence[bytes] | None, float], None]
"""Is told the first step of the plan (None: no plan), and the seconds from the call for a connection to the answer."""


class Ask(asyncio.Protocol):
    """One request."""

    def __init__(self, request: bytes, done: Done) -> None:
        self._request = request
        self._done = done
        self._began = STEADY()
        self._read = b""
        self._answered = False
        self._transport: asyncio.Transport | None = None

    @classmethod
    def begin(cls, port: int, request: bytes, done: Done) -> None:
        """Ask; `done` is told once."""
        loop = asyncio.get_running_loop()
        ask = cls(request, done)
        ask.task = loop.create_task(loop.create_connection(lambda: ask, "127.0.0.1", port))
        ask.task.add_done_callback(ask.connected)

    task: "asyncio.Task[object]"

    def connected(self, task: "asyncio.Task[object]") -> None:
        """Note that nobody listens there."""
        if task.exception() is not None:
            self._tell(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the request."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Take the plan, and say that the variable was set."""
        self._read += data
        if not self._answered and self._read.endswith(b"\n") and self._transport is not None:
            self._transport.write(b"200 result=1\n")
            self._tell(first_step(self._read))

    def connection_lost(self, _: Exception | None) -> None:
        """Note that no plan came."""
        self._tell(None)

    def _tell(self, plan: Sequence[bytes] | None) -> None:
        if not self._answered:
            self._answered = True
            self._done(plan, STEADY() - self._began)


def first_step(order: bytes) -> Sequence[bytes]:
    """Return decision, service, rule, kind, target and the rest of the first step of a plan."""
    head, step = order.split(b'"')[1].split(b"&")[:2]
    return [*head.split(b"|")[1:4], *step.split(b"|")]
