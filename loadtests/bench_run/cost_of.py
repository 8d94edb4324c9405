"""Runs a command and prints what it cost, as JSON: a small process of its own.

The kernel counts the memory of a process from its fork on, when it still has that of the one that started it.
"""

import json
import os
import sys
import threading
import time

LIMIT_S = 60.0


def main() -> None:
    """Run the command; its output goes to a file in the working folder."""
    with open("output", "wb") as output:  # noqa: PTH123 - what is imported here counts
        began = time.perf_counter()
        pid = os.posix_spawnp(
            sys.argv[1],
            sys.argv[1:],
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, output.fileno(), number) for number in (1, 2)],
        )
        stop = threading.Timer(LIMIT_S, os.kill, (pid, 9))
        stop.start()
        _, status, usage = os.wait4(pid, 0)
        stop.cancel()
    told = {
        "seconds": time.perf_counter() - began,
        "cpu": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss / 1024,
        "status": os.waitstatus_to_exitcode(status),
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
