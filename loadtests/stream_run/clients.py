"""The clients of the stream, in a process of their own: they note when each event about a call reached each of them.

One more never reads. Begins with a line on stdin, ends with its end, and prints what came as JSON.
"""

import asyncio
import json
import os
import re
import socket
import sys
import zlib
from pathlib import Path
from typing import Final

from ccrouter.clock import SystemClock

NICE: Final = 10
"""Screens have machines of their own: here they only get what time the house leaves."""

HAPPENED: Final = re.compile(rb'"kind":"(\w+)","at":[\d.]+,"pabx":"[^"]*","uniqueid":"([\d.]+)"')
STEADY: Final = SystemClock().steady


class Client(asyncio.Protocol):
    """One that reads all that comes, as a browser does; `text` keeps it, where it is asked to."""

    def __init__(self, ask: bytes, seen: dict[str, list[float]], text: list[bytes] | None) -> None:
        self.bytes = 0
        self.ended = False
        self._ask = ask
        self._seen = seen
        self._text = text
        self._head: bytes | None = b""
        self._unpacked = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(self._ask)

    def data_received(self, data: bytes) -> None:
        """Note what it tells, and when."""
        now = STEADY()
        self.bytes += len(data)
        if self._head is not None:
            self._head, end, data = (self._head + data).partition(b"\r\n\r\n")
            if not end:
                return
            self._head = None
        text = self._unpacked.decompress(data)
        if self._text is not None:
            self._text.append(text)
        whole, end, self._unread = (self._unread + text).rpartition(b"\n")
        for kind, uniqueid in HAPPENED.findall(whole):
            self._seen.setdefault(f"{kind.decode()} {uniqueid.decode()}", []).append(now)

    def connection_lost(self, _: Exception | None) -> None:
        """Note that it was ended."""
        self.ended = True


async def follow(port: int, token: str, count: int) -> tuple[dict[str, object], bytes]:
    """Follow the stream until stdin ends, and return what came, and all that came to the first client."""
    loop = asyncio.get_running_loop()
    head = f"GET /api/v1/stream HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
    ask = f"{head}Accept-Encoding: gzip\r\n\r\n".encode()
    seen: dict[str, list[float]] = {}
    kept: list[bytes] = []
    clients = []
    began = STEADY()
    for number in range(count):
        keep = None if number else kept
        _, client = await loop.create_connection(lambda keep=keep: Client(ask, seen, keep), "127.0.0.1", port)  # type: ignore[misc]
        clients.append(client)
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect(("127.0.0.1", port))
    deaf.sendall(f"{head}\r\n".encode())
    connected = STEADY() - began
    await loop.run_in_executor(None, sys.stdin.read)
    deaf.close()
    came = {
        "connected_s": round(connected, 3),
        "ended": sum(client.ended for client in clients),
        "bytes": sum(client.bytes for client in clients),
        "seen": seen,
    }
    return came, b"".join(kept)


def main() -> None:
    """Follow, and print what came."""
    os.nice(NICE)
    port, token, count, raw = sys.argv[1:]
    sys.stdin.readline()
    came, bare = asyncio.run(follow(int(port), token, int(count)))
    Path(raw).write_bytes(bare)
    sys.stdout.write(json.dumps(came))


if __name__ == "__main__":
    main()
