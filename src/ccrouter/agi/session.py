"""One call asks: request, decision, one order, its answer, and the end. No task, no await: each step is a callback.

A telephone that dialled the code of a mode asks in the same way; its answer comes later, for a switch is on disk before
it counts.

Whatever goes wrong here, and whenever there are too many calls, the connection is closed without a plan, and the
dialplan sees within a millisecond or two that its variable is unset and takes the plan that it keeps for that case.
"""

import socket
from math import inf
from typing import Final

from structlog.typing import FilteringBoundLogger

from ccrouter import contract
from ccrouter.agi.calls import CodeDialled, asks_for_mode, call_of, code_dialled, pabx_named, patience_s
from ccrouter.agi.desk import Desk, Made, Outcome
from ccrouter.agi.protocol import Exchange, Reply, Request
from ccrouter.agi.roll import ANSWER_S, Roll, has_sent
from ccrouter.agi.roll import silent_s as silent_of
from ccrouter.errors import PeerError
from ccrouter.routing.call import Call

READ_BYTES: Final = 8192
"""Many times a request: what is longer is read in pieces."""

NOW: Final = socket.MSG_DONTWAIT


class Session:
    """One connection, in the order of a call's way; `_end` takes effect once, whatever happens.

    Attributes:
        descriptor: of the connection, as long as it is open.
        due: when the peer's time for its next step is over, by the steady clock.
        over: it has ended, and the connection is closed.

    """

    __slots__ = (
        "_about",
        "_asked",
        "_awaits",
        "_began",
        "_call",
        "_connection",
        "_decision",
        "_desk",
        "_exchange",
        "_heard",
        "_roll",
        "_too_late",
        "descriptor",
        "due",
        "over",
    )

    def __init__(self, desk: Desk, roll: Roll, connection: socket.SocketType) -> None:
        self.descriptor = connection.fileno()
        self.over = False
        self._desk = desk
        self._roll = roll
        self._connection = connection
        self._about: Call | CodeDialled | None = None
        self._decision = ""
        self._exchange = Exchange()
        self._began = desk.clock.steady()
        self._asked = False
        self._awaits = "plan"
        self._call: Call | None = None
        self._too_late = inf
        self.due = self._began + desk.deadlines.begin_s
        self._heard = False

    def begin(self, silent_s: float) -> None:
        """Take a place and read what the peer sent `silent_s` ago, or turn the connection away."""
        if self._roll.enter(self):
            self.read(silent_s)
        elif self._roll.closed:
            self._end(Outcome.STOPPED)
        else:
            self._roll.turn_away(self._log)
            self._shed(Outcome.CROWDED)

    def read(self, silent_s: float | None = None) -> None:
        """Read what the peer has sent and act on it; `silent_s` is how long ago that was, where it is known."""
        try:
            data = self._connection.recv(READ_BYTES, NOW)
        except BlockingIOError:
            if not self._heard:
                self._roll.silent(self)
            return
        except OSError:  # a reset and an end are one to us
            data = b""
        try:
            if data:
                self._take(data, silent_s)
            else:
                self._end(Outcome.HUNG_UP if self._asked else Outcome.PROBED)
        except PeerError as error:
            self._log.warning("AGI refused", reason=str(error), uniqueid=self._exchange.uniqueid, peer=self._peer())
            self._end(Outcome.REFUSED)
        except Exception:  # noqa: BLE001 - a fault of ours with one connection must not cost the others
            self._log.exception("no plan from here: a FastAGI session failed")
            self._end(Outcome.FAILED)

    def _take(self, data: bytes, silent_s: float | None) -> None:
        """Look at all that has come before acting on it: a caller who is gone by now needs no decision."""
        if not self._heard:
            self._heard = True
            self.due = self._began + self._desk.deadlines.request_s
            self._roll.heard(self)
        exchange = self._exchange
        exchange.receive(data)
        request = None
        while (event := exchange.next_event()) is not None:
            if isinstance(event, Request):
                request = event
            elif isinstance(event, Reply):
                self._replied(event)
                return
            else:
                self._end(Outcome.HUNG_UP)
                return
        if request is not None:
            self._ask(request, silent_s)

    def _ask(self, request: Request, silent_s: float | None) -> None:
        desk = self._desk
        self._asked = True
        if not desk.lock.opens(request):
            desk.lock.refused(pabx_named(request, desk.pabxs), self._peer())
            self._end(Outcome.UNKEYED)
        elif asks_for_mode(request):
            self._switch(code_dialled(request, desk.pabxs))
        else:
            self._about = self._call = call_of(request, desk.pabxs)
            if request.mangled:
                self._log.info("bytes of the AGI request were no UTF-8 and were replaced")
            ago_s = silent_of(self._connection) if silent_s is None else silent_s
            waits_s = patience_s(request)
            self._too_late = desk.clock.steady() - ago_s + waits_s - ANSWER_S
            self._roll.ask(self, waits_s)

    def cut(self) -> None:
        """End now, for the server stops."""
        self._end(Outcome.STOPPED)

    def expire(self) -> None:
        """End, for the peer let the time in `due` pass."""
        if self.over:
            return
        if self._call is not None:
            self._shed(Outcome.LATE)
        elif self._awaits == "switch":
            self._log.error("a mode was not switched in time: its telephone hears that it failed")
            self._end(Outcome.FAILED)
        elif self._asked:
            self._log.warning(f"the PABX did not confirm the {self._awaits} in time")
            self._end(Outcome.UNCONFIRMED)
        else:
            self._log.warning("no whole AGI request in time", peer=self._peer())
            self._end(Outcome.SILENT)

    def decide(self) -> None:
        """Get the decision, unless the session is over or has waited for too long."""
        call, self._call = self._call, None
        if self.over or call is None:
            return
        desk = self._desk
        now = desk.clock.steady()
        if now > self._too_late:
            self._shed(Outcome.LATE)
            return
        self.due = now + desk.deadlines.reply_s
        try:
            decision = desk.decides.route(call)
            took_s = desk.clock.steady() - now
            self._decision = decision.id
            order = self._exchange.set_variable(contract.PLAN, decision.text)
        except Exception:  # noqa: BLE001 - whatever was wrong: this call gets no plan, and the next one is decided
            self._log.exception("no plan for this call: deciding failed", number=call.number)
            self._end(Outcome.FAILED)
            return
        self._write(order)
        self._roll.decided(Made(decision, took_s))

    @property
    def late(self) -> bool:
        """Tell whether it has waited for too long for a decision."""
        return self._desk.clock.steady() > self._too_late

    def push_out(self) -> None:
        """End without a decision, for the sake of calls that came later."""
        if not self.over:
            self._shed(Outcome.LATE if self.late else Outcome.PUSHED_OUT)

    def give_way(self) -> None:
        """End, for the peer has sent nothing and others find no place."""
        self._end(Outcome.SILENT)

    @property
    def speaks(self) -> bool:
        """Tell whether the peer has sent something, even if it was not read yet."""
        return self._heard or has_sent(self.descriptor)

    def _switch(self, code: CodeDialled) -> None:
        self._about = code
        self._awaits = "switch"
        self.due = self._desk.clock.steady() + self._desk.deadlines.switch_s
        self._desk.switches.dialled(code, self._switched)

    def _switched(self, answer: str) -> None:
        """Tell the telephone, if it still listens."""
        if self.over:
            return
        self._awaits = "answer"
        self.due = self._desk.clock.steady() + self._desk.deadlines.reply_s
        self._write(self._exchange.set_variable(contract.MODE, answer))

    def _write(self, order: bytes) -> None:
        """Send the one order of this connection: the kernel has room for many times that, if the peer is there."""
        try:
            sent = self._connection.send(order, NOW)
        except OSError:
            self._end(Outcome.HUNG_UP)
            return
        if sent != len(order):
            self._log.warning(f"the PABX did not take the {self._awaits}", bytes=sent)
            self._end(Outcome.UNCONFIRMED)

    def _replied(self, reply: Reply) -> None:
        if reply.code == 200 and reply.result == "1":
            self._end(Outcome.ANSWERED)
        elif reply.code == 511:
            self._end(Outcome.HUNG_UP)
        else:
            self._log.warning(f"the PABX did not take the {self._awaits}", code=reply.code, data=reply.data[:200])
            self._end(Outcome.UNCONFIRMED)

    def _shed(self, outcome: Outcome) -> None:
        self._roll.shed += 1
        self._end(outcome)

    def _end(self, outcome: Outcome) -> None:
        """Count the outcome and close without lingering: what the peer has not read by now, it does not need."""
        if self.over:
            return
        self.over = True
        self._roll.leave(self)
        self._connection.close()
        self._desk.watches.session_ended(outcome, self._desk.clock.steady() - self._began)

    @property
    def _log(self) -> FilteringBoundLogger:
        """Bound when it is needed: most calls leave no line here, and binding costs as much as reading a request."""
        about, names = self._about, {"decision": self._decision} if self._decision else {}
        if about is not None:
            names |= {"pabx": about.pabx, "uniqueid": about.uniqueid}
        return self._desk.log.bind(**names)

    def _peer(self) -> object:
        try:
            return self._connection.getpeername()
        except OSError:
            return None
