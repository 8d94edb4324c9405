"""Draws the pictures of the wallboard that docs/wallboard.md shows."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, Page, ViewportSize

from ccrouter.clock import SystemClock
from ccrouter.web.board import Board
from support.board_desk import READ, SWITCH, BoardDesk
from support.browser import chromium_browser, live
from support.made_board import made_board, troubled

SCREEN: Final[ViewportSize] = {"width": 1280, "height": 720}
SMALL: Final[ViewportSize] = {"width": 1040, "height": 585}
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}

Act = Callable[[Page, BoardDesk], Awaitable[object]]


async def nothing(_: Page, __: BoardDesk) -> None:
    """Show the page as it is."""


async def cut_off(page: Page, desk: BoardDesk) -> None:
    """Take the network away, and what is left of it."""
    await page.context.set_offline(offline=True)
    desk.tokens.revoked.add(SWITCH)
    await page.locator("#old").wait_for()


async def ask_for_crisis(page: Page, _: BoardDesk) -> None:
    """Open the dialog, fill it in, and go on to what it would change."""
    await page.locator("#switch").click()
    await page.get_by_role("radio", name="crisis").check()
    await page.get_by_label("Reason").fill("flooded in Paris")
    await page.get_by_role("radio", name="in 2 hours").check()
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_role("button", name="Switch on").wait_for()
    await page.wait_for_function("!document.querySelector('#sure').disabled")


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: of which board, in which window, after what."""

    board: Callable[[float], Board]
    window: dict[str, Any] = field(default_factory=dict)
    act: Act = nothing
    token: str = READ


PICTURES: Final = {
    "wallboard": Picture(made_board),
    "wallboard-dark": Picture(made_board, {"color_scheme": "dark"}),
    "wallboard-peak": Picture(
        lambda at: troubled(made_board(at, services=12, positions=100, sites=20, peak=True)), {"locale": "fr-FR"}
    ),
    "wallboard-old": Picture(made_board, {"viewport": SMALL}, cut_off, SWITCH),
    "wallboard-mode": Picture(made_board, {}, ask_for_crisis, SWITCH),
    "wallboard-phone": Picture(made_board, {"viewport": PHONE, "locale": "fr-FR"}),
}


async def draw(browser: Browser, picture: Picture, path: Path) -> None:
    """Draw one."""
    desk = BoardDesk(picture.board(SystemClock().now()))
    async with desk.served():
        context = await browser.new_context(**{"viewport": SCREEN, "locale": "en-GB", **picture.window})
        page = await context.new_page()
        await page.goto(desk.address(picture.token))
        await live(page)
        await picture.act(page, desk)
        await page.screenshot(path=path)
        await context.close()


async def draw_all(folder: Path) -> None:
    """Draw all of them into a folder."""
    async with chromium_browser() as browser:
        for name, picture in PICTURES.items():
            await draw(browser, picture, folder / f"{name}.png")


if __name__ == "__main__":
    asyncio.run(draw_all(Path(sys.argv[1])))
