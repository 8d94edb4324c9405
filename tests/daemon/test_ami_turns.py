"""What arrives in one piece is taken in turn by turn, so that a listing holds nobody up."""

import asyncio
from itertools import pairwise
from typing import cast

import pytest

from ccrouter.ami.turns import TURN_BYTES, Turns


class Transport:
    """Notes when it is told to read, and to be closed."""

    def __init__(self) -> None:
        self.reads = asyncio.Event()
        self.reads.set()
        self.told: list[str] = []
        self.closed = False

    def pause_reading(self) -> None:
        """Read no more."""
        self.reads.clear()
        self.told.append("pause")

    def resume_reading(self) -> None:
        """Read again."""
        self.reads.set()
        self.told.append("resume")

    def is_closing(self) -> bool:
        """Tell whether it was aborted."""
        return self.closed

    def abort(self) -> None:
        """Close."""
        self.closed = True
        self.told.append("abort")


class Rig:
    """Turns, and what they gave on."""

    def __init__(self) -> None:
        self.transport = Transport()
        self.taken: list[bytes] = []
        self.turns = Turns(self.taken.append)

    def arrive(self, data: bytes) -> None:
        """Have bytes arrive."""
        self.turns.arrived(data, cast("asyncio.Transport", self.transport))

    async def settle(self) -> None:
        """Return when all has been taken in."""
        await self.transport.reads.wait()

    @property
    def whole(self) -> bytes:
        """Return all that was given on."""
        return b"".join(self.taken)


LARGE = bytes(range(256)) * (TURN_BYTES // 256) * 5 + b"the end"


def test_what_fits_in_a_turn_is_taken_in_at_once() -> None:
    """An event is not put off, and reading goes on."""
    rig = Rig()
    rig.arrive(LARGE[:TURN_BYTES])
    assert ([LARGE[:TURN_BYTES]], []) == (rig.taken, rig.transport.told)


async def test_a_large_piece_takes_several_turns_and_others_have_theirs_between() -> None:
    """Between two bits of a listing whoever else has something to do on the loop does it; nothing is lost or turned."""
    rig = Rig()
    seen: list[int] = []

    def another() -> None:
        seen.append(len(rig.taken))
        if not rig.transport.reads.is_set():
            asyncio.get_running_loop().call_soon(another)

    rig.arrive(LARGE)
    another()
    assert not rig.transport.reads.is_set()
    await rig.settle()
    assert rig.whole == LARGE
    assert max(map(len, rig.taken)) <= TURN_BYTES
    assert all(later - earlier <= 1 for earlier, later in pairwise(seen))
    assert rig.transport.told == ["pause", "resume"]


async def test_what_arrives_in_spite_of_the_pause_comes_after_what_is_left() -> None:
    """A transport may have read on before it was told to stop: the order of the stream is kept."""
    rig = Rig()
    rig.arrive(LARGE)
    rig.arrive(b"small")
    rig.arrive(LARGE)
    await rig.settle()
    assert rig.whole == LARGE + b"small" + LARGE


async def test_what_is_left_when_the_connection_is_lost_is_taken_in_before_that_is_told() -> None:
    """A call that ended just before the link was lost has ended; and it is told once."""
    rig = Rig()
    rig.arrive(LARGE)
    rig.turns.finish()
    assert rig.whole == LARGE
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert rig.whole == LARGE


async def test_a_turn_that_fails_cuts_the_connection() -> None:
    """What follows a fault can't be understood any more: the link begins anew, and all is read again."""
    transport = Transport()

    def fail(_: bytes) -> None:
        raise RuntimeError("a fault")

    turns = Turns(fail)
    with pytest.raises(RuntimeError):
        turns.arrived(LARGE, cast("asyncio.Transport", transport))
    assert transport.closed


async def test_after_a_fault_nothing_more_is_taken_in() -> None:
    """Neither in a later turn, nor when the connection is lost: that is told all the same."""
    transport = Transport()
    taken: list[bytes] = []

    def fail(turn: bytes) -> None:
        taken.append(turn)
        raise RuntimeError("a fault")

    turns = Turns(fail)
    with pytest.raises(RuntimeError):
        turns.arrived(LARGE, cast("asyncio.Transport", transport))
    await asyncio.sleep(0)
    turns.finish()
    assert taken == [LARGE[:TURN_BYTES]]
