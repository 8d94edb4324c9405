"""The text of the metrics, made in slices: the same as the library's, while all else has its turn."""

import asyncio

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from ccrouter.telemetry.text import MOST_SAMPLES, SLICE_S, text_of


def registry_of(series: int) -> CollectorRegistry:
    """Return a registry with a family of so many series, others, and an empty one."""
    registry = CollectorRegistry()
    many = Gauge("ccrouter_many", "Has a backslash \\ and\na new line.", ["name"], registry=registry)
    for n in range(series):
        many.labels(f'quoted "{n}" \\ \n').set(n / 3)
    Counter("ccrouter_calls_total", "Calls.", ["service"], registry=registry)
    Histogram("ccrouter_wait_seconds", "Waits.", registry=registry).observe(0.2)
    return registry


async def test_the_text_is_that_of_the_library() -> None:
    """However many samples a family has: each head stands once, before all of them."""
    for series in (0, 1, MOST_SAMPLES, MOST_SAMPLES + 1, 3 * MOST_SAMPLES):
        registry = registry_of(series)
        text, _ = await text_of(registry, lambda: 0.0)
        assert text == generate_latest(registry)


async def test_all_else_has_its_turn_after_each_slice() -> None:
    """By a clock that each look moves on by a slice, whoever waits comes again and again before the text is done."""
    at, turns = 0.0, 0

    def steady() -> float:
        nonlocal at
        at += SLICE_S
        return at

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        waits = tasks.create_task(other(), name="other")
        await asyncio.sleep(0)
        _, held_s = await text_of(registry_of(10 * MOST_SAMPLES), steady)
        waits.cancel()
    assert turns >= 10
    assert held_s >= 10 * SLICE_S
