"""An AMI session of its own, in a process of its own: it notes when the PABX told of each call, until stdin ends."""

import json
import re
import socket
import sys
import threading
from typing import Final

from ccrouter.clock import SystemClock

STEADY: Final = SystemClock().steady
ENDS: Final = b"\r\n\r\n"
UNIQUEID: Final = re.compile(rb"\r\nUniqueid: ([\d.]+)\r\n")
KINDS: Final = (
    (b"UserEvent: CCRouterEnd\r\n", "ended"),
    (b"Event: AgentConnect\r\n", "answered"),
)
"""Events of the PABX that come once for a call, and the word by which the stream tells them."""


def listen(link: socket.socket, told: dict[str, float]) -> None:
    """Note events as they come, the first of each kind for each call, until the link is closed."""
    unread = b""
    while chunk := link.recv(65536):
        now = STEADY()
        *blocks, unread = (unread + chunk).split(ENDS)
        for block in blocks:
            kind = next((word for sign, word in KINDS if sign in block + b"\r\n"), None)
            found = UNIQUEID.search(block)
            if kind is not None and found is not None:
                told.setdefault(f"{kind} {found[1].decode()}", now)


def main() -> None:
    """Listen, and print what came."""
    port, secret = sys.argv[1:]
    link = socket.create_connection(("127.0.0.1", int(port)))
    link.sendall(f"Action: Login\r\nUsername: ccrouter\r\nSecret: {secret}\r\n\r\n".encode())
    told: dict[str, float] = {}
    reader = threading.Thread(target=listen, args=(link, told), daemon=True)
    reader.start()
    sys.stdin.read()
    link.shutdown(socket.SHUT_RDWR)
    reader.join()
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
