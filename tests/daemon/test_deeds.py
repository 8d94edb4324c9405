"""Deeds on their way into the audit journal: a disk that hangs or refuses holds up neither people nor other threads."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import capture_logs

from ccrouter.app import deeds as module
from ccrouter.app.deeds import Deeds
from ccrouter.errors import StoreError
from ccrouter.store.audit import Deed


class HungDisk:
    """A journal whose disk does not answer until it is freed."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.kept: list[Deed] = []

    def keep(self, deed: Deed) -> None:
        """Keep a deed, in the end."""
        self.free.wait()
        self.kept.append(deed)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[HungDisk]:
    """Give a disk that hangs, for people of little patience."""
    monkeypatch.setattr(module, "WITHIN_S", 0.05)
    disk = HungDisk()
    yield disk
    disk.free.set()


def deed(number: int) -> Deed:
    """Return one of many deeds."""
    return Deed(float(number), f"agent {number}", "position paused", "PJSIP/101", "lunch")


async def test_a_disk_that_hangs_takes_no_thread_that_others_need(disk: HungDisk) -> None:
    """Names of PABXs are looked up in the threads that all share: agents who go to lunch must not use them up."""
    deeds = Deeds(disk.keep, structlog.get_logger())
    async with asyncio.timeout(20):
        await asyncio.gather(*(deeds.note(deed(number)) for number in range(100)))
        await asyncio.get_running_loop().getaddrinfo("localhost", 80)
        assert disk.kept == []
        disk.free.set()
        await deeds.note(deed(100))
        while len(disk.kept) <= 100:
            await deeds.note(deed(101))
    assert disk.kept[:101] == [deed(number) for number in range(101)]


async def test_so_many_wait_for_a_disk_and_no_more(disk: HungDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left out is in the log, with who did it."""
    monkeypatch.setattr(module, "MOST", 2)
    deeds = Deeds(disk.keep, structlog.get_logger())
    with capture_logs() as told:
        async with asyncio.timeout(20):
            await asyncio.gather(*(deeds.note(deed(number)) for number in range(3)))
    assert [(line["event"], line["who"], line["error"]) for line in told] == [
        ("a deed is missing in the audit journal", "agent 2", "2 others wait for the disk")
    ]


@pytest.mark.parametrize("fault", [StoreError("no space left"), ZeroDivisionError()])
async def test_a_deed_that_can_not_be_kept_is_told(fault: Exception) -> None:
    """Whoever did it goes on; a fault of ours is told as well."""

    def refuse(_: Deed) -> None:
        raise fault

    with capture_logs() as told:
        await Deeds(refuse, structlog.get_logger()).note(deed(1))
    [line] = told
    assert "a deed is missing in the audit journal" in line["event"]
