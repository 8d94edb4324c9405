"""Metrics and health over TCP: three pages for machines, nothing to order and nothing secret."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from aiohttp import web
from prometheus_client import CollectorRegistry

from ccrouter.telemetry.text import text_of

TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8"

RESTS = 9
"""For how many times as long as it took nobody's metrics are made: calls are decided in the same thread."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether calls can be routed.

    Attributes:
        rules_loaded: a routing file is in force.
        agi_listening: the FastAGI server takes calls.
        pabxs_in_sync: for each PABX, whether a full and fresh picture of it is known.
        router: rank of this router, 1 or 2.
        on_duty: for each PABX, whether this router does there what only one may do.

    """

    rules_loaded: bool
    agi_listening: bool
    pabxs_in_sync: Mapping[str, bool] = field(default_factory=dict)
    router: int = 1
    on_duty: Mapping[str, bool] = field(default_factory=dict)

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Return in sentences why calls can't be routed; empty when they can."""
        told = []
        if not self.rules_loaded:
            told.append("no routing file is in force")
        if not self.agi_listening:
            told.append("the FastAGI server does not listen")
        if not any(self.pabxs_in_sync.values()):
            names = ", ".join(sorted(self.pabxs_in_sync)) or "none is configured"
            told.append(f"no PABX is in sync ({names})")
        return tuple(told)


class Scrapes:
    """Makes the text of the metrics, in no more than a tenth of the event loop's time, however many ask for it.

    Who asks while it rests waits for the next text, together with all others who do: it is never older than their
    question.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._turn = asyncio.Lock()
        self._begun = 0
        self._made = 0
        self._text = b""
        self._rests_until = 0.0

    async def text(self) -> bytes:
        """Return the metrics of now."""
        loop, asked = asyncio.get_running_loop(), self._begun
        async with self._turn:
            if self._made <= asked:  # the newest text was begun before the question, or its making was given up
                await asyncio.sleep(max(0.0, self._rests_until - loop.time()))
                self._begun += 1
                self._text, held_s = await text_of(self._registry, loop.time)
                self._made = self._begun
                self._rests_until = loop.time() + RESTS * held_s
            return self._text


def pages(registry: CollectorRegistry, readiness: Callable[[], Readiness]) -> list[web.RouteDef]:
    """Return the routes /metrics, /healthz and /readyz."""
    scrapes = Scrapes(registry)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=await scrapes.text(), headers={"Content-Type": TEXT_FORMAT})

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def readyz(_: web.Request) -> web.Response:
        state = readiness()
        obstacles = state.obstacles
        body = {
            "ready": not obstacles,
            "reasons": obstacles,
            "rules_loaded": state.rules_loaded,
            "agi_listening": state.agi_listening,
            "pabxs_in_sync": dict(state.pabxs_in_sync),
            "router": state.router,
            "on_duty": dict(state.on_duty),
        }
        return web.json_response(body, status=HTTPStatus.SERVICE_UNAVAILABLE if obstacles else HTTPStatus.OK)

    return [web.get("/metrics", metrics), web.get("/healthz", healthz), web.get("/readyz", readyz)]
