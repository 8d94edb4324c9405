"""Sites that can be reached and ring for ever: one thread plays them all, and each can fall silent at once."""

import re
import selectors
import socket
import threading
from collections.abc import Iterable
from typing import Final, Self

from small_pabx import SITES_ADDRESS

COPIED: Final = ("via", "from", "to", "call-id", "cseq")
"""Lines of a request that its answer repeats (RFC 3261, 8.2.6)."""

LINE: Final = re.compile(r"^([A-Za-z-]+)\s*:(.*)$")


class QuietSites:
    """What listens at the far end of each trunk.

    Attributes:
        ports: of each site, on SITES_ADDRESS, by its name.
        silent: names of those that say nothing at all; may be changed at any time.

    """

    def __init__(self, names: Iterable[str]) -> None:
        """Listen for these sites."""
        self.silent: set[str] = set()
        self.ports: dict[str, int] = {}
        self._sockets = selectors.DefaultSelector()
        for name in names:
            each = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            each.bind((SITES_ADDRESS, 0))
            self.ports[name] = each.getsockname()[1]
            self._sockets.register(each, selectors.EVENT_READ, name)
        self._end, ours = socket.socketpair()
        self._sockets.register(ours, selectors.EVENT_READ, "")
        self._player = threading.Thread(target=self._play, daemon=True)
        self._player.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()
        self._player.join()
        for key in list(self._sockets.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._sockets.close()

    def _play(self) -> None:
        while True:
            for key, _ in self._sockets.select():
                if key.data == "" or not isinstance(key.fileobj, socket.socket):
                    return
                request, sender = key.fileobj.recvfrom(65536)
                if key.data not in self.silent:
                    for answer in answers(request.decode(errors="replace")):
                        key.fileobj.sendto(answer.encode(), sender)


def answers(request: str) -> list[str]:
    """Return what such a site says to a request."""
    method = request.partition(" ")[0]
    if method == "INVITE":
        return [_answer(request, "180 Ringing")]
    if method == "CANCEL":
        invite = request.replace(" CANCEL\r\n", " INVITE\r\n", 1)
        return [_answer(request, "200 OK"), _answer(invite, "487 Request Terminated")]
    return [] if method in {"ACK", "SIP/2.0"} else [_answer(request, "200 OK")]


def _answer(request: str, status: str) -> str:
    lines = [f"SIP/2.0 {status}"]
    for line in request.split("\r\n"):
        found = LINE.match(line)
        if found and found[1].lower() in COPIED:
            tagged = found[1].lower() == "to" and ";tag=" not in line
            lines.append(f"{line};tag=quiet" if tagged else line)
    return "\r\n".join([*lines, "Content-Length: 0", "", ""])
