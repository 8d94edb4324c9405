"""HTTP over TCP as the settings ask for it: pages, and with a file of tokens the control API."""

import grp
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager

from aiohttp import web
from structlog.typing import FilteringBoundLogger

from ccrouter.clock import Clock
from ccrouter.config.settings import Http, Settings
from ccrouter.telemetry.http import HttpCounts
from ccrouter.web.attempts import Attempts
from ccrouter.web.control import control_app
from ccrouter.web.doors import Doors, Keys, guarded
from ccrouter.web.limits import usual_limits
from ccrouter.web.operations import Operation
from ccrouter.web.serve import ListenError, serve_tcp, serve_unix, tls_of

Pages = Iterable[web.RouteDef]

OWN: int = 0o600
SHARED: int = 0o660


def serve_control(
    settings: Settings, log: FilteringBoundLogger, operations: Iterable[Operation]
) -> AbstractAsyncContextManager[None]:
    """Serve the control API on its socket.

    Raises:
        CcrouterError: the socket can't be used, or there is no such group.

    """
    app = control_app(log, operations)
    if not settings.control_group:
        return serve_unix(app, settings.control, OWN)
    try:
        group = grp.getgrnam(settings.control_group).gr_gid
    except KeyError:
        told = f"there is no group {settings.control_group}; make it with groupadd, or name another control_group"
        raise ListenError(told) from None
    return serve_unix(app, settings.control, SHARED, group)


def serve_http(  # noqa: PLR0913 - where, for whom, and what
    http: Http,
    keys: Keys | None,
    clock: Clock,
    log: FilteringBoundLogger,
    counts: HttpCounts,
    *,
    pages: Pages,
    operations: Iterable[Operation],
) -> AbstractAsyncContextManager[int]:
    """Serve the pages, and below /api/v1 the operations to who has one of these keys; None serves no API.

    Raises:
        ListenError: the certificate can't be used, or the address.

    """
    doors = Doors(
        keys=keys,
        refusals=Attempts(clock.steady),
        local=http.local,
        names=http.names,
        origins=frozenset(http.origins),
        encrypted=http.tls is not None,
        limits=usual_limits(clock.steady),
        answered=counts.answered,
    )
    tls = None if http.tls is None else tls_of(http.tls.certificate, http.tls.key)
    return serve_tcp(guarded(pages, doors, log, operations), http.host, http.port, tls)
