"""A router that answers by script: what the dialplan meets when the real one is well, ill, slow or gone."""

import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ccrouter.contract import PLAN, heartbeat
from support.listener import Listener

Request = Mapping[str, str]
Behaviour = Callable[[socket.socket], None]

BEAT_S: Final = 0.5


def answer(plan: str) -> Behaviour:
    """Answer as the router does: set the plan, read the result, close."""

    def behave(peer: socket.socket) -> None:
        peer.sendall(f'SET VARIABLE {PLAN} "{plan}"\n'.encode())
        peer.recv(1000)

    return behave


def answer_after(delay_s: float, plan: str) -> Behaviour:
    """Answer after a time, which may be too late."""

    def behave(peer: socket.socket) -> None:
        threading.Event().wait(delay_s)
        answer(plan)(peer)

    return behave


def hang(peer: socket.socket) -> None:
    """Never answer: read on until the PABX closes."""
    while peer.recv(1000):
        pass


def reset(peer: socket.socket) -> None:
    """Answer with a RST, as a killed process does."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def close(_peer: socket.socket) -> None:
    """Close without a word."""


def babble(peer: socket.socket) -> None:
    """Send what is no AGI command, then close."""
    peer.sendall(b"\x00\xff garbage\n\n\nHTTP/1.1 200 OK\r\n\r\n")


@dataclass(slots=True)
class ScriptedRouter:
    """A FastAGI server on a port of its own; `behaviours` tells what it does for each number dialled."""

    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    _server: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0), backlog=200)
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def address(self) -> str:
        """What the dialplan calls."""
        return f"agi://127.0.0.1:{self._server.getsockname()[1]}/route"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._converse, args=(peer,), daemon=True).start()

    def _converse(self, peer: socket.socket) -> None:
        with peer:
            text = b""
            while not text.endswith(b"\n\n"):
                text += peer.recv(4096)
            request = dict(line.partition(": ")[::2] for line in text.decode(errors="replace").splitlines() if line)
            self.requests.append(request)
            try:
                self.behaviours[request["agi_extension"]](peer)
            except OSError:
                return  # the PABX closed first, as it may


class Heartbeat:
    """The router's sign of life, written over AMI as the real one does, from `start` to `stop`."""

    def __init__(self, port: int, secret: str) -> None:
        """Open a session of its own on the PABX's AMI."""
        self._listener = Listener(port, "ccrouter", secret)
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Beat from now on, and once before returning."""
        if self._thread is None:
            self._stopped.clear()
            self._beat()
            self._thread = threading.Thread(target=self._keep_beating, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Beat no more, and forget the last beat."""
        if self._thread is not None:
            self._stopped.set()
            self._thread.join()
            self._thread = None
            self._listener.ask("Setvar", Variable=heartbeat(1), Value="")

    def close(self) -> None:
        """Beat no more, and leave."""
        self.stop()
        self._listener.close()

    def _beat(self) -> None:
        now = self._listener.ask("Ping")["Timestamp"]
        self._listener.ask("Setvar", Variable=heartbeat(1), Value=now)

    def _keep_beating(self) -> None:
        while not self._stopped.wait(BEAT_S):
            self._beat()
