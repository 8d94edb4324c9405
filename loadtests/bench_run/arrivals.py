"""Calls that arrive meanwhile: how long the router lets each wait for its plan, asked as the PABX asks."""

import itertools
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bench_run.callers import REPLY, asked

EACH_S: Final = 0.02


class Arrivals:
    """Asks the router for one call after the other, 50 a second."""

    def __init__(self, port: int, key: str, number: str) -> None:
        self._port = port
        self._key = key.encode()
        self._number = number.encode()
        self._ids = (f"1700000000.{n}".encode() for n in itertools.count(1_000_000))

    @contextmanager
    def watched(self) -> Iterator[list[float]]:
        """Ask as long as the context lasts; its list has the seconds that each waited."""
        waits_s: list[float] = []
        over = threading.Event()
        asking = threading.Thread(target=self._ask, args=(waits_s, over))
        asking.start()
        try:
            yield waits_s
        finally:
            over.set()
            asking.join()

    def _ask(self, waits_s: list[float], over: threading.Event) -> None:
        due = time.perf_counter()
        while not over.is_set():
            [request] = asked([next(self._ids)], [self._number], self._key)
            with socket.create_connection(("127.0.0.1", self._port), timeout=5) as call:
                call.sendall(request)
                call.recv(4096)
                # From when it was due: whoever is late for one call is late for the next one too.
                waits_s.append(time.perf_counter() - due)
                call.sendall(REPLY)
                call.recv(4096)
            due = max(due + EACH_S, time.perf_counter())
            over.wait(due - time.perf_counter())
