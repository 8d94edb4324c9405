"""A script as one writes it with panoramisk: log in, read the lists of queues and channels, say how many rows came."""

import asyncio
import sys

from panoramisk import Manager

from ccrouter.contract import CALL_VARIABLES


async def main(port: int, secret: str) -> None:
    """Read both lists."""
    logged_in = asyncio.Event()
    manager = Manager(
        loop=asyncio.get_running_loop(),
        host="127.0.0.1",
        port=port,
        username="ccrouter",
        secret=secret,
        on_login=lambda _: logged_in.set(),
    )
    await manager.connect()
    await logged_in.wait()
    queues = await manager.send_action({"Action": "QueueStatus"})
    channels = await manager.send_action({"Action": "Status", "Variables": ",".join(CALL_VARIABLES)})
    waiting = sum(message.event == "QueueEntry" for message in queues)
    callers = sum(message.event == "Status" for message in channels)
    sys.stdout.write(f"{waiting} {callers}\n")
    manager.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
