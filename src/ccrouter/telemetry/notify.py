"""Tells systemd how the daemon is (sd_notify(3)): ready, reloading, alive, stopping. Does nothing elsewhere.

Sending never waits: a supervisor that hangs must not hold up a call, and a message that is lost does no harm.
"""

import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, Self

LOST_BEATS: Final = 3
"""Signs of life in the time that systemd allows, so that one or two may come late."""


class Supervisor:
    """The one who started the daemon, if it wants to be told.

    Attributes:
        beat_every_s: how often it wants a sign of life; None where it does not watch.

    """

    def __init__(self, environment: Mapping[str, str], pid: int) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        # `@` stands for the zero byte that begins an abstract address, which no variable can hold.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) if address else None
        if self._socket is not None:
            self._socket.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        self.beat_every_s = _beat_every_s(environment, pid)

    def ready(self) -> None:
        """Tell that calls are routed; also after a reload."""
        self._tell("READY=1")

    def beat(self) -> None:
        """Tell that the event loop runs."""
        self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """Tell that the daemon is about to end."""
        self._tell("STOPPING=1")

    def say(self, text: str) -> None:
        """Show a line in `systemctl status`."""
        self._tell(f"STATUS={' '.join(text.split())}")

    def _tell(self, message: str) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.sendto(message.encode(errors="replace"), self._address)

    def close(self) -> None:
        """Let go of the socket."""
        if self._socket is not None:
            self._socket.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the socket."""
        self.close()


def _beat_every_s(environment: Mapping[str, str], pid: int) -> float | None:
    """Return a part of the time that systemd allows, unless the watch is meant for another process."""
    if environment.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None
    allowed_us = environment.get("WATCHDOG_USEC", "")
    return int(allowed_us) / 1e6 / LOST_BEATS if allowed_us.isdecimal() and int(allowed_us) else None
