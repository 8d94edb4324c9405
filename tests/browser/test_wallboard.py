"""The wallboard of a house with real calls: what it shows and when, what it switches, and a daemon that is cut off."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from statistics import median, quantiles
from typing import Final

import pytest
from playwright.async_api import Page, expect

from ccrouter.clock import SystemClock
from ccrouter.config.tokens import hash_of, new_token
from support.browser import Opens, live, looks
from support.real_house import HousePlan, RealHouse, real_house

pytestmark = pytest.mark.asyncio(loop_scope="session")

SUPPORT: Final = "0800100200"
ROUTING: Final = f"""
timezone: Europe/Paris
modes: [crisis]
sites:
  paris: {{in_house: {{queue: support, max_wait: 60s}}}}
  tunis: {{external: {{dial: PJSIP/1@trunk-tunis, answer_within: 5s, max_calls: 4}}}}
  backup: {{external: {{dial: PJSIP/1@trunk-backup, answer_within: 5s, max_calls: 30}}}}
messages: {{busy: {{play: tt-allbusy}}}}
numbers:
  "{SUPPORT}": {{service: after-sales, label: After-sales}}
services:
  after-sales:
    service_level: {{answered_within: 5s, target: 80%}}
    rules:
      - {{name: crisis, when: {{mode: crisis}}, to: [backup, busy]}}
      - {{name: peak, when: {{waiting: {{queue: support, at_least: 3, until_below: 1}}}}, to: [tunis, paris, busy]}}
    otherwise: [paris, busy]
"""

TOKENS: Final = {role: new_token() for role in ("read", "switch")}
PLAN: Final = HousePlan(
    routing=ROUTING,
    sites={"tunis": {"answer_ms": 50, "talk_ms": 1500}, "backup": {"answer_ms": 50, "talk_ms": 500}},
    queues=("support",),
    positions=4,
    ring_s=5,
    tokens="tokens:\n" + "".join(f"  {role}: {{role: {role}, sha256: {hash_of(TOKENS[role])}}}\n" for role in TOKENS),
)

FOLLOWS_WITHIN_S: Final = 1.0
"""19 of 20 changes, each with a real Asterisk, its telephones and a browser on the same cores."""

TOLD_WITHIN_S: Final = 3.0
"""Every change, and that the picture is old."""

CUT: Final = ("net::ERR_",)
"""What a browser says by itself of a server that is gone."""

CHANGES: Final[Mapping[str, int]] = {"QueueCallerJoin": 1, "QueueCallerLeave": -1}

Seen = Sequence[tuple[float, str]]


@pytest.fixture(scope="module")
def shared_house() -> Iterator[RealHouse]:
    """One house for all tests."""
    with real_house(22, PLAN) as house:
        yield house


@pytest.fixture
def house(shared_house: RealHouse) -> Iterator[RealHouse]:
    """Give the house, in which nobody calls."""
    yield shared_house
    shared_house.tidy_up()


def address(house: RealHouse, role: str) -> str:
    """Return the address of the wallboard, with a token."""
    return f"http://127.0.0.1:{house.daemon.http_port}/#token={TOKENS[role]}"


async def waiting(page: Page, count: int) -> None:
    """Wait until so many wait by the page."""
    await expect(page.locator("td.waiting")).to_have_text(str(count))


def delays(told: Sequence[tuple[float, str]], seen: Seen) -> list[float]:
    """Return how long after each change that the PABX told the page showed it, or a later one."""
    ends = [when for when, _ in seen[1:]] + [float("inf")]
    shown = []
    for at, value in told:
        spans = [(begin, end) for (begin, text), end in zip(seen, ends, strict=True) if text == value and end > at]
        shown.append(max(at, spans[0][0]) if spans else float("inf"))
    return [min(shown[place:]) - at for place, (at, _) in enumerate(told)]


def late(found: Sequence[float]) -> float:
    """Return what 19 of 20 delays are at the most."""
    return quantiles(found, n=20, method="inclusive")[-1] if len(found) > 1 else found[0]


def told_of(found: Sequence[float]) -> str:
    """Return the distribution of delays in words."""
    each = {"in the median": median(found), "for 19 of 20": late(found), "at most": max(found)}
    return f"{len(found)} changes, " + ", ".join(f"{1000 * delay:.0f} ms {which}" for which, delay in each.items())


async def test_a_peak_and_its_overflow_are_followed_within_a_second(
    house: RealHouse, open_page: Opens, figure: Callable[[str], None]
) -> None:
    """Each change of who waits, and each answer by a position, from the PABX's own event to the page."""
    await asyncio.to_thread(house.sit_down, "support", 2, answer_ms=100, talk_ms=1200)
    page = await open_page(address(house, "read"))
    await live(page)
    await waiting(page, 0)
    watched = {name: [f'.tile[title^="PJSIP/{name}"]', "data-state"] for name in ("agent1", "agent2")}
    await looks(page, "record", {"waiting": ["td.waiting"], **watched})
    since = len(house.listener.events)
    calls = house.calls(SUPPORT, 14)
    callers = await asyncio.to_thread(house.start, calls, per_s=3)
    await asyncio.to_thread(callers.wait, 60)
    await waiting(page, 0)
    await expect(page.locator(".tile[data-state=talking]")).to_have_count(0)
    seen: dict[str, Seen] = await page.evaluate("window.history_of")
    events = list(zip(house.listener.came_at[since:], house.listener.events[since:], strict=True))
    steps = [(at, CHANGES[event["Event"]]) for at, event in events if event.get("Event") in CHANGES]
    counts = list(accumulate(step for _, step in steps))
    found = delays([(at, str(count)) for (at, _), count in zip(steps, counts, strict=True)], seen["waiting"])
    assert max(counts) >= 3
    answers = []
    for name in watched:
        talks = [
            (at, "talking")
            for at, event in events
            if event.get("Event") == "AgentConnect" and event["Interface"] == f"PJSIP/{name}"
        ]
        answers += delays(talks, seen[name])
    figure(f"waiting: {told_of(found)}")
    figure(f"talking: {told_of(answers)}")
    assert max([*found, *answers]) <= TOLD_WITHIN_S
    assert late([*found, *answers]) <= FOLLOWS_WITHIN_S
    takers = [taker for takers in house.takers(calls) for taker in takers]
    assert {"support", "tunis"} == set(takers)
    overflow = page.locator("#decisions li").filter(has_text="rule peak")
    await expect(overflow.first).to_contain_text("After-sales → tunis")
    await expect(overflow.first).to_contain_text("waiting: support")
    outside = page.locator("td.count").nth(2)
    await expect(outside).to_have_text(str(takers.count("tunis")))
    await expect(page.locator("td.count").nth(1)).to_have_text(str(takers.count("support")))
    await expect(page.get_by_role("img", name=f"{takers.count('tunis')} outside")).to_be_visible()


async def test_a_mode_is_switched_with_the_keyboard_and_the_next_call_goes_elsewhere(
    house: RealHouse, open_page: Opens
) -> None:
    """What it changes is told before it is confirmed; a call after it goes there; the history names the token."""
    page = await open_page(address(house, "switch"))
    await live(page)
    button = page.get_by_role("button", name="Switch a mode")
    for _ in range(10):
        await page.keyboard.press("Tab")
        if await button.evaluate("(node) => node === document.activeElement"):
            break
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Switch a mode")
    await expect(dialog.get_by_role("radio", name="crisis")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.type("flooded")
    await page.keyboard.press("Tab")
    await page.keyboard.press("ArrowDown")
    await expect(dialog.get_by_role("radio", name="in 30 minutes")).to_be_checked()
    await page.keyboard.press("Enter")
    sure = page.get_by_role("dialog", name="Switch crisis on?")
    await expect(sure.get_by_role("listitem").first).to_have_text(
        "After-sales: to backup, busy instead of paris, busy (rule crisis)"
    )
    await expect(sure).to_contain_text("flooded")
    button = sure.get_by_role("button", name="Switch on")
    for _ in range(3):
        await page.keyboard.press("Tab")
        if await button.evaluate("(node) => node === document.activeElement"):
            break
    await page.keyboard.press("Enter")
    await expect(sure).to_be_hidden()
    await expect(page.locator("#modes li")).to_contain_text("crisis")
    await expect(page.locator("#modes li .left")).to_have_text(re.compile(r"^(30:00|29:\d\d) left$"))
    calls = house.calls(SUPPORT)
    await asyncio.to_thread(house.place, calls)
    assert house.takers(calls) == [["backup"]]
    assert "switch (token)" in await asyncio.to_thread(house.daemon.command, "mode", "list")
    await button_off(page)
    await expect(page.locator("#modes li")).to_have_count(0)


async def button_off(page: Page) -> None:
    """Switch the mode off again, with the mouse."""
    await page.get_by_role("button", name="Switch a mode").click()
    await page.get_by_role("radio", name="crisis").check()
    await page.get_by_label("Reason").fill("dry again")
    await expect(page.get_by_role("group", name="Ends")).to_be_hidden()
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_role("button", name="Switch off").click()


async def test_a_daemon_that_is_cut_off_is_told_and_healed(
    house: RealHouse, open_page: Opens, figure: Callable[[str], None]
) -> None:
    """Killed with -9: within 3 s the whole page is told to be old; when it is back, so is the picture, by itself."""
    clock = SystemClock()
    page = await open_page(address(house, "read"), expects=CUT)
    await live(page)
    house.daemon.kill()
    cut = clock.now()
    await page.get_by_text("OLD PICTURE").wait_for()
    told = clock.now() - cut
    assert told <= TOLD_WITHIN_S
    await expect(page.locator("#old-text")).to_contain_text("ago. Nobody answers")
    await expect(page.get_by_role("status")).to_have_text("The picture is old: ccrouter does not answer.")
    assert await page.locator("#board").evaluate("(node) => getComputedStyle(node).filter") == "grayscale(1)"
    house.daemon.start()
    await asyncio.to_thread(house.daemon.wait_until, lambda status: not status.not_ready)
    back = clock.now()
    await live(page)
    await expect(page.locator("#old")).to_be_hidden()
    figure(f"cut off: told after {told:.2f} s, healed {clock.now() - back:.2f} s after the daemon was ready")
    await expect(page.get_by_role("status")).to_have_text("The picture is live again.")
    await asyncio.to_thread(house.sit_down, "support")
    callers = await asyncio.to_thread(house.start, house.calls(SUPPORT))
    await expect(page.locator(".tile[data-state=talking]")).to_have_count(1)
    await asyncio.to_thread(house.hang_up)
    await asyncio.to_thread(callers.wait, 20)
