"""What people ask to see holds up nothing that steers calls."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from ccrouter.app.questions import MOST, Questions
from ccrouter.errors import StoreError
from ccrouter.web.orders import BusyError


@pytest.fixture
def disk() -> Iterator[threading.Event]:
    """Return what a hung disk waits for: it answers in the end, so that no thread outlives the test."""
    answers = threading.Event()
    yield answers
    answers.set()


async def test_however_many_ask_a_thread_is_left_for_others(disk: threading.Event) -> None:
    """A disk that hangs and a hundred who ask it: a switch of a mode finds a thread at once; the rest hear why."""
    questions = Questions()
    asked = asyncio.gather(*(questions.ask(disk.wait) for _ in range(100)), return_exceptions=True)
    async with asyncio.timeout(5):
        assert await asyncio.to_thread(lambda: "switched") == "switched"
    disk.set()
    answers = await asked
    assert answers.count(True) == MOST
    refused = [each for each in answers if isinstance(each, BusyError)]
    assert len(refused) == 100 - MOST
    assert "ask again in a moment, or look at the disk" in str(refused[0])
    assert await questions.ask(lambda: "again") == "again"


async def test_what_can_not_be_read_is_told_and_takes_no_place() -> None:
    """A question that fails makes room for the next as well."""

    def fails() -> None:
        raise StoreError("it can't be read")

    questions = Questions()
    for _ in range(MOST + 1):
        with pytest.raises(StoreError, match="it can't be read"):
            await questions.ask(fails)


async def test_who_gives_up_makes_room(disk: threading.Event) -> None:
    """Questions that are taken back before their turn are never put."""
    questions, put = Questions(), list[int]()
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(questions.ask(disk.wait))
        given_up = [tasks.create_task(questions.ask(lambda: put.append(1))) for _ in range(MOST - 1)]
        await asyncio.sleep(0)
        for each in given_up:
            each.cancel()
        await asyncio.wait(given_up)
        last = tasks.create_task(questions.ask(lambda: "last"))
        disk.set()
    assert (first.result(), last.result(), put) == (True, "last", [])
