"""The agent's page of a house with real calls: the ring, the page that opens, pauses and queues, and an old picture."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from phones import Callee, sign_in
from small_pabx import POSITIONS_ADDRESS
from support.asking import Tokens
from support.browser import Opens, looks
from support.real_house import HousePlan, RealHouse, real_house

pytestmark = pytest.mark.asyncio(loop_scope="session")

SUPPORT: Final = "0800100200"
ROUTING: Final = f"""
timezone: Europe/Paris
sites:
  paris: {{in_house: {{queue: support, max_wait: 60s, wrap_up: 30s}}}}
  lille: {{in_house: {{queue: sales, max_wait: 60s}}}}
messages: {{busy: {{play: tt-allbusy}}}}
numbers:
  "{SUPPORT}": {{service: after-sales, label: After-sales}}
services:
  after-sales:
    language: fr
    screen_pop: {{CRM: "https://crm.example/find?number={{caller}}", Orders: "https://orders.example/{{uniqueid}}"}}
    otherwise: [paris, busy]
"""

TOKENS: Final = Tokens.of(
    {
        "alice": "role: position, position: PJSIP/agent1",
        "bob": "role: position, position: PJSIP/agent2",
        "boss": "role: switch",
        "wall": "role: read",
    }
)
PLAN: Final = HousePlan(
    routing=ROUTING,
    queues=("support", "sales"),
    positions=4,
    ring_s=5,
    tokens=TOKENS.text,
    pabx_files={"queues.conf": "\n[support](+)\nwrapuptime = 30\n"},
)

SEEN_WITHIN_S: Final = 1.0
NARROW: Final[dict[str, Any]] = {"viewport": {"width": 360, "height": 740}}
CUT: Final = ("net::ERR_",)


@pytest.fixture(scope="module")
def shared_house() -> Iterator[RealHouse]:
    """One house for all tests."""
    with real_house(22, PLAN) as house:
        yield house


@pytest.fixture
def house(shared_house: RealHouse) -> Iterator[RealHouse]:
    """Give the house, in which nobody calls and nobody is logged in."""
    yield shared_house
    shared_house.tidy_up()
    for name in ("agent1", "agent2"):
        for queue in ("support", "sales"):
            shared_house.listener.ask("QueueRemove", Queue=queue, Interface=f"PJSIP/{name}")


@contextmanager
def telephones(house: RealHouse, *names: str, answer_ms: int = 900, talk_ms: int = 600) -> Iterator[None]:
    """Sign the telephones of positions in; they answer for themselves."""
    phone = Callee(
        house.folder, f"desk{house.fresh()}", address=POSITIONS_ADDRESS, answer_ms=answer_ms, talk_ms=talk_ms
    )
    with phone:
        sign_in(house.pabx, house.folder, names, phone.port)
        yield


@pytest_asyncio.fixture(loop_scope="session")
async def agent(house: RealHouse, open_page: Opens) -> AsyncIterator[Page]:
    """Open Alice's page in a narrow window; her telephone is signed in, and she is logged in to nothing."""
    with telephones(house, "agent1"):
        page = await open_page(address(house, "alice"), **NARROW)
        await expect(page.locator("#state-word")).to_have_text("Logged out")
        yield page


def address(house: RealHouse, who: str, query: str = "") -> str:
    """Return the address of the page, with a token."""
    return f"http://127.0.0.1:{house.daemon.http_port}/position{query}#token={TOKENS.tokens[who]}"


async def log_in(page: Page, queue: str = "support") -> None:
    """Log in to a queue, as an agent does."""
    await page.get_by_role("button", name=f"Log in: {queue}").click()
    await expect(page.locator("#state-word")).to_have_text("Ready")


async def test_a_call_rings_on_the_page_and_its_page_opens_once(
    house: RealHouse, agent: Page, figure: Callable[[str], None]
) -> None:
    """Within a second of the ring: who calls, for what and why; a click opens the page, or it opens by itself."""

    async def crm(route: Route) -> None:
        await route.fulfill(body="<title>CRM</title>", content_type="text/html")

    opened: list[str] = []
    agent.context.on("page", lambda page: opened.append(page.url))
    await agent.context.route("https://crm.example/**", crm)
    await log_in(agent)
    await agent.get_by_text("When a call comes").click()
    await agent.get_by_label("Open a page by itself").select_option("CRM")
    await looks(agent, "record", {"caller": ["#caller"], "state": ["#state-word"], "doing": ["#call", "data-doing"]})
    [call] = house.calls(SUPPORT)
    async with agent.context.expect_page() as popped:
        callers = await asyncio.to_thread(house.start, [call])
    rang = await asyncio.to_thread(house.wait_for, call, Event="AgentCalled")
    card = agent.locator("#call")
    await expect(card).to_contain_text("After-sales")
    await expect(card).to_contain_text("French")
    await expect(card).to_contain_text("otherwise")
    await expect(agent.locator("#rings")).to_contain_text(call.caller)
    link = card.get_by_role("link", name="Open CRM")
    await expect(link).to_have_attribute("href", f"https://crm.example/find?number={call.caller}")
    page = await popped.value
    await page.wait_for_url(f"https://crm.example/find?number={call.caller}")
    assert await page.evaluate("window.opener") is None
    await asyncio.to_thread(callers.wait)
    await expect(card).to_be_hidden()
    history: dict[str, list[tuple[float, str]]] = await agent.evaluate("window.history_of")
    assert [state for _, state in history["state"]][:3] == ["Ready", "Ringing", "Talking"]
    assert {"ringing", "talking"} <= {doing for _, doing in history["doing"]}
    at = house.listener.came_at[house.listener.events.index(rang)]
    seen = next(when for when, text in history["caller"] if text == call.caller)
    figure(f"the caller is on the page {1000 * (seen - at):.0f} ms after the PABX told of the ring")
    assert seen - at <= SEEN_WITHIN_S
    assert len(opened) == 1


async def test_a_pause_sends_the_next_call_to_another_position(house: RealHouse, agent: Page, open_page: Opens) -> None:
    """With its reason, known to the PABX; a key ends it; whoever logs out is rung no more."""
    with telephones(house, "agent2"):
        other = await open_page(address(house, "bob"), **{**NARROW, "locale": "fr-FR", "color_scheme": "dark"})
        await log_in(agent)
        await agent.get_by_role("button", name="Break").click()
        await expect(agent.locator("#state")).to_contain_text("Paused")
        await expect(agent.locator("#state-reason")).to_have_text("Break")
        await other.get_by_role("button", name="Connecter : support").click()
        await expect(other.locator("#state-word")).to_have_text("Disponible")
        [call] = house.calls(SUPPORT)
        callers = await asyncio.to_thread(house.start, [call])
        await expect(other.locator("#caller")).to_have_text(call.caller)
        await expect(agent.locator("#call")).to_be_hidden()
        await asyncio.to_thread(callers.wait)
        assert (await asyncio.to_thread(house.ending, call))["Target"] == "paris"
        await agent.keyboard.press("p")
        await expect(agent.locator("#state-word")).to_have_text("Ready")
        await agent.get_by_role("button", name="Log out: support").click()
        await expect(agent.locator("#state-word")).to_have_text("Logged out")
        assert await looks(other, "contrasts") == []


async def test_a_wrap_up_counts_down_and_can_be_made_longer(house: RealHouse, agent: Page) -> None:
    """Then it is a pause, which the agent ends; all of it with keys."""
    await log_in(agent)
    await asyncio.to_thread(house.place, house.calls(SUPPORT))
    await expect(agent.locator("#state-word")).to_have_text("Wrap-up")
    await expect(agent.locator("#state-time")).to_have_text(re.compile("^0:(30|2[0-9])$"))
    assert await looks(agent, "contrasts") == []
    await agent.keyboard.press("w")
    await expect(agent.get_by_role("button", name="Done, ready")).to_be_visible()
    await agent.keyboard.press("p")
    await expect(agent.get_by_role("button", name="Done, ready")).to_be_hidden()


@pytest.mark.parametrize(
    "window",
    [
        {"viewport": {"width": 320, "height": 640}, "locale": "fr-FR"},
        {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
        {"viewport": {"width": 1280, "height": 800}, "locale": "fr-FR"},
    ],
    ids=["320 px, French", "360 px, dark", "wide, French"],
)
async def test_it_fits_beside_another_program(house: RealHouse, open_page: Opens, window: dict[str, Any]) -> None:
    """While it rings: nothing beyond the sides, nothing cut, contrasts of level AA, and no figure is announced."""
    house.listener.ask("QueueAdd", Queue="support", Interface="PJSIP/agent1")
    with telephones(house, "agent1", answer_ms=20_000):
        page = await open_page(address(house, "alice"), **window)
        callers = await asyncio.to_thread(house.start, house.calls(SUPPORT))
        await expect(page.locator("#call")).to_have_attribute("data-doing", "ringing")
        await looks(page, "listen")
        assert (await looks(page, "beyond"))[0] <= 0
        assert await looks(page, "cut", "main :is(strong, b, p, dd, button, .button, time), header b") == []
        assert await looks(page, "contrasts") == []
        time = await page.locator("#call-time").text_content()
        await expect(page.locator("#call-time")).not_to_have_text(str(time))
        assert await page.evaluate("window.announced") == 0
        await asyncio.to_thread(house.hang_up)
        await asyncio.to_thread(callers.wait)


async def test_who_may_only_look_can_do_nothing(house: RealHouse, agent: Page, open_page: Opens) -> None:
    """A token that may read chooses whose page it sees, without the caller's number; one that may switch acts on it."""
    await log_in(agent)
    page = await open_page(address(house, "wall"))
    dialog = page.get_by_role("dialog", name="Whose position?")
    await dialog.get_by_role("button", name="Show").click()
    await expect(page.locator("#state-word")).to_have_text("Ready")
    await expect(page.get_by_text("wall looks at this position")).to_be_visible()
    assert await page.get_by_role("button", name="Log").count() == 0
    assert await page.locator("#reasons button").count() == 0
    boss = await open_page(address(house, "boss", "?position=PJSIP%2Fagent1"))
    await boss.get_by_role("button", name="Training").click()
    await expect(agent.locator("#state-reason")).to_have_text("Training")


async def test_an_old_picture_is_told(house: RealHouse, open_page: Opens) -> None:
    """Also that the telephone works on; orders that nobody takes are told, and the picture heals by itself."""
    with telephones(house, "agent1"):
        agent = await open_page(address(house, "alice"), expects=CUT)
        await expect(agent.locator("#state-word")).to_have_text("Logged out")
        house.daemon.kill()
        await expect(agent.locator("#old")).to_contain_text("your telephone works as ever")
        await expect(agent).to_have_title("OLD PICTURE")
        await agent.get_by_role("button", name="Log in: support").click()
        await expect(agent.locator("#fault")).to_contain_text("ccrouter does not answer")
        house.daemon.start()
        await asyncio.to_thread(house.daemon.wait_until, lambda status: not status.not_ready)
        await expect(agent.locator("#old")).to_be_hidden()
        await log_in(agent)
        await expect(agent.locator("#fault")).to_be_hidden()
