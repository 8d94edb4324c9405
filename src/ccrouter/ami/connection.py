"""One TCP connection to a PABX, on panoramisk 1.4, and the fence around it: nothing else imports panoramisk.

What is panoramisk's here: ids of actions, the table of those that wait for an answer, and their futures. What is not,
for each was seen to fail: framing and parsing (wire.py), callbacks, lists, pings, log-in, reconnection, closing.

A connection lives once. When it is lost every order without an answer fails, and nothing is ever sent again.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Self

from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from panoramisk.message import Message as PanoramiskMessage

from ccrouter.ami.turns import Turns
from ccrouter.ami.wire import A_RESPONSE, Framer, Message, encode
from ccrouter.errors import LinkError, PeerError

MAX_UNSENT: Final = 256 * 1024
"""Bytes that may wait to be sent; with more, the PABX does not read."""

SILENT: Final = logging.Logger("panoramisk", logging.CRITICAL + 1)  # noqa: LOG001 - outside the tree on purpose
"""Panoramisk logs whole orders, the password of the log-in among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a PABX is, and who we are there.

    Attributes:
        name: our name of it.
        username, secret: of the manager user.
        tls: how to check the PABX's certificate; None for a connection in clear.
        server_name: the name in that certificate, where it is not the host's.

    """

    name: str
    host: str
    port: int
    username: str
    secret: str = field(repr=False)
    tls: ssl.SSLContext | None = None
    server_name: str = ""


class Response(NamedTuple):
    """The answer to an order."""

    ok: bool
    fields: Mapping[str, str]

    @property
    def text(self) -> str:
        """Return what the PABX says about it."""
        return self.fields.get("Message", "")


class _Lines(AMIProtocol):  # type: ignore[misc] # panoramisk has no types
    """Panoramisk's protocol, without its framing, its callbacks and its closing."""

    def __init__(self, framer: Framer, connection: "Connection") -> None:
        self._framer = framer
        self._connection = connection
        self._turns = Turns(connection.take)
        self.responses: dict[str, Action] = {}  # panoramisk has none before a connection is made

    def send(self, action: Action, as_list: bool | None = None) -> asyncio.Future[PanoramiskMessage]:  # noqa: FBT001 - as in panoramisk
        """Register an action and write it."""
        data = encode(dict(action.items()))
        action.as_list = as_list
        self.responses[action.id] = action
        self.transport.write(data)
        return action.future  # type: ignore[no-any-return] # panoramisk has no types

    def data_received(self, data: bytes) -> None:
        """Take in bytes as they come."""
        self._turns.arrived(data, self.transport)

    def settle(self, message: Message) -> bool:
        """Give a response to the action that waits for it; tell whether one does."""
        if message.fields.get("ActionID") not in self.responses:
            return False
        self.handle_message(PanoramiskMessage(message.fields))
        return True

    def forget(self, action: Action) -> None:
        """Stop waiting for an answer."""
        self.responses.pop(action.id, None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that the connection is gone."""
        try:
            self._turns.finish()
        finally:
            self._connection.close(f"the PABX closed the connection{f' ({exc})' if exc else ''}")

    def close(self) -> None:
        """Do nothing: panoramisk's own would queue what had no answer, to send it again."""


class Pending:
    """An order that was written; its answer is awaited once."""

    def __init__(self, action: Action, lines: _Lines) -> None:
        self.id = str(action.id)
        self._action = action
        self._lines = lines

    async def response(self, within_s: float) -> Response:
        """Return the answer, or stop waiting for it.

        Raises:
            LinkError: it did not come in time, or the connection was lost. The order may have been carried out.

        """
        try:
            async with asyncio.timeout(within_s):
                message = await self._action.future
        except TimeoutError:
            raise LinkError(f"no answer to {self._action['Action']} within {within_s:g} s") from None
        finally:
            self.forget()
        return Response(message.success, dict(message.items()))

    def forget(self) -> None:
        """Wait no more; an answer that still comes is nobody's."""
        self._lines.forget(self._action)


class Connection:
    """A connection, from its greeting to its loss.

    Attributes:
        received: bytes that arrived so far.

    """

    def __init__(self, wanted: Collection[str], hear: Callable[[Message], None]) -> None:
        self.received = 0
        self._framer = Framer(wanted)
        self._hear = hear
        self._lines = _Lines(self._framer, self)
        self._manager = Manager(loop=asyncio.get_running_loop(), log=SILENT)
        self._greeted = asyncio.Event()
        self._lost = asyncio.Event()
        self._reason = ""

    @classmethod
    async def open(
        cls, address: Address, wanted: Collection[str], hear: Callable[[Message], None], within_s: float
    ) -> Self:
        """Connect, and wait for the greeting.

        Args:
            address: where to.
            wanted: names of the events to hear; all others are dropped unread.
            hear: takes each of these, each piece of garbage, and each response that nobody waits for (any more), in the
                order of the stream. Must not raise.
            within_s: time for all of it.

        Raises:
            LinkError: it is not reachable, or no AMI.

        """
        self = cls(wanted, hear)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(within_s):
                made = await loop.create_connection(
                    lambda: self._lines,
                    address.host,
                    address.port,
                    ssl=address.tls,
                    server_hostname=address.server_name or None,
                )
                self._hand_over(made)
                await self._greeted.wait()
        except TimeoutError:
            self.close("it took too long")
            raise LinkError(f"no greeting from {address.host}:{address.port} within {within_s:g} s") from None
        except (OSError, UnicodeError) as error:
            # UnicodeError: a host name that can't be looked up.
            raise LinkError(f"can't reach {address.host}:{address.port}: {error}") from error
        except BaseException:
            self.close("given up")
            raise
        self.check()
        return self

    @property
    def pending(self) -> int:
        """Return how many orders have no answer yet."""
        return len(self._lines.responses)

    def send(self, action: str, fields: Mapping[str, str]) -> Pending:
        """Write an order.

        Raises:
            LinkError: the connection is lost, or the PABX does not read. The order was not sent.
            ValueError: the order can't be sent, see wire.encode.

        """
        self.check()
        if self._lines.transport.get_write_buffer_size() > MAX_UNSENT:
            raise LinkError("the PABX does not read what it is sent")
        order = Action({"Action": action, **fields})
        # as_list=False: panoramisk's own guess of which answers are lists hangs on QueueAdd and raises on Originate.
        self._manager.send_action(order, as_list=False)
        return Pending(order, self._lines)

    async def ask(self, action: str, fields: Mapping[str, str], within_s: float) -> Response:
        """Write an order and return its answer; raises as send and Pending.response do."""
        return await self.send(action, fields).response(within_s)

    def check(self) -> None:
        """Raise LinkError where the connection is lost."""
        if self._reason:
            raise LinkError(self._reason)

    async def lost(self) -> str:
        """Wait until the connection is lost, and return the reason."""
        await self._lost.wait()
        return self._reason

    def close(self, reason: str) -> None:
        """Cut the connection at once; every order without an answer fails with this reason."""
        if self._reason:
            return
        self._reason = reason
        self._lost.set()
        self._greeted.set()
        transport = getattr(self._lines, "transport", None)
        if transport is None:
            return
        transport.abort()
        for action in self._lines.responses.values():
            if not action.future.done():
                action.future.set_exception(LinkError(reason))
        self._lines.responses.clear()

    def take(self, data: bytes) -> None:
        """Take in bytes as they come."""
        self.received += len(data)
        try:
            for message in self._framer.feed(data):
                if self._reason:
                    return
                # An event is heard even where it carries the id of an order.
                if message.kind is not A_RESPONSE or not self._lines.settle(message):
                    self._hear(message)
        except PeerError as error:
            self.close(str(error))
        if self._framer.version:
            self._greeted.set()

    def _hand_over(self, made: tuple[asyncio.BaseTransport, asyncio.BaseProtocol]) -> None:
        """Let panoramisk have a connection that is made: its own way to make one never stops trying."""
        future: asyncio.Future[tuple[asyncio.BaseTransport, asyncio.BaseProtocol]] = asyncio.Future()
        future.set_result(made)
        self._manager.connection_made(future)
        # Panoramisk's pings are sent without a look at what becomes of them.
        self._manager.pinger.cancel()
        self._manager.pinger = None
