"""A TCP relay in front of a port, which can fail as a network does: cut, refuse, or fall silent."""

import socket
import struct
import threading
from contextlib import suppress
from typing import Final, Self

RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER that makes a close a RST."""


class Relay:
    """Relays connections to a port of this machine; it works until it is told to fail, and from `mend` on again.

    Attributes:
        port: where it listens.

    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._flows = threading.Event()
        self._flows.set()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]

    def cut(self) -> None:
        """Reset all connections; new ones can be made."""
        with self._lock:
            for end in self._open:
                with suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    end.shutdown(socket.SHUT_RDWR)
            self._open.clear()

    def refuse(self) -> None:
        """Reset all connections, and refuse new ones."""
        self._close_listener()
        self.cut()

    def hold(self) -> None:
        """Let nothing through any more, in either direction, and tell nobody; what is sent arrives after `mend`."""
        self._flows.clear()

    def mend(self) -> None:
        """Work again."""
        self._flows.set()
        if self._listener.fileno() < 0:
            self._listener = self._listen(self.port)

    def close(self) -> None:
        """End all of it."""
        self.refuse()
        self._flows.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _close_listener(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                self._flows.wait()
                self._join(near)

    def _join(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            near.close()
            return
        with self._lock:
            self._open |= {near, far}
        for source, sink in ((near, far), (far, near)):
            threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._flows.wait()
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._open.discard(source)
            source.close()
