"""Puts the wall clock of the Python that has this on its path off, by the seconds in the file CCROUTER_OFF_CLOCK.

The file is read at each look, so that the clock can step at any time. The monotonic clock goes as it should, as where a
machine's clock is set. libfaketime is no way: it makes Python's own waits for a time fail.
"""

import os
import time

_wall = time.time  # noqa: TID251 - the clock that is put off
_path = os.environ["CCROUTER_OFF_CLOCK"]


def _off() -> float:
    with open(_path) as file:  # noqa: PTH123 - at each look, and this costs least
        return _wall() + float(file.read() or 0)


time.time = _off  # noqa: TID251 - and this is it
