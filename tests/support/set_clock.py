"""Runs `ccrouter` on a machine whose clock a test sets: the wall clock is ahead by the seconds in a file.

Used as a program: `python set_clock.py FILE run --settings ...`.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path


def ahead_by(file: Path, wall: Callable[[], float]) -> Callable[[], float]:
    """Return a wall clock that is ahead by what the file says, whenever it is asked."""
    return lambda: wall() + float(file.read_text() or 0)


if __name__ == "__main__":
    time.time = ahead_by(Path(sys.argv[1]), time.time)  # noqa: TID251 - before anything of ccrouter is imported
    from ccrouter.cli import main

    sys.exit(main(sys.argv[2:]))
