"""What the PABX sends in one piece, taken in bit by bit: the event loop decides calls between two bits.

A thousand calls are a megabyte of listings, which takes a tenth of a second to read. An event loop may read all of it
in one go (uvloop does), and whoever calls meanwhile would wait for it.
"""

import asyncio
from collections.abc import Callable
from typing import Final

TURN_BYTES: Final = 16 * 1024
"""Taken in at once: some fifteen rows, a millisecond."""


class Turns:
    """Takes bytes as they arrive and gives them on in the same order, so many in each turn of the event loop.

    While some are left, nothing more is read from the PABX.

    Args:
        take: takes the bytes of one turn. If it raises, the connection is cut, for what came after is lost.

    """

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._left = b""
        self._at = 0

    def arrived(self, data: bytes, transport: asyncio.Transport) -> None:
        """Take in bytes that have arrived over this transport."""
        if self._left:  # a transport may still give what it had read when it was told to pause
            self._left += data
        elif len(data) <= TURN_BYTES:
            self._take(data)
        else:
            transport.pause_reading()
            self._left = data
            self._go_on(transport)

    def finish(self) -> None:
        """Take in at once what is left: nothing follows it, for the connection is gone."""
        left, at, self._left, self._at = self._left, self._at, b"", 0
        if left:
            self._take(left[at:])

    def _go_on(self, transport: asyncio.Transport) -> None:
        if not self._left:  # it was finished meanwhile
            return
        began, self._at = self._at, self._at + TURN_BYTES
        turn = self._left[began : self._at]
        if self._at < len(self._left):
            asyncio.get_running_loop().call_soon(self._go_on, transport)
        else:
            self._left, self._at = b"", 0
            if not transport.is_closing():
                transport.resume_reading()
        try:
            self._take(turn)
        except BaseException:
            self._left, self._at = b"", 0
            transport.abort()
            raise
