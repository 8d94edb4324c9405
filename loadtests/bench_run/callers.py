"""Asks a FastAGI server as a PABX does: a TCP connection a call, a request, an answer to the order, the end."""

import gc
import select
import socket
import time
from collections.abc import Callable, Sequence
from typing import Final

REQUEST: Final = b"""\
agi_network: yes
agi_network_script: route
agi_request: agi://127.0.0.1:4573/route
agi_channel: PJSIP/trunk-%(number)08x
agi_language: fr
agi_type: PJSIP
agi_uniqueid: %(uniqueid)s
agi_version: 22.10.1
agi_callerid: 0612%(caller)06d
agi_calleridname: Ren\xc3\xa9e
agi_callingpres: 0
agi_callingani2: 0
agi_callington: 0
agi_callingtns: 0
agi_dnid: %(dialled)s
agi_rdnis: unknown
agi_context: ccrouter
agi_extension: %(dialled)s
agi_priority: 7
agi_enhanced: 0.0
agi_accountcode:\x20
agi_threadid: 140049718814400
agi_arg_1: %(dialled)s
agi_arg_2: 1
agi_arg_3: %(key)s

"""
"""As Asterisk 22 sends it, with the arguments of our dialplan."""

REPLY: Final = b"200 result=1\n"
ORDER: Final = b"SET VARIABLE CCROUTER_PLAN "
TOGETHER: Final = 16
"""Connections at once at full speed."""

AT_MOST: Final = 128
"""The same where requests come at a rate."""


def asked(uniqueids: Sequence[bytes], dialled: Sequence[bytes], key: bytes) -> list[bytes]:
    """Return a request for each of these calls, from callers and to numbers that change."""
    return [
        REQUEST
        % {
            b"number": number,
            b"uniqueid": uniqueid,
            b"caller": number % 1_000_000,
            b"dialled": dialled[number % len(dialled)],
            b"key": key,
        }
        for number, uniqueid in enumerate(uniqueids)
    ]


class NoPlanError(Exception):
    """A server did not give a request what it should; the text says what."""


class Asking:
    """Requests under way: each goes on as soon as the server did its part.

    Attributes:
        waits_s: of those that ended, the seconds from their begin.

    """

    def __init__(self, port: int) -> None:
        self.waits_s: list[float] = []
        self._address = ("127.0.0.1", port)
        self._poll = select.epoll()
        self._under_way: dict[int, tuple[socket.socket, float, bytes]] = {}
        self._answered: set[int] = set()

    def __len__(self) -> int:
        return len(self._under_way)

    def begin(self, request: bytes, at: float) -> None:
        """Connect and ask."""
        caller = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        caller.connect_ex(self._address)
        descriptor = caller.fileno()
        self._under_way[descriptor] = (caller, at, request)
        try:
            caller.send(request)  # over the loopback the connection is there at once
            self._poll.register(descriptor, select.EPOLLIN)
        except BlockingIOError:
            self._poll.register(descriptor, select.EPOLLOUT)

    def wait(self, at_most_s: float | None) -> None:
        """Sleep until a server does something: as a PABX does, which leaves its processor to others meanwhile.

        Finer than epoll itself, whose shortest sleep is as long as a whole request.
        """
        select.select([self._poll], [], [], at_most_s)

    def go_on(self, wait_s: float, clock: Callable[[], float]) -> None:
        """Do what the server's doings ask for, after waiting for them for so long at most.

        Raises:
            NoPlanError: a request got no plan.

        """
        for descriptor, event in self._poll.poll(wait_s):
            caller, at, request = self._under_way[descriptor]
            if event & select.EPOLLOUT:
                caller.send(request)
                self._poll.modify(descriptor, select.EPOLLIN)
            elif descriptor not in self._answered:
                if not _heard(caller).startswith(ORDER):
                    raise NoPlanError("a request got no plan")
                caller.send(REPLY)
                self._answered.add(descriptor)
            else:
                if _heard(caller):
                    raise NoPlanError("a server said more than one thing")
                self.waits_s.append(clock() - at)
                caller.close()
                self._answered.remove(descriptor)
                del self._under_way[descriptor]


def _heard(caller: socket.socket) -> bytes:
    try:
        return caller.recv(4096)
    except ConnectionError:
        return b""


def fast(port: int, requests: list[bytes]) -> tuple[float, list[float]]:
    """Make all requests as fast as it goes; return the seconds that all took, and those of each."""
    clock, asking = time.perf_counter, Asking(port)
    left = iter(requests)
    gc.disable()
    began = clock()
    for request in left:
        asking.begin(request, clock())
        while len(asking) == TOGETHER:
            asking.go_on(-1, clock)
    while asking:
        asking.go_on(-1, clock)
    took_s = clock() - began
    gc.enable()
    return took_s, asking.waits_s


def paced(port: int, requests: list[bytes], rate: float) -> list[float]:
    """Make `rate` requests per second; return the seconds that each took from the instant when it was due."""
    clock, asking = time.perf_counter, Asking(port)
    gc.disable()
    began = clock()
    for number, request in enumerate(requests):
        due = began + number / rate
        while (early_s := due - clock()) > 0 or len(asking) == AT_MOST:
            asking.wait(early_s if len(asking) < AT_MOST else None)
            asking.go_on(0, clock)
        asking.begin(request, due)
    while asking:
        asking.go_on(-1, clock)
    gc.enable()
    return asking.waits_s
