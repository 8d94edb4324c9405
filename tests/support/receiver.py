"""A receiver of webhooks on the loopback, in threads of its own; it verifies what it is told as anybody else would."""

import json
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from typing import Any, Final

from standardwebhooks.webhooks import Webhook as Verifier

SECRET: Final = f"whsec_{b64encode(bytes(range(32))).decode()}"
OTHER_SECRET: Final = f"whsec_{b64encode(bytes(range(32, 64))).decode()}"
PATIENCE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver says.

    Attributes:
        endless: the body never ends.

    """

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    endless: bool = False


@dataclass
class Receiver:
    """Takes events.

    Attributes:
        port: where it listens; 0 before it does, for a free one.
        answer: returns what is said to an event; None hangs until `let_go`.
        got: all events that came, in the order in which they came, repeats too, whatever was answered.
        taken: those that were taken.
        headers: of the last one.

    """

    secret: str = SECRET
    port: int = 0
    answer: Callable[[dict[str, Any]], Answer | None] = lambda _: Answer()
    tls: SSLContext | None = None
    got: list[dict[str, Any]] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    forged: int = 0
    most_abreast: int = 0
    _abreast: int = 0
    _news: threading.Condition = field(default_factory=threading.Condition)
    _free: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Return the address."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/hook"

    def kinds(self, uniqueid: str = "") -> list[str]:
        """Return the kinds of what was taken, of a call or of all, in order."""
        with self._news:
            return [each["kind"] for each in self.taken if uniqueid in {"", each["uniqueid"]}]

    def wait(self, holds: Callable[["Receiver"], bool], within_s: float = PATIENCE_S) -> None:
        """Wait until it is so; fails where it is not in time."""
        with self._news:
            assert self._news.wait_for(lambda: holds(self), within_s), [each["kind"] for each in self.got[-20:]]

    def let_go(self) -> None:
        """Answer those that hang."""
        self._free.set()

    @contextmanager
    def listening(self) -> Iterator["Receiver"]:
        """Listen while the context lasts."""
        server = _Server(("127.0.0.1", self.port), _handler(self))
        if self.tls is not None:
            server.socket = self.tls.wrap_socket(server.socket, server_side=True)
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.let_go()
            server.shutdown()
            thread.join()
            server.server_close()
            server.hang_up()

    def take(self, body: bytes, headers: Mapping[str, str]) -> Answer | None:
        """Take in an event."""
        with self._news:
            self._abreast += 1
            self.most_abreast = max(self.most_abreast, self._abreast)
        try:
            Verifier(self.secret).verify(body, dict(headers))
        except Exception:  # noqa: BLE001 - whatever it is: it is not believed
            self.forged += 1
            return Answer(401)
        event = json.loads(body)
        said = self.answer(event)
        with self._news:
            self.got.append(event)
            self.headers = headers
            if said is not None and said.status < 300:
                self.taken.append(event)
            self._news.notify_all()
        if said is None:
            self._free.wait(PATIENCE_S)
        return said

    def done(self) -> None:
        """Count one less under way."""
        with self._news:
            self._abreast -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.lines: set[Any] = set()

    def hang_up(self) -> None:
        """Close connections that are kept."""
        for line in list(self.lines):
            line.close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that goes away is what is tested."""


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            self.server.lines.add(self.connection)  # type: ignore[attr-defined] # the server above

        def finish(self) -> None:
            self.server.lines.discard(self.connection)  # type: ignore[attr-defined] # the server above
            super().finish()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                said = receiver.take(body, {name.lower(): value for name, value in self.headers.items()})
            finally:
                receiver.done()
            if said is None:
                self.close_connection = True
                return
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            if said.endless:
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                while True:
                    self.wfile.write(b"400\r\n" + bytes(1024) + b"\r\n")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    return Handler
