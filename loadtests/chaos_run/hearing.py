"""What the PABX told of each call: a second pair of ears on its AMI, which keeps only what the accounts ask for."""

import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Self

from small_pabx import SmallPabx

ENDS: Final = b"\r\n\r\n"
AGAIN_S: Final = 0.2


@dataclass(slots=True)
class Course:
    """What the PABX told of one caller's call.

    Attributes:
        entry: which plan it went by: routed, fallback, stored or static; empty when its end was not heard.
        decision: id of the decision that gave its first step.
        steps: each as `kind target`, at its end with ` -> result cause`.

    """

    entry: str = ""
    decision: str = ""
    steps: list[str] = field(default_factory=list)


class Hearing:
    """Listens until it is closed, over restarts of the PABX.

    Attributes:
        courses: by the caller's number.

    """

    def __init__(self, pabx: SmallPabx) -> None:
        self.courses: dict[str, Course] = {}
        self._pabx = pabx
        self._closed = threading.Event()
        self._logged_in = threading.Event()
        self._socket: socket.socket | None = None
        self._reader = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._reader.start()
        self._logged_in.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        with suppress(OSError, AttributeError):
            self._socket.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr] # suppressed
        self._reader.join()

    def _listen(self) -> None:
        while not self._closed.is_set():
            with suppress(OSError):
                self._socket = socket.create_connection(("127.0.0.1", self._pabx.ami_port), timeout=5)
                self._socket.settimeout(None)
                login = f"Action: Login\r\nUsername: ccrouter\r\nSecret: {self._pabx.ami_secret}\r\n\r\n"
                self._socket.sendall(login.encode())
                self._logged_in.set()
                self._read(self._socket)
            self._closed.wait(AGAIN_S)

    def _read(self, link: socket.socket) -> None:
        unread = b""
        while chunk := link.recv(65536):
            *blocks, unread = (unread + chunk).split(ENDS)
            for block in blocks:
                if b"UserEvent: CCRouter" in block:
                    text = block.decode(errors="replace")
                    self._take(dict(line.partition(": ")[::2] for line in text.split("\r\n")))

    def _take(self, event: Mapping[str, str]) -> None:
        course = self.courses.setdefault(event.get("CallerIDNum", ""), Course())
        match event.get("UserEvent"), event.get("Phase"):
            case "CCRouterStep", "begin":
                course.steps.append(f"{event['Kind']} {event['Target']}")
                course.decision = course.decision or event["Decision"]
            case "CCRouterStep", "end" if course.steps:
                course.steps[-1] += f" -> {event['Result']} {event['Cause']}"
            case "CCRouterEnd", _:
                course.entry = event["Entry"]
