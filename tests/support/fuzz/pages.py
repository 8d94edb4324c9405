"""HTTP: what is sent to the control socket and to the port of metrics and health, well-formed or not."""

import asyncio
import atexit
import gc
import re
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, Final, TypeVar, cast

import structlog
from structlog.testing import LogCapture

from ccrouter.app.daemon import Daemon
from ccrouter.app.http import serve_control, serve_http
from ccrouter.clock import SystemClock
from ccrouter.config.settings import compile_settings
from ccrouter.config.tokens import ROLES, hash_of
from ccrouter.routing.call import Call
from ccrouter.telemetry.logs import Logs
from ccrouter.web.public import pages
from support.fuzz.target import Drawn, Target
from support.rules_desk import GOOD

T = TypeVar("T")

SETTINGS: Final = """\
pabxs: [{name: main, host: 127.0.0.1, port: 1, username: ccrouter, secret: {env: SECRET}}]
agi: {host: 127.0.0.1, port: 4573}
http: {host: 127.0.0.1, port: 0, tokens: TOKENS}
control: CONTROL
state_dir: STATE
routing: ROUTING
"""
TOKENS: Final = {role: f"ccrouter_{role:0<43}" for role in ROLES}
RULES: Final = GOOD + "modes: [crisis]\n"

ANSWER_S: Final = 5.0
"""Within this a good request is answered, whatever came before it."""

QUIET_S: Final = 0.05
"""A connection from which nothing more comes for so long waits for what the input does not hold."""

ANSWERED: Final = re.compile(rb"(?:^|(?<=[\n}]))HTTP/1\.[01] (\d{3}) ")
DECLARED: Final = frozenset({503, 507})
"""/readyz says 503 while there is no PABX; the state folder can be full."""

LAST: Final = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class House:
    """A daemon without links, whose pages are served; one for all inputs.

    Attributes:
        log: what it logged since it was last looked at.
        port: of metrics and health.
        socket: the control socket.

    """

    def __init__(self) -> None:
        self.log = LogCapture()
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._folder = TemporaryDirectory(prefix="ccrouter-fuzz-")
        folder = Path(self._folder.name)
        self.socket = folder / "control.sock"
        (folder / "state").mkdir()
        (folder / "routing.yaml").write_text(RULES)
        text = SETTINGS.replace("CONTROL", str(self.socket)).replace("STATE", str(folder / "state"))
        text = text.replace("ROUTING", str(folder / "routing.yaml"))
        (folder / "tokens").touch(mode=0o600)
        each = (f"  {role}: {{role: {role}, sha256: {hash_of(token)}}}" for role, token in TOKENS.items())
        (folder / "tokens").write_text("\n".join(("tokens:", *each)))
        text = text.replace("TOKENS", str(folder / "tokens"))
        self.settings = settings = compile_settings(text.encode(), folder / "settings.yaml", {"SECRET": "a secret"})
        logger = structlog.wrap_logger(None, processors=[self.log], wrapper_class=structlog.BoundLogger)
        self.daemon = Daemon(settings, SystemClock(), cast("Logs", SimpleNamespace(logger=logger, dropped=0)))
        self.port = self._runner.run(self._serve())
        atexit.register(self.close)

    async def _serve(self) -> int:
        built: Any = self.daemon
        log = structlog.wrap_logger(None, processors=[self.log], wrapper_class=structlog.BoundLogger)
        operations = self.daemon.operations()
        open_pages = pages(built._registry, built._control.readiness)
        settings = self.settings
        await self._stack.enter_async_context(serve_control(settings, log, operations))
        # A minute passes from one request to the next: nobody asks too much.
        hasty, counts = SystemClock(steady=count(0.0, 60.0).__next__), built._metrics.http
        serving = serve_http(settings.http, built._tokens, hasty, log, counts, pages=open_pages, operations=operations)
        return await self._stack.enter_async_context(serving)

    def close(self) -> None:
        """Stop serving."""
        self._runner.run(self._stack.aclose())
        self._runner.close()
        self._folder.cleanup()
        gc.collect()

    def during(self, work: Callable[[], T]) -> T:
        """Serve while this blocks in a thread, and return what it returns."""
        return self._runner.run(asyncio.to_thread(work))

    def told(self, chunks: list[bytes], *, control: bool) -> bytes:
        """Send these pieces and return all that comes back."""
        return self._runner.run(self._told(chunks, control=control))

    async def _told(self, chunks: list[bytes], *, control: bool) -> bytes:
        if control:
            reader, writer = await asyncio.open_unix_connection(self.socket)
        else:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        found = bytearray()
        try:
            for chunk in chunks:
                writer.write(chunk)
                await asyncio.sleep(0)
            while True:
                patience = ANSWER_S if chunks == [LAST] else QUIET_S
                piece = await asyncio.wait_for(reader.read(1 << 20), patience)
                if not piece:
                    break
                found += piece
        except (TimeoutError, ConnectionError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
        return bytes(found)


@cache
def house() -> House:
    """Return the one daemon."""
    return House()


METHODS: Final = ("GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "CONNECT", "get", "BREW")
PATHS: Final = (
    *("/status", "/modes", "/modes/crisis", "/reload", "/overrides", "/overrides/x", "/rules", "/versions", "/facts"),
    *("/versions/1", "/versions/99999999999999999999", "/rollback", "/journal", "/journal/1.1", "/history", "/metrics"),
    *("/healthz", "/readyz", "/", "*", "//", "/..", "/%2e%2e/", "/modes/%00", "/journal/%ED%A0%80", "/journal/%ff"),
    *("/journal?number=0800", "/journal?since=2h", "/journal?limit=99999999999999999999", "/journal?x=1&x=2"),
    *("/journal?since=%ED%A0%80", "/history?limit=-1", "/journal?rule=%00", "/modes/" + "x" * 300, "http://a/status"),
)
BODIES: Final = (
    *('{"on":true,"reason":"x"}', '{"on":true,"reason":"x","for_s":1e999}', '{"on":true,"reason":"x","for_s":NaN}'),
    *('{"on":true,"reason":"x","until":"tomorrow 8:00"}', '{"on":false,"reason":"\\ud800"}', "[" * 5000, "{}", "null"),
    *('{"id":1,"reason":"x"}', '{"id":9223372036854775808}', '{"id":-1}', '{"id":1e3}', '{"author":"root"}', "\x00"),
    *('{"number":"0800123456","to":["nobody"],"for_s":60,"reason":"x"}', '{"reason":"x"}', '{"reason":"x","author":1}'),
    *(
        '{"number":"0800123456","to":["desk"],"from":"2h","until":"now","reason":"x"}',
        '{"a":' * 2000,
        '"' + "x" * 20000,
    ),
    *(
        '{"number":"0800123456","to":["nobody"],"from":"2199-12-31","for_s":31622400,"reason":"x"}',
        '{"id":' + "9" * 5000 + "}",
    ),
)
HEADERS: Final = (
    *(
        "Content-Length: -1",
        "Content-Length: 99999999999",
        "Content-Length: 5\r\nContent-Length: 6",
        "Expect: 100-continue",
    ),
    *(
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "Content-Encoding: deflate",
        "Content-Encoding: br",
    ),
    *("Content-Type: application/x-www-form-urlencoded", "Content-Type: multipart/form-data; boundary=", "Expect: tea"),
    *(
        "Upgrade: websocket\r\nConnection: Upgrade",
        "Host:",
        "Host: a\r\nHost: b",
        "Cookie: " + "a=b;" * 500,
        " folded: x",
    ),
    *(
        "Accept-Encoding: gzip",
        "Range: bytes=0-",
        "X: " + "y" * 5000,
        "If-None-Match: *",
        "\x00: \x01",
        "Connection: close",
    ),
)


def drawn_requests(drawn: Drawn, *, tcp: bool) -> bytes:
    """Return some requests in a row."""
    out = bytearray()
    for _ in range(1 + drawn.below(3)):
        path = drawn.one_of(PATHS) if drawn.below(8) else drawn.bytes(40).decode("latin-1")
        path = f"/api/v1{path}" if tcp and drawn.below(4) else path
        body = drawn.one_of(BODIES).encode() if drawn.below(6) else drawn.bytes(60)
        head = [f"{drawn.one_of(METHODS)} {path} HTTP/1.{1 if drawn.below(8) else drawn.below(3)}", "Host: localhost"]
        head += [drawn.one_of(HEADERS) for _ in range(drawn.below(3))]
        if tcp and drawn.below(8):
            head.append(f"Authorization: Bearer {TOKENS[drawn.one_of(ROLES)]}")
        if drawn.below(4):
            head.append(f"Content-Length: {len(body)}")
        out += "\r\n".join(head).encode("latin-1", "replace") + b"\r\n\r\n" + body
    return bytes(out)


def check(data: bytes) -> None:
    """Check that no request costs a 5xx that is not declared, a hang, or a call; the pages answer the next one."""
    here, drawn = house(), Drawn(data[1:])
    kind = data[0] if data else 0
    control = bool(kind & 2)
    sent = drawn_requests(drawn, tcp=not control) if kind & 1 else data[1:]
    pieces = [sent] if not kind & 4 else [sent[at : at + 37] for at in range(0, len(sent), 37)]
    here.log.entries.clear()
    found = here.told([*pieces, LAST], control=control)
    statuses = [int(status) for status in ANSWERED.findall(found)]
    assert all(status < 500 or status in DECLARED for status in statuses), (statuses, found[:300])
    failed = [line for line in here.log.entries if line["log_level"] in {"error", "critical"}]
    assert not failed, failed
    assert b"HTTP/1.1 200 OK" in here.told([LAST], control=False)
    decision = here.daemon._router.route(Call("main", "1.1", "0800123456", None))
    assert decision.service == "support"


def seeds() -> list[bytes]:
    """Return requests as they are sent, and draws of many more."""
    plain = b"PUT /modes/crisis HTTP/1.1\r\nHost: localhost\r\nContent-Length: 24\r\n\r\n" + BODIES[0].encode()
    chunked = (
        b"POST /reload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n11\r\n"
        b'{"author":"root"}\r\n0\r\n\r\n'
    )
    smuggled = (
        b"POST /reload HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        b"GET /status HTTP/1.1\r\n\r\n"
    )
    raw = [plain, chunked, smuggled, plain + chunked, b"\x16\x03\x01\x02\x00\x01", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    orders = (("/modes/crisis", "PUT"), ("/reload", "POST"), ("/overrides", "POST"), ("/rollback", "POST"))
    asked = [(path, method, body) for path, method in orders for body in range(len(BODIES))]
    asked += [(path, "GET", 0) for path in PATHS]
    each = [
        bytes([3, 0, 1, PATHS.index(path), 1, body, METHODS.index(method), 1, 0, 1]) for path, method, body in asked
    ]
    # The same over TCP, with a token that is good for it.
    each += [
        bytes([1, 0, 1, PATHS.index(path), 1, 1, body, METHODS.index(method), 1, 0, 1, 2, 1])
        for path, method, body in asked
    ]
    return [*(bytes([kind]) + text for text in raw for kind in (0, 2, 6)), *each]


WORDS: Final = (
    *(
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b"\0",
        b"HTTP/1.1",
        b"HTTP/1.0",
        b"Content-Length: ",
        b"0\r\n\r\n",
        b"ffffffffff\r\n",
    ),
    *(
        b": ",
        b"Transfer-Encoding: chunked\r\n",
        b"\xff",
        b"%00",
        b"/../",
        b"?",
        b"#",
        b'"',
        b"{",
        b"[",
        b"\xed\xa0\x80",
    ),
)

HTTP: Final = Target("http", check, seeds, WORDS, most=6000, tries=80)
