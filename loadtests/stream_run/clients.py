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
    """One that takes all that comes, with its instants; what it says is looked at when the calls are over."""

    def __init__(self, ask: bytes) -> None:
        self.came: list[tuple[float, bytes]] = []
        self.ended = False
        self._ask = ask

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(self._ask)

    def data_received(self, data: bytes) -> None:
        """Note it."""
        self.came.append((STEADY(), data))

    def connection_lost(self, _: Exception | None) -> None:
        """Note that it was ended."""
        self.ended = True

    def read(self, seen: dict[str, list[float]]) -> bytes:
        """Note when it was told of what, and return all that it was told."""
        head, unread = b"", b""
        told: list[bytes] = []
        unpacked = zlib.decompressobj(16 + zlib.MAX_WBITS)
        for at, data in self.came:
            packed = data
            if not told:
                head, end, packed = (head + data).partition(b"\r\n\r\n")
                if not end:
                    continue
            told.append(unpacked.decompress(packed))
            whole, _, unread = (unread + told[-1]).rpartition(b"\n")
            for kind, uniqueid in HAPPENED.findall(whole):
                seen.setdefault(f"{kind.decode()} {uniqueid.decode()}", []).append(at)
        return b"".join(told)


async def follow(port: int, token: str, count: int) -> tuple[dict[str, object], bytes]:
    """Follow the stream until stdin ends, and return what came, and all that came to the first client."""
    loop = asyncio.get_running_loop()
    head = f"GET /api/v1/stream HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
    ask = f"{head}Accept-Encoding: gzip\r\n\r\n".encode()
    began = STEADY()
    clients = [(await loop.create_connection(lambda: Client(ask), "127.0.0.1", port))[1] for _ in range(count)]
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect(("127.0.0.1", port))
    deaf.sendall(f"{head}\r\n".encode())
    connected = STEADY() - began
    await loop.run_in_executor(None, sys.stdin.read)
    deaf.close()
    ended = sum(client.ended for client in clients)
    seen: dict[str, list[float]] = {}
    texts = [client.read(seen) for client in clients]
    came = {
        "connected_s": round(connected, 3),
        "ended": ended,
        "bytes": sum(len(data) for client in clients for _, data in client.came),
        "seen": seen,
    }
    return came, texts[0]


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
