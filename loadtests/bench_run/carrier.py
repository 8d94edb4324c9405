"""A carrier that places calls at a steady rate and times each answer by the kernel's own clock.

SIPp's clock ticks once a millisecond, and what is to be measured here is a fraction of one.
"""

import select
import socket
import statistics
import struct
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from small_pabx import CARRIER_ADDRESS, PABX_ADDRESS

TALK_S: Final = 0.5
T1_S: Final = 0.5
"""After so long without an answer a telephone sends its request again (RFC 3261)."""

BEHIND_S: Final = 0.1
"""A carrier that is later than that with a call did not keep to its rate: the machine was too busy for it."""

SO_TIMESTAMPNS: Final = 35
"""Linux: each datagram comes with the instant at which the kernel got it. Python has no name for it yet."""

SPACE: Final = socket.CMSG_SPACE(16)
BUFFER_BYTES: Final = 4_000_000

INVITE: Final = """\
INVITE sip:{number}@{pabx} SIP/2.0\r
Via: SIP/2.0/UDP {me};branch=z9hG4bK-{call}-1;rport\r
From: <sip:{caller}@{me}>;tag=c{call}\r
To: <sip:{number}@{pabx}>\r
Call-ID: {call}@bench\r
CSeq: 1 INVITE\r
Contact: <sip:caller@{me}>\r
Max-Forwards: 70\r
Content-Type: application/sdp\r
Content-Length: 110\r
\r
v=0\r
o=- 1 1 IN IP4 127.0.0.2\r
s=-\r
c=IN IP4 127.0.0.2\r
t=0 0\r
m=audio 40000 RTP/AVP 8\r
a=rtpmap:8 PCMA/8000\r
"""

IN_CALL: Final = """\
{method} sip:{number}@{pabx} SIP/2.0\r
Via: SIP/2.0/UDP {me};branch=z9hG4bK-{call}-{cseq}{method};rport\r
From: <sip:{caller}@{me}>;tag=c{call}\r
{to}\r
Call-ID: {call}@bench\r
CSeq: {cseq} {method}\r
Max-Forwards: 70\r
Content-Length: 0\r
\r
"""


@dataclass(slots=True)
class Met:
    """What the callers of one run met.

    Attributes:
        delays_s: from INVITE to 200, of the calls that were answered.
        placed: how many calls there were.
        late: requests (INVITE, BYE) that had no answer at all within T1.
        again: answers that came more than once, because the PABX missed something or was late.
        behind_s: the most that the carrier itself was late with a call.
        processor_s: what placing them took.

    """

    delays_s: list[float] = field(default_factory=list)
    placed: int = 0
    late: int = 0
    again: int = 0
    behind_s: float = 0.0
    processor_s: float = 0.0

    @property
    def clean(self) -> bool:
        """Tell whether each call was placed and answered in time, and each message came once."""
        return not self.faults and max(self.delays_s) < T1_S and self.behind_s < BEHIND_S

    @property
    def faults(self) -> int:
        """Return what went wrong: calls that were not answered, and messages that were late or came again."""
        return self.placed - len(self.delays_s) + self.late + self.again

    def percentile_ms(self, percent: int) -> float:
        """Return the delay that so many of a hundred calls did not exceed."""
        return statistics.quantiles(self.delays_s, n=100, method="inclusive")[percent - 1] * 1e3


@dataclass(slots=True)
class _Call:
    number: str
    caller: str
    sent_at: float = 0.0
    to: str = ""
    heard: int = 0
    over: bool = False


class Carrier:
    """Places calls from the carrier's address; each is hung up half a second after its answer."""

    def __init__(self, pabx_port: int) -> None:
        """Open its socket."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.bind((CARRIER_ADDRESS, 0))
        self._socket.connect((PABX_ADDRESS, pabx_port))
        self._socket.settimeout(0)
        self._names = {
            "pabx": f"{PABX_ADDRESS}:{pabx_port}",
            "me": "{}:{}".format(*self._socket.getsockname()),
        }
        self._last = 0

    def place(self, number: str, per_s: float, for_s: float) -> Met:
        """Place calls at even distances and return when all are over, or given up."""
        met = Met()
        run = _Run(self._socket, self._names, met)
        count = round(per_s * for_s)
        processor = time.process_time()
        run.place([self._next() for _ in range(count)], number, 1 / per_s)
        met.placed = count
        met.processor_s = time.process_time() - processor
        return met

    def close(self) -> None:
        """Close its socket."""
        self._socket.close()

    def _next(self) -> str:
        self._last += 1
        return f"{self._last}"


class _Run:
    """The calls of one run, from the first INVITE to the last BYE's answer."""

    def __init__(self, wire: socket.socket, names: dict[str, str], met: Met) -> None:
        self._wire = wire
        self._names = names
        self._met = met
        self._calls: dict[str, _Call] = {}
        self._over = 0
        # In the order of time, for the delays are the same for all.
        self._talks: deque[tuple[float, str]] = deque()
        self._unheard: deque[tuple[float, str, int]] = deque()

    def place(self, ids: Sequence[str], number: str, apart_s: float) -> None:
        begin = _now()
        placed = 0
        last = begin + len(ids) * apart_s + TALK_S + 4 * T1_S
        while self._over < len(ids) and (now := _now()) < last:
            while placed < len(ids) and begin + placed * apart_s <= now:
                self._met.behind_s = max(self._met.behind_s, now - begin - placed * apart_s)
                self._invite(ids[placed], number)
                placed += 1
                self._read()
            while self._talks and self._talks[0][0] <= now:
                self._bye(self._talks.popleft()[1])
            while self._unheard and self._unheard[0][0] <= now:
                _, call, cseq = self._unheard.popleft()
                self._met.late += self._calls[call].heard < cseq
            due = begin + placed * apart_s if placed < len(ids) else last
            if self._talks:
                due = min(due, self._talks[0][0])
            select.select([self._wire], [], [], max(0.0, due - _now()))
            self._read()
        self._met.late += sum(self._calls[call].heard < cseq for _, call, cseq in self._unheard)

    def _invite(self, call: str, number: str) -> None:
        caller = f"336{int(call) % 100_000_000:08}"
        text = INVITE.format(number=number, caller=caller, call=call, **self._names).encode()
        asking = self._calls[call] = _Call(number, caller, _now())
        self._wire.send(text)
        self._unheard.append((asking.sent_at + T1_S, call, 1))

    def _bye(self, call: str) -> None:
        self._in_call(call, "BYE", 2)
        self._unheard.append((_now() + T1_S, call, 2))

    def _in_call(self, call: str, method: str, cseq: int) -> None:
        in_it = self._calls[call]
        text = IN_CALL.format(
            method=method, cseq=cseq, number=in_it.number, caller=in_it.caller, to=in_it.to, call=call, **self._names
        )
        self._wire.send(text.encode())

    def _read(self) -> None:
        while True:
            try:
                data, extra, _, _ = self._wire.recvmsg(8192, SPACE)
            except BlockingIOError:
                return
            seconds, nanoseconds = struct.unpack("qq", extra[0][2])
            self._heard(data.decode(), seconds + nanoseconds / 1e9)

    def _heard(self, text: str, at: float) -> None:
        status = text[8:11]
        name = text.partition("\r\nCall-ID: ")[2].partition("@")[0]
        call = self._calls.get(name)
        if call is None:
            return
        invite = "\r\nCSeq: 1 " in text
        call.heard = max(call.heard, 1 if invite else 2)
        if status < "200":
            return
        if call.over if not invite else call.to:
            self._met.again += 1
        if invite:
            first = not call.to
            call.to = "To: " + text.partition("\r\nTo: ")[2].partition("\r\n")[0]
            self._in_call(name, "ACK", 1)
            if first and status == "200":
                self._met.delays_s.append(at - call.sent_at)
                self._talks.append((at + TALK_S, name))
            elif first:
                self._over += 1
        elif not call.over:
            call.over = True
            self._over += 1


def _now() -> float:
    # The clock of SO_TIMESTAMPNS.
    return time.clock_gettime(time.CLOCK_REALTIME)
