"""The wallboard with boards made up: any size of house, any screen, both languages, every right."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import expect

from ccrouter.clock import SystemClock
from ccrouter.live.figures import Figures
from ccrouter.web import stream
from ccrouter.web.holders import Holder, Role
from support.board_desk import POSITION, READ, SWITCH, BoardDesk
from support.browser import Opens, live, looks
from support.made_board import made_board, troubled

pytestmark = pytest.mark.asyncio(loop_scope="session")

REFUSED: Final = ("401 (Unauthorized)", "403 (Forbidden)")
SCREENS: Final[dict[str, dict[str, Any]]] = {
    "1080p": {"viewport": {"width": 1920, "height": 1080}},
    "1080p dark, French": {"viewport": {"width": 1920, "height": 1080}, "color_scheme": "dark", "locale": "fr-FR"},
    "4K, French": {"viewport": {"width": 3840, "height": 2160}, "locale": "fr-FR"},
    "laptop": {"viewport": {"width": 1366, "height": 768}},
    "phone, French": {"viewport": {"width": 390, "height": 844}, "locale": "fr-FR", "has_touch": True},
}
HOUSES: Final[dict[str, dict[str, Any]]] = {
    "small": {"services": 3, "positions": 8, "sites": 4},
    "large": {"services": 12, "positions": 100, "sites": 20, "peak": True},
    "empty": {"services": 0, "positions": 0, "sites": 0},
}

FIGURES: Final = "#services .name, #services td, .legend li, .states li, .sites .calls, .sites .word"


@pytest_asyncio.fixture(loop_scope="session")
async def desk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[BoardDesk]:
    """Serve a board that the test may change; revoked tokens are noticed soon."""
    monkeypatch.setattr(stream, "CHECK_S", 0.2)
    made = BoardDesk(made_board(SystemClock().now()))
    async with made.served():
        yield made


@pytest.mark.parametrize(
    ("screen", "house"),
    [
        ("1080p", "small"),
        ("1080p", "empty"),
        ("1080p dark, French", "large"),
        ("4K, French", "large"),
        ("laptop", "large"),
        ("phone, French", "small"),
        ("phone, French", "large"),
    ],
)
async def test_every_house_fits_every_screen(desk: BoardDesk, open_page: Opens, screen: str, house: str) -> None:
    """Nothing lies beyond the sides; on a wide screen all is on it at once; no figure is cut; contrasts are AA."""
    board = made_board(SystemClock().now(), **HOUSES[house])
    desk.board = troubled(board) if house == "small" else board
    page = await open_page(desk.address(SWITCH), **SCREENS[screen])
    await live(page)
    sideways, down = await looks(page, "beyond")
    assert sideways <= 0
    assert down <= 0 or "phone" in screen
    assert await looks(page, "cut", FIGURES) == []
    assert await looks(page, "contrasts") == []
    if screen == "1080p":
        # A letter of a 250th of the distance is read with ease: 5 m from a screen of 55 inches that is 32 pixels.
        least = 60 if house == "small" else 28
        assert all(size >= least for size in await looks(page, "sizes", "td.waiting, td.longest"))


async def test_the_type_stays_as_it_is_while_all_fits(desk: BoardDesk, open_page: Opens) -> None:
    """Somebody who leaves changes no size; what would not fit any more does, at once."""
    page = await open_page(desk.address(READ), viewport={"width": 1920, "height": 1080})
    await live(page)
    before = await looks(page, "sizes", "html")
    desk.tell(replace(desk.board, positions=desk.board.positions[:9]))
    await expect(page.locator(".tile")).to_have_count(9)
    assert await looks(page, "sizes", "html") == before
    desk.tell(made_board(SystemClock().now(), **HOUSES["large"]))
    await expect(page.locator(".tile")).to_have_count(90)
    assert (await looks(page, "beyond"))[1] <= 0
    assert await looks(page, "sizes", "html") < before


async def test_what_it_says_can_be_heard_too(desk: BoardDesk, open_page: Opens) -> None:
    """A table with heads, lists, a plot told in words; states have words beside colours; figures are not announced."""
    page = await open_page(desk.address(READ))
    await live(page)
    table = page.get_by_role("table", name="Services")
    await expect(table.get_by_role("columnheader")).to_have_text(
        [
            "Services",
            "Waiting",
            "Longest wait",
            "Last 15 min",
            "Today",
            "Calls",
            "Inside",
            "Outside",
            "Refused",
            "Gave up",
        ]
    )
    row = table.get_by_role("row").filter(has=page.get_by_role("rowheader", name="après-vente"))
    await expect(row.get_by_role("cell").nth(0)).to_have_text("3")
    await expect(row.get_by_role("cell").nth(2)).to_contain_text("below the aim")
    await expect(page.get_by_role("img", name="Last hour: 330 inside, 90 outside")).to_be_visible()
    tunis = page.locator("#sites li").filter(has_text="tunis")
    await expect(tunis).to_contain_text("external")
    await expect(tunis).to_contain_text("full")
    assert all(await page.locator(".tile .word").all_text_contents())
    await looks(page, "listen")
    for waiting in range(5):
        busy = replace(desk.board.services[0], waiting=waiting)
        desk.tell(replace(desk.board, services=(busy, *desk.board.services[1:])))
        await expect(row.get_by_role("cell").nth(0)).to_have_text(str(waiting))
    assert await page.evaluate("window.announced") == 0
    desk.tell(troubled(desk.board))
    await expect(page.get_by_role("status")).to_have_text("Mode crisis is on.")
    await expect(page.get_by_role("alert").first).to_contain_text("ccrouter does not route")
    await expect(page.get_by_role("alert").nth(1)).to_contain_text("the disk is full · calls get: ")
    await expect(page.locator("#modes")).to_contain_text(" left")


async def test_nothing_moves_where_less_motion_is_asked_for(desk: BoardDesk, open_page: Opens) -> None:
    """Not one animation or transition runs."""
    page = await open_page(desk.address(READ), reduced_motion="reduce")
    await live(page)
    desk.tell(troubled(desk.board))
    await expect(page.locator("#modes")).to_contain_text("crisis")
    assert await page.evaluate("document.getAnimations().length") == 0


async def test_a_token_in_the_address_is_kept_and_taken_out_of_it(desk: BoardDesk, open_page: Opens) -> None:
    """It counts after a reload, and is forgotten with the log-out; the page says with which rights it is looked at."""
    page = await open_page(desk.address(READ))
    await live(page)
    assert "token" not in page.url
    await expect(page.locator("#rights")).to_have_text("wall: may look")
    await expect(page.locator("#switch")).to_be_hidden()
    await page.reload()
    await live(page)
    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_role("dialog", name="Show a token")).to_be_visible()
    assert await page.evaluate("localStorage.getItem('ccrouter.token')") is None
    await page.reload()
    await page.get_by_role("textbox", name="Token").fill(f" {SWITCH} ")
    await page.keyboard.press("Enter")
    await live(page)
    await expect(page.locator("#rights")).to_have_text("night-desk: may switch modes")
    await expect(page.locator("#switch")).to_be_visible()


async def test_a_token_that_is_no_good_is_told(desk: BoardDesk, open_page: Opens) -> None:
    """One that is wrong, one revoked while the page is open, and one of a position: nothing of the board stays."""
    page = await open_page(desk.address("ccrouter_wrong"), expects=REFUSED)
    dialog = page.get_by_role("dialog", name="Show a token")
    await expect(dialog.get_by_role("alert")).to_have_text("This token is not good: unknown, revoked, or ended.")
    await dialog.get_by_label("Token").fill(POSITION)
    await dialog.get_by_role("button", name="Log in").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("This token is for PJSIP/101 alone")
    await dialog.get_by_label("Token").fill(READ)
    await dialog.get_by_role("button", name="Log in").click()
    await live(page)
    desk.tokens.revoked.add(READ)
    await expect(dialog.get_by_role("alert")).to_contain_text("revoked")
    await expect(page.locator("#board")).to_be_hidden()


async def test_a_token_of_one_thing_is_told_where_it_is_good(desk: BoardDesk, open_page: Opens) -> None:
    """That of a position is led to its page, that of a site is for programs; who holds it is told in words."""
    page = await open_page(desk.address(POSITION), expects=REFUSED)
    dialog = page.get_by_role("dialog", name="Show a token")
    await expect(dialog.get_by_role("link")).to_have_attribute("href", "/position")
    await expect(page.locator("#rights")).to_have_text("paul: one position")
    desk.tokens.revoked.add(POSITION)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(desk.tokens, "holder", site_holder)
        await page.reload()
        await expect(dialog.get_by_role("alert")).to_contain_text("for the site tunis alone. It is for programs")
        await expect(dialog.get_by_role("link")).to_have_count(0)
        await expect(page.locator("#rights")).to_have_text("outsourcer: one site")


async def site_holder(_: str) -> Holder:
    """Take every token for that of a site."""
    return Holder("outsourcer", Role.SITE, "tunis")


async def test_a_token_in_the_wrong_part_of_the_address_is_told(desk: BoardDesk, open_page: Opens) -> None:
    """Behind `?token=` it went to the server: it is taken out of the address, not used, and the page says so."""
    page = await open_page(f"{desk.address()}?token={READ}&wall=2")
    fault = page.get_by_role("dialog", name="Show a token").get_by_role("alert")
    await expect(fault).to_contain_text("belongs behind #token=")
    assert page.url == f"{desk.address()}?wall=2"
    await page.goto(f"{desk.address()}?token=x#token={READ}")
    await live(page)
    assert page.url == desk.address()
    await expect(page.get_by_role("alert")).to_contain_text("belongs behind #token=")


async def test_an_end_without_its_time_is_asked_for(desk: BoardDesk, open_page: Opens) -> None:
    """It is not taken for "until switched off"; the field is marked, told, and has the keyboard."""
    page = await open_page(desk.address(SWITCH), locale="fr-FR")
    await live(page)
    await page.get_by_role("button", name="Changer un mode").click()
    await page.get_by_label("Motif").fill("inondation")
    await page.get_by_role("radio", name="à", exact=True).check()
    await page.get_by_role("button", name="Continuer").click()
    fault, field = page.locator("#until-fault"), page.get_by_label("Heure de fin")
    await expect(fault).to_have_text("À quelle heure ? Indiquez l’heure, ou choisissez une autre fin.")  # noqa: RUF001 - French
    await expect(field).to_be_focused()
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("#mode-sure")).to_be_hidden()
    await field.fill("23:30")
    await expect(fault).to_be_hidden()
    await page.get_by_role("button", name="Continuer").click()
    await expect(page.locator("#sure-text")).to_contain_text("Il prend fin à 23:30")


async def test_without_modes_there_is_nothing_to_switch(desk: BoardDesk, open_page: Opens) -> None:
    """The button comes with the first mode of a routing file, and goes with the last."""
    board = desk.board
    desk.board = replace(board, modes=())
    page = await open_page(desk.address(SWITCH))
    await live(page)
    await expect(page.locator("#rights")).to_have_text("night-desk: may switch modes")
    await expect(page.locator("#switch")).to_be_hidden()
    desk.tell(board)
    await expect(page.locator("#switch")).to_be_visible()


async def test_what_is_not_known_is_told_as_such(desk: BoardDesk, open_page: Opens) -> None:
    """An in-house site and the positions of a PABX that is silent; where it is heard, that nobody is there."""
    board = desk.board
    paris = replace(board.sites[0], external=False, health="unknown", open=None)
    silent = replace(board.pabxs[0], fresh=False)
    desk.board = replace(board, sites=(paris,), positions=(), pabxs=(silent,))
    page = await open_page(desk.address(READ))
    await live(page)
    word, nobody = page.locator("#sites .word"), page.locator("#no-positions")
    await expect(word).to_have_text("not known")
    await expect(nobody).to_have_text("Not known: a PABX is silent.")
    desk.tell(replace(desk.board, sites=(replace(paris, health="down"),), pabxs=board.pabxs))
    await expect(word).to_have_text("nobody there")
    await expect(nobody).to_have_text("Nobody is signed in.")


async def test_a_service_without_an_aim_raises_no_alarm(desk: BoardDesk, open_page: Opens) -> None:
    """However few of its calls are answered in time, and however long somebody waits."""
    at = SystemClock().now()
    poor = replace(desk.board.services[0].today, in_time=1)
    quiet = replace(desk.board.services[0], target=None, within_s=20.0, oldest_at=at - 600, now=poor, today=poor)
    desk.board = replace(desk.board, services=(quiet,))
    page = await open_page(desk.address(READ))
    await live(page)
    row = page.locator("#services tbody tr")
    await expect(row.locator("small")).to_contain_text("in 20 s, no aim")
    await expect(row.locator("td.longest .figure")).to_contain_text("10:0")
    await expect(row.locator("td.level .bar").first).to_be_hidden()
    await expect(row.locator("[data-over], [data-below]")).to_have_count(0)
    await expect(row.locator(".icon:visible")).to_have_count(0)


async def test_figures_that_grow_cut_no_name(desk: BoardDesk, open_page: Opens) -> None:
    """With the same rows: what is cut makes the type smaller within seconds, and it then stays as it is."""
    desk.board = made_board(SystemClock().now(), services=3, positions=8, sites=4)
    page = await open_page(desk.address(READ), viewport={"width": 1366, "height": 768})
    await live(page)
    assert await looks(page, "cut", FIGURES) == []
    small, before = desk.board, await looks(page, "sizes", "html")
    root = page.locator("html")
    fitted = str(await root.get_attribute("style"))
    services = small.services
    grown = Figures(
        offered=98765, answered=98000, in_time=90000, inside=88888, outside=77777, refused=6666, abandoned=5555
    )
    desk.tell(replace(small, services=tuple(replace(each, waiting=188, today=grown) for each in services)))
    await expect(page.locator("td.waiting").first).to_have_text("188")
    assert await looks(page, "cut", "#services .name") != []
    await expect(root).not_to_have_attribute("style", fitted, timeout=10_000)
    after = await looks(page, "sizes", "html")
    assert after < before
    assert await looks(page, "cut", FIGURES) == []
    desk.tell(small)
    await expect(page.locator("td.waiting").first).to_have_text("3")
    assert await looks(page, "sizes", "html") == after


async def test_a_server_that_has_no_stream_left_is_told(desk: BoardDesk, open_page: Opens) -> None:
    """The page says what it answers, tries again by itself, and is live as soon as there is one."""
    page = await open_page("about:blank", expects=("503 (Service Unavailable)",))
    await page.route("**/api/v1/stream", lambda route: route.fulfill(status=503, json={"detail": "full"}))
    await page.goto(desk.address(READ))
    await expect(page.locator("#old")).to_contain_text("The server answers 503")
    await page.unroute("**/api/v1/stream")
    await live(page)
    await expect(page.locator("#old")).to_be_hidden()


async def test_names_are_texts_whatever_they_look_like(desk: BoardDesk, open_page: Opens) -> None:
    """What an admin, or a PABX, calls things can't become part of the page."""
    markup = "<img src=x onerror=alert(1)>"
    board = desk.board
    desk.board = replace(
        board,
        services=(replace(board.services[0], name=markup, labels=(markup,)),),
        positions=(replace(board.positions[0], name=markup, state="paused", reason=markup),),
        sites=(replace(board.sites[0], name=markup),),
        decisions=(replace(board.decisions[0], label=markup, rule=markup, reason=markup, destination=markup),),
        not_ready=(markup,),
        modes=(replace(troubled(board).modes[0], name=markup, reason=markup),),
    )
    page = await open_page(desk.address(READ))
    await live(page)
    assert await page.locator("img").count() == 0
    assert await page.get_by_text(markup).count() >= 8


async def test_language_and_theme_are_switched_and_kept(desk: BoardDesk, open_page: Opens) -> None:
    """They begin with what the browser prefers; a choice outlives a reload."""
    page = await open_page(desk.address(READ), locale="fr-CA", color_scheme="dark")
    await live(page)
    await expect(page.get_by_role("columnheader").nth(1)).to_have_text("En attente")
    dark = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    await page.get_by_role("button", name="English").click()
    await page.get_by_role("button", name="Theme: auto").click()
    await page.reload()
    await live(page)
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await expect(page.get_by_role("button", name="Theme: light")).to_be_visible()
    assert await page.evaluate("getComputedStyle(document.documentElement).backgroundColor") != dark


async def test_the_longest_wait_ticks_by_the_clock_of_the_server(desk: BoardDesk, open_page: Opens) -> None:
    """A machine whose own clock is wrong by an hour shows the same wait."""
    page = await open_page("about:blank")
    await page.clock.set_system_time(SystemClock().now() - 3600)
    await page.goto(desk.address(READ))
    await live(page)
    shown = page.locator("td.longest .figure").first
    first = await shown.text_content()
    waited = SystemClock().now() - (desk.board.services[0].oldest_at or 0)
    minutes, _, seconds = (first or "").partition(":")
    assert abs(int(minutes) * 60 + int(seconds) - waited) < 60
    await expect(shown).not_to_have_text(str(first))


async def test_each_page_keeps_a_token_of_its_own(desk: BoardDesk, open_page: Opens) -> None:
    """Who opens the page of a position beside the wallboard finds both as they were."""
    page = await open_page(desk.address(READ), expects=("404 (Not Found)",))
    await live(page)
    beside = await page.context.new_page()
    await beside.goto(desk.address(POSITION, "/position"))
    await expect(beside).to_have_url(re.compile("^[^#]*#?$"))
    await page.reload()
    await live(page)
    await expect(page.locator("#rights")).to_have_text("wall: may look")
