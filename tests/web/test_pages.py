"""The pages as they are served: their parts, their heads, and what a browser has already."""

import gzip
import re
from collections.abc import AsyncIterator
from http import HTTPStatus
from importlib import resources
from typing import Final

import aiohttp
import pytest
import structlog

from ccrouter.clock import SystemClock
from ccrouter.web.attempts import Attempts
from ccrouter.web.doors import Doors, guarded
from ccrouter.web.me import me
from ccrouter.web.pages import files, screens
from ccrouter.web.serve import serve_tcp
from support.board_desk import HOLDERS, POSITION, READ, Tokens

NAMES: Final = sorted(files())
KEY: Final = re.compile(r'^ +"?([\w.-]+)"?: "', re.MULTILINE)
SAID: Final = re.compile(r'"([\w.-]+)"')
BEGIN: Final = re.compile(r"say\(`([\w-]+\.)\$\{")
FROM_THE_API: Final = {"down", "probe", "unknown"}
"""Healths of sites."""

PARTS: Final = [name for name in NAMES if not name.endswith(".html")]


@pytest.fixture
async def address() -> AsyncIterator[str]:
    """Serve the pages with an API behind them."""
    async for found in _served(on=True):
        yield found


@pytest.fixture
async def address_without_api() -> AsyncIterator[str]:
    """Serve the pages where no file of tokens is named."""
    async for found in _served(on=False):
        yield found


async def _served(*, on: bool) -> AsyncIterator[str]:
    doors = Doors(Tokens() if on else None, Attempts(SystemClock().steady))
    async with serve_tcp(guarded(screens(served=on), doors, structlog.get_logger(), me()), "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("path", ["/", "/position", *(f"/pages/{name}" for name in PARTS)])
async def test_a_page_comes_whole_once_and_then_only_when_it_changed(address: str, path: str) -> None:
    """Each with its type and its mark; packed or not, the text is the same; a browser that has it gets no body."""
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        async with session.get(address + path, headers={"Accept-Encoding": "identity"}) as plain:
            text, mark = await plain.read(), plain.headers["ETag"]
            assert plain.status == HTTPStatus.OK
            assert plain.headers["Cache-Control"] == "no-cache"
            assert plain.headers["Vary"] == "Accept-Encoding"
            assert plain.content_type in {"text/html", "text/css", "text/javascript", "image/svg+xml"}
        async with session.get(address + path, headers={"Accept-Encoding": "gzip, br"}) as packed:
            assert packed.headers["Content-Encoding"] == "gzip"
            assert gzip.decompress(await packed.read()) == text
        async with session.get(address + path, headers={"Accept-Encoding": "gzip;q=0, *;q=0"}) as unpacked:
            assert "Content-Encoding" not in unpacked.headers
            assert await unpacked.read() == text
        async with session.get(address + path, headers={"If-None-Match": mark}) as known:
            assert known.status == HTTPStatus.NOT_MODIFIED
            assert await known.read() == b""
        async with session.head(address + path) as head:
            assert head.status == HTTPStatus.OK


@pytest.mark.parametrize("path", ["/", "/pages/board.js"])
async def test_a_page_may_load_nothing_but_its_own_parts(address: str, path: str) -> None:
    """By its Content-Security-Policy, which the API's answers don't share; nobody may put it into a frame."""
    async with aiohttp.ClientSession() as session:
        async with session.get(address + path) as page:
            rules = page.headers["Content-Security-Policy"].split("; ")
            assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} <= set(
                rules
            )
            assert not any("unsafe" in rule or "data:" in rule for rule in rules)
            assert page.headers["X-Content-Type-Options"] == "nosniff"
        async with session.get(address + "/api/v1/me", headers={"Authorization": f"Bearer {READ}"}) as answer:
            assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
            assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/pages/board.html", "/pages/off.html", "/pages/", "/pages", "/pages/none.js", "/pages/..%2fpages.py",
        "/pages/%2e%2e/pages.py", "/pages/..%5cpages.py", "/pages/board.js%00", "/pages/BOARD.JS", "/board.html",
        "/pages//etc/passwd", "/pages/__init__.py", "/pages/static", "/pages/board.js/",
    ],
)  # fmt: skip
async def test_nothing_else_can_be_had_by_a_path(address: str, path: str) -> None:
    """Names are looked up, never joined to a folder."""
    async with aiohttp.ClientSession(requote_redirect_url=False) as session, session.get(address + path) as answer:
        assert answer.status == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("path", ["/", "/position"])
async def test_without_tokens_the_page_tells_how_to_switch_it_on(address_without_api: str, path: str) -> None:
    """In both languages, with the setting that is missing."""
    async with aiohttp.ClientSession() as session:
        async with session.get(address_without_api + path) as answer:
            text = await answer.text()
            assert answer.status == HTTPStatus.NOT_FOUND
            assert "http: {tokens: /etc/ccrouter/tokens}" in text
            assert "ccrouter token new" in text
            assert 'lang="fr"' in text
        for part in re.findall(r'href="(/pages/[^"]+)"', text):
            async with session.get(address_without_api + part) as answer:
                assert answer.status == HTTPStatus.OK


@pytest.mark.parametrize("token", [READ, POSITION])
async def test_whoever_shows_a_token_is_told_what_it_is_good_for(address: str, token: str) -> None:
    """Its name, its role and what it is for; scoped ones too."""
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session,
        session.get(address + "/api/v1/me") as answer,
    ):
        holder = HOLDERS[token]
        assert await answer.json() == {"name": holder.name, "role": holder.role.name.lower(), "of": holder.of}


@pytest.mark.parametrize("name", NAMES)
def test_a_page_brings_all_that_it_needs(name: str) -> None:
    """Nothing from another machine, no script or style within the text, no part that is not there."""
    text = resources.files("ccrouter.web").joinpath("static", name).read_text()
    assert not re.search(r"(?:https?:)?//(?!www\.w3\.org/)[a-z]+[.:]", text)
    if name.endswith(".html"):
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=", text)
    wanted = re.findall(r'(?:src|href)="/pages/([^"]+)"', text) + re.findall(r'from "\./([^"]+)"', text)
    assert set(wanted) <= set(NAMES)


@pytest.mark.parametrize("page", ["board", "position"])
def test_each_word_is_there_in_both_languages_and_is_said(page: str) -> None:
    """What only one language has would be shown by its key in the other; a form for 1 may be of one alone."""
    static = resources.files("ccrouter.web").joinpath("static")
    english, french = static.joinpath(f"{page}-words.js").read_text().split("\n  fr: {")
    keys = {tongue: set(KEY.findall(text)) for tongue, text in (("en", english), ("fr", french))}
    known, other = ({key.removesuffix(".one") for key in each} for each in keys.values())
    assert known == other
    pages = [each.read_text() for each in static.iterdir() if not each.name.endswith(("-words.js", ".css"))]
    said, begins = set(SAID.findall("".join(pages))), tuple(BEGIN.findall("".join(pages)))
    # Words of states and the like come from the API: their names are made up, or are what follows a beginning.
    assert {key for key in known - said if not key.startswith(begins)} <= FROM_THE_API
