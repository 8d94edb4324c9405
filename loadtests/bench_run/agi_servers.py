"""FastAGI servers that answer a constant, each in a process of its own: `python -m bench_run.agi_servers WHICH LOOP`.

The minimal one is the least that any server on this event loop could do: it does not read what it was sent. The other
is panoramisk's own.
"""

import asyncio
import sys
from typing import Final, cast

import uvloop
from panoramisk.fast_agi import Application, Request

PLAN: Final = (
    "v1|d1|support|both|fr|position|0|&queue|paris|support|90"
    "&site|tunis|PJSIP/+21671000000@trunk-tunis|25|30&play|closed|ccrouter/closed"
)
ORDER: Final = f'SET VARIABLE CCROUTER_PLAN "{PLAN}"'
LINE: Final = f"{ORDER}\n".encode()


class Minimal(asyncio.Protocol):
    """Answers a constant."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._asked = False
        self._end = b""

    def data_received(self, data: bytes) -> None:
        """Answer the request, close at the reply."""
        if self._asked:
            self._transport.close()
            return
        self._end = (self._end + data)[-2:]  # Asterisk writes the empty line by itself
        if self._end == b"\n\n":
            self._asked = True
            self._transport.write(LINE)


async def minimal() -> asyncio.Server:
    """Start the minimal server."""
    return await asyncio.get_running_loop().create_server(Minimal, "127.0.0.1", 0, backlog=4096)


async def panoramisk() -> asyncio.Server:
    """Start panoramisk's."""

    async def route(request: Request) -> None:
        await request.send_command(ORDER)

    application = Application(loop=asyncio.get_running_loop())
    application.add_route("route", route)
    return await asyncio.start_server(application.handler, "127.0.0.1", 0, backlog=4096)


async def serve(which: str) -> None:
    """Serve until standard input ends; the port is told on standard output."""
    server = await {"minimal": minimal, "panoramisk": panoramisk}[which]()
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    await ended.wait()


if __name__ == "__main__":
    _, name, loop = sys.argv
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if loop == "uvloop" else None) as runner:
        runner.run(serve(name))
