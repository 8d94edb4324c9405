"""A second pair of ears on the PABX's AMI, for tests: independent of the router's own link."""

import socket
import threading
from collections.abc import Callable, Mapping
from typing import Final, Self

from ccrouter.clock import SystemClock

Event = Mapping[str, str]

ENDS: Final = b"\r\n\r\n"


class ListenerError(Exception):
    """What was waited for did not come; the text tells what came."""


class Listener:
    """One AMI session whose events are read by a thread and kept in order, with the instants when they came."""

    def __init__(self, port: int, user: str, secret: str) -> None:
        """Log in.

        Raises:
            ListenerError: the PABX refused.

        """
        self.events: list[Event] = []
        self.came_at: list[float] = []
        self._clock = SystemClock()
        self.raw: list[str] = []
        self._news = threading.Condition()
        self._actions = 0
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._socket.settimeout(None)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        answer = self.ask("Login", Username=user, Secret=secret)
        if answer["Response"] != "Success":
            raise ListenerError(f"login refused: {answer['Message']}")

    def send(self, action: str, **headers: str) -> str:
        """Send an action and return its id; a comma-separated `Variables` and the like are one header each."""
        self._actions += 1
        name = f"test-{self._actions}"
        lines = [f"Action: {action}", f"ActionID: {name}", *(f"{key}: {value}" for key, value in headers.items())]
        self._socket.sendall("\r\n".join(lines).encode() + ENDS)
        return name

    def ask(self, action: str, **headers: str) -> Event:
        """Send an action and return its answer."""
        since = len(self.events)
        name = self.send(action, **headers)
        return self.wait_for(lambda event: event.get("ActionID") == name and "Response" in event, since=since)

    def listed(self, action: str, **headers: str) -> list[Event]:
        """Send an action that lists, and return the events of the list without the one that ends it."""
        since = len(self.events)
        name = self.send(action, **headers)
        self.wait_for(lambda event: event.get("ActionID") == name and event.get("EventList") == "Complete", since=since)
        found = [event for event in self.events[since:] if event.get("ActionID") == name and "Event" in event]
        return found[:-1]

    def wait_for(self, wanted: Callable[[Event], bool], within_s: float = 20, count: int = 1, since: int = 0) -> Event:
        """Return the `count`th event that is wanted, waiting for it where it has not come yet.

        Counted from the beginning, or from the event with the index `since`.

        Raises:
            ListenerError: it did not come in time.

        """
        met: list[Event] = []
        checked = since

        def come() -> bool:
            nonlocal checked
            met.extend(event for event in self.events[checked:] if wanted(event))
            checked = len(self.events)
            return len(met) >= count

        with self._news:
            if not self._news.wait_for(come, within_s):
                tail = "\n".join(str(event) for event in self.events[-10:])
                raise ListenerError(f"{len(met)} of {count} came within {within_s} s; the last events:\n{tail}")
        return met[count - 1]

    def close(self) -> None:
        """Leave."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _received(self) -> bytes:
        try:
            return self._socket.recv(65536)
        except ConnectionResetError:
            # We left while the PABX had more to say.
            return b""

    def _read(self) -> None:
        unread = b""
        while chunk := self._received():
            unread += chunk
            *blocks, unread = unread.split(ENDS)
            for block in blocks:
                text = block.decode(errors="replace")
                event = dict(line.partition(": ")[::2] for line in text.split("\r\n"))
                with self._news:
                    self.raw.append(text)
                    self.came_at.append(self._clock.now())
                    self.events.append(event)
                    self._news.notify_all()
