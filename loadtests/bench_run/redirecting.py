"""What one would write with panoramisk alone: at a sign, redirect each caller of a queue elsewhere.

python -m bench_run.redirecting PORT USER SECRET
"""

import asyncio
import sys

from panoramisk import Manager
from panoramisk.message import Message

QUEUE = "redirected"
SIGN = "alarm"
"""A caller in this queue is the sign."""


def main() -> None:
    """Run until ended."""
    port, user, secret = sys.argv[1:]
    waiting: dict[str, str] = {}

    def joined(manager: Manager, event: Message) -> None:
        if event.Queue == QUEUE:
            waiting[event.Uniqueid] = event.Channel
        elif event.Queue == SIGN:
            for channel in waiting.values():
                manager.send_action(
                    {"Action": "Redirect", "Channel": channel, "Context": "moved", "Exten": "s", "Priority": "1"}
                )
            waiting.clear()

    def left(_manager: Manager, event: Message) -> None:
        waiting.pop(event.Uniqueid, None)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        manager = Manager(loop=loop, host="127.0.0.1", port=int(port), username=user, secret=secret)
        manager.register_event("QueueCallerJoin", joined)
        manager.register_event("QueueCallerLeave", left)
        await manager.connect()
        await asyncio.Event().wait()

    asyncio.run(run())


if __name__ == "__main__":
    main()
