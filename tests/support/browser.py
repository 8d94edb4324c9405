"""A real Chromium for tests, and what its pages look like."""

import os
import re
import subprocess
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from playwright.async_api import Browser, Page, async_playwright, expect
from pytest import MonkeyPatch  # noqa: PT013 - a name of a type

ROOT: Final = Path(__file__).resolve().parent.parent.parent
CHROMIUM: Final = ROOT / "scripts" / "chromium"
CACHE: Final = Path(os.environ.get("CCROUTER_CACHE", ROOT / ".cache"))
LOOKS: Final = Path(__file__).with_name("looks.js").read_text()
WITHIN_MS: Final = 10_000


class Opens(Protocol):
    """Opens a page in a window of its own."""

    def __call__(
        self,
        address: str,
        *,
        expects: tuple[str, ...] = (),
        **window: Any,  # noqa: ANN401 - of Browser.new_context
    ) -> Awaitable[Page]:
        """Return the page; `expects` are parts of what may be on its console, which stays empty else."""
        ...


@asynccontextmanager
async def chromium_browser() -> AsyncIterator[Browser]:
    """Run one browser."""
    with MonkeyPatch.context() as patch:
        # For Playwright's own Node; scripts/chromium says for itself where its libraries are.
        patch.setenv("LD_LIBRARY_PATH", str(CACHE / "chromium" / "driver"))
        playwright = await async_playwright().start()
    try:
        arguments = [] if _can_be_fenced() else ["--no-sandbox"]
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        await browser.close()
    finally:
        await playwright.stop()


@asynccontextmanager
async def pages_of(browser: Browser) -> AsyncIterator[Opens]:
    """Give what opens pages; at the end, a word on a console, an error of a script or a breach of the CSP fails."""
    said: list[str] = []
    allowed: list[str] = []
    async with AsyncExitStack() as stack:

        async def opened(address: str, *, expects: tuple[str, ...] = (), **window: Any) -> Page:  # noqa: ANN401
            allowed.extend(expects)
            context = await browser.new_context(**{"locale": "en-GB", **window})
            stack.push_async_callback(context.close)
            context.set_default_timeout(WITHIN_MS)
            page = await context.new_page()
            page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
            page.on("pageerror", lambda error: said.append(f"error: {error}"))
            await page.goto(address)
            return page

        yield opened
    assert [text for text in said if not any(each in text for each in allowed)] == []


async def looks(page: Page, question: str, argument: object = None) -> Any:  # noqa: ANN401 - whatever it is about
    """Return what looks.js tells of a page."""
    return await page.evaluate(f"(argument) => {LOOKS.strip().rstrip(';')}.{question}(argument)", argument)


async def live(page: Page) -> None:
    """Wait until the wallboard shows a board."""
    await page.locator("body[data-state=live]").wait_for()
    await page.locator("#board:not([hidden])").wait_for()
    await expect(page.locator("#clock")).to_contain_text(re.compile("[0-9]"), timeout=WITHIN_MS)


def _can_be_fenced() -> bool:
    """Tell whether Chromium can have its sandbox: not root, nor who is in a chroot. It loads no pages but ours."""
    return os.geteuid() != 0 and subprocess.run(["/usr/bin/unshare", "--user", "true"], check=False).returncode == 0
