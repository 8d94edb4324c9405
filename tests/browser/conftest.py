"""One Chromium for all tests of pages."""

from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.browser import Opens, chromium_browser, pages_of


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One browser for all tests."""
    async with chromium_browser() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(chromium: Browser) -> AsyncIterator[Opens]:
    """Open pages that are quiet on their consoles."""
    async with pages_of(chromium) as opens:
        yield opens


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Return what keeps a figure worth knowing: it is in the XML report and in the summary of the run."""
    return lambda text: request.node.user_properties.append(("figure", text))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell the figures that the tests kept."""
    told = [
        f"{report.nodeid.rpartition('::')[2]}: {text}"
        for report in terminalreporter.getreports("passed")
        if report.when == "call" and "tests/browser" in report.nodeid
        for name, text in report.user_properties
        if name == "figure"
    ]
    if told:
        terminalreporter.section("figures of the pages")
        terminalreporter.write_line("\n".join(told))
