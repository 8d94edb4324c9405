"""Serving an aiohttp application while a context lasts, on TCP or on a unix socket."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from ccrouter.errors import CcrouterError
from ccrouter.web.control import problem
from ccrouter.web.dress import dress
from ccrouter.web.entrance import STAYING, entrances
from ccrouter.web.unix_socket import listening

MAX_LINE_BYTES: Final = 4096
MAX_HEADERS: Final = 64
STOP_WITHIN_S: Final = 0.5
"""For requests under way at a stop. aiohttp waits for it twice: until they end, and until they are cancelled."""

IDLE_S: Final = 30.0
LINGER_S: Final = 1.0
"""How long a body is read that nobody wanted."""


class ListenError(CcrouterError):
    """An address can't be listened at; the text says why, and what to do."""


class _OurFaults(logging.Filter):
    """Keeps aiohttp from telling each bad request with a traceback: anybody could fill the log with them."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


_LOGGER: Final = logging.getLogger("ccrouter.web")
_LOGGER.addFilter(_OurFaults())


class _Connection(web.RequestHandler):
    """One connection; what is no HTTP is answered as everything else is, and without the name of a library."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return the answer to what could not be read as a request, or failed before it came to the application."""
        super().handle_error(request, status, exc, message)
        bad = status < HTTPStatus.INTERNAL_SERVER_ERROR
        answer = problem(
            "this can't be read as a request" if bad else "ccrouter failed at this; its log tells more", status
        )
        dress(answer)
        answer.force_close()
        return answer


class _Server(web.Server):
    """Makes such connections; it takes the place of the one that aiohttp makes for an application."""

    def __init__(self, made: web.Server, bounds: Mapping[str, Any]) -> None:
        super().__init__(made.request_handler, request_factory=made.request_factory, **bounds)
        self._bounds = bounds

    def __call__(self) -> _Connection:
        """Return what serves a connection."""
        return _Connection(self, loop=asyncio.get_running_loop(), **self._bounds)


class _Runner(web.AppRunner):
    __slots__ = ()

    async def _make_server(self) -> web.Server:
        return _Server(await super()._make_server(), self._kwargs)


@asynccontextmanager
async def serve_tcp(
    app: web.Application, host: str, port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serve on TCP, over TLS where a context is given, and give the port, which the kernel chooses for 0.

    Raises:
        ListenError: the address is taken, or not this machine's.

    """
    staying = app[STAYING] = {}
    async with _runner(app) as runner:
        assert runner.server is not None  # noqa: S101 - it was set up
        with ExitStack() as stack:
            try:
                opened = entrances(host, port, staying)
                for each in opened:
                    stack.callback(each.close)
                for each in opened:
                    each.open(runner.server, tls)
            except OSError as error:
                cure = "stop who listens there, or set another address in the settings"
                raise ListenError(f"http can't listen at {host}:{port}: {error.strerror or error}; {cure}") from error
            yield opened[0].port


def tls_of(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return how to serve TLS, 1.2 or newer, with this certificate.

    Raises:
        ListenError: the files can't be used.

    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # An encrypted key would ask for its password at the terminal.
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except OSError as error:
        why = error.strerror or error
        raise ListenError(f"http can't use the certificate {certificate} with the key {key}: {why}") from None
    return context


@asynccontextmanager
async def serve_unix(
    app: web.Application, path: Path, mode: int = 0o600, group: int | None = None
) -> AsyncIterator[None]:
    """Serve on a unix socket with these permissions.

    Raises:
        SocketError: another daemon lives there, or the path can't be used.

    """
    with listening(path, mode, group) as listener:
        async with _runner(app) as runner:
            await web.SockSite(runner, listener).start()
            yield


@asynccontextmanager
async def _runner(app: web.Application) -> AsyncIterator[web.AppRunner]:
    runner = _Runner(
        app,
        access_log=None,
        logger=_LOGGER,
        keepalive_timeout=IDLE_S,
        max_line_size=MAX_LINE_BYTES,
        max_field_size=MAX_LINE_BYTES,
        max_headers=MAX_HEADERS,
        lingering_time=LINGER_S,
        auto_decompress=False,  # a small body that unfolds into a huge one would hold up the event loop, and calls
        shutdown_timeout=STOP_WITHIN_S,
    )
    await runner.setup()
    try:
        yield runner
    finally:
        await runner.cleanup()
