import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from ccrouter.app import collecting


class Knot:
    """Refers to itself, so that counting references never lets go of it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def alone() -> Iterator[None]:
    """Keep Python's own collector from looking meanwhile."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("alone")
async def test_garbage_is_let_go_of_while_no_call_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look waits for a moment without a call, and finds what only the collector can."""
    monkeypatch.setattr(collecting, "EVERY_S", 0.0)
    gone, asking = asyncio.Event(), iter([True, True, True])
    seen_by_calls: list[bool] = []

    def quiet() -> bool:
        asks = next(asking, False)
        if asks:
            seen_by_calls.append(gone.is_set())
        return not asks

    knot = weakref.ref(Knot(), lambda _: gone.set())
    looks = asyncio.get_running_loop().create_task(collecting.collect(quiet))
    async with asyncio.timeout(5):
        await gone.wait()
    looks.cancel()
    assert knot() is None
    assert seen_by_calls == [False, False, False]


@pytest.mark.usefixtures("alone")
async def test_garbage_is_let_go_of_beside_calls_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where calls ask at each moment, memory still does not grow for ever."""
    monkeypatch.setattr(collecting, "EVERY_S", 0.0)
    monkeypatch.setattr(collecting, "QUIET_WITHIN_S", 0.01)
    gone = asyncio.Event()
    knot = weakref.ref(Knot(), lambda _: gone.set())
    looks = asyncio.get_running_loop().create_task(collecting.collect(lambda: False))
    async with asyncio.timeout(5):
        await gone.wait()
    looks.cancel()
    assert knot() is None
