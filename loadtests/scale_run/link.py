"""A PABX's end of an AMI link: it answers orders as a real one does, with bytes made beforehand where it can."""

import asyncio
import re
from abc import ABC, abstractmethod
from collections import Counter
from typing import Final, cast

from ccrouter.clock import SystemClock
from scale_run.said import END, Said, events_in

NOW: Final = SystemClock().now
COUNT: Final = re.compile(r"GROUP_COUNT\((\w+)@ccrouter\)")
CONTACTS: Final = re.compile(r"PJSIP_(ENDPOINT|AOR|CONTACT)\(([^,]+),\w+\)")
COMMANDS: Final = (
    *("CoreSettings", "CoreStatus", "Getvar", "ListCommands", "Login", "Ping", "QueueStatus", "QueueWithdrawCaller"),
    *("Setvar", "Status"),
)
SAYS: Final = {
    "Login": {"Message": "Authentication accepted"},
    "CoreSettings": {"AMIversion": "11.0.0", "AsteriskVersion": "22.10.1"},
    "CoreStatus": {"CoreStartupDate": "2026-11-21", "CoreStartupTime": "21:39:57"},
    "ListCommands": dict.fromkeys(COMMANDS, "what it does  (Priv: <none>)"),
}
LISTINGS: Final = {"QueueStatus": "QueueStatusComplete", "Status": "StatusComplete"}


class Answers(ABC):
    """What a PABX answers; whoever derives from it has the listings.

    Attributes:
        key: what a request must bring along, as the router wrote it.
        events: how many were said since somebody set this to zero; those that nobody listened to do not count.
        withdrawn: orders to take a caller out, which a house whose load is steady never gets.

    """

    def __init__(self) -> None:
        self.key = b""
        self.events = 0
        self.withdrawn = 0
        self.at_sites: Counter[str] = Counter()
        self._globals: Said = {}
        self._links: dict[Link, None] = {}

    @abstractmethod
    def queue_rows(self) -> list[bytes]:
        """Return the rows of QueueStatus."""

    @abstractmethod
    def call_rows(self) -> list[bytes]:
        """Return the rows of Status."""

    def say(self, text: bytes) -> None:
        """Say events to whoever is logged in."""
        for link in self._links:
            link.write(text)
            self.events += events_in(text)

    def logged_in(self, link: "Link") -> None:
        """Have events said to a link from now on."""
        self._links[link] = None

    def lost(self, link: "Link") -> None:
        """Forget a link."""
        self._links.pop(link, None)

    def cut(self) -> None:
        """Break the links off."""
        for link in tuple(self._links):
            link.abort()

    def answer(self, order: dict[str, str]) -> bytes:
        """Return the answer to an order."""
        action, tail = order["Action"], f"\r\nActionID: {order['ActionID']}\r\n".encode()
        success = b"Response: Success" + tail
        if action in LISTINGS:
            rows = self.queue_rows() if action == "QueueStatus" else self.call_rows()
            told = (tail + b"\r\n").join([*rows, b""])
            end = b"Event: %b%bEventList: Complete\r\nListItems: %d" % (LISTINGS[action].encode(), tail, len(rows))
            return success + b"EventList: start\r\nMessage: will follow" + END + told + end + END
        fields = self._fields(action, order)
        if fields is None:
            return b"Response: Error" + tail + b"Message: Invalid/unknown command" + END
        return success + "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode() + b"\r\n"

    def _fields(self, action: str, order: dict[str, str]) -> dict[str, str] | None:
        if action == "Ping":
            return {"Ping": "Pong", "Timestamp": f"{NOW():.6f}"}
        if action == "Setvar":
            self._globals[order["Variable"].encode()] = order["Value"].encode()
            self.key = self._globals.get(b"CCROUTER_KEY", b"")
            return {"Message": "Variable Set"}
        if action == "Getvar":
            return {"Variable": order["Variable"], "Value": self._value(order["Variable"])}
        self.withdrawn += action == "QueueWithdrawCaller"
        return SAYS.get(action)

    def _value(self, name: str) -> str:
        if found := COUNT.fullmatch(name):
            return str(self.at_sites[found[1]])
        if found := CONTACTS.fullmatch(name):
            return {"ENDPOINT": found[2], "AOR": f"{found[2]};@1", "CONTACT": "Reachable"}[found[1]]
        return self._globals.get(name.encode(), b"").decode()


class Link(asyncio.Protocol):
    """One connection of a router."""

    def __init__(self, pabx: Answers) -> None:
        self._pabx = pabx
        self._unread = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(b"Asterisk Call Manager/11.0.0\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer orders."""
        *orders, self._unread = (self._unread + data).split(END)
        for each in orders:
            order = dict(line.partition(": ")[::2] for line in each.decode().split("\r\n"))
            self.write(self._pabx.answer(order))
            if order["Action"] == "Login":
                self._pabx.logged_in(self)
                self.write(b"Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: 2\r\nLastReload: 2\r\n")
                self.write(b"Status: Fully Booted" + END)

    def connection_lost(self, _: Exception | None) -> None:
        """Say nothing any more."""
        self._pabx.lost(self)

    def write(self, text: bytes) -> None:
        """Say something."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(text)

    def abort(self) -> None:
        """Break it off, as a killed process does."""
        if self._transport is not None:
            self._transport.abort()
