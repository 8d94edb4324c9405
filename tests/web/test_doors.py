"""HTTP over TCP with tokens: who may do what, under which name, and what nobody ever gets to see."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry
from structlog.testing import LogCapture

from ccrouter.app.tokens import TokensFile
from ccrouter.config.tokens import PREFIX, ROLES, SCOPED, hash_of, new_token
from ccrouter.telemetry.privacy import cleaned
from ccrouter.web.attempts import MOST, MOST_ADDRESSES, WINDOW_S, Attempts
from ccrouter.web.doors import API, Doors, guarded
from ccrouter.web.facts import facts
from ccrouter.web.holders import Role
from ccrouter.web.journal import journal
from ccrouter.web.public import Readiness, pages
from ccrouter.web.serve import serve_tcp
from ccrouter.web.status import RulesStatus, Status
from ccrouter.web.steering import steering
from ccrouter.web.versions import versions
from support.hand_clock import HandClock
from support.scripted_daemon import NOW, ScriptedDaemon

TOKENS: Final = {role: new_token() for role in ROLES}
ON: Final = {"on": True, "reason": "flooded"}

PICTURE: Final = Status("0.1.0", 42, NOW, NOW - 60, (), RulesStatus("/etc/ccrouter/routing.yaml", "v1", NOW, ()))


@dataclass
class House:
    """A daemon behind its doors; `doors` may be changed before it is served."""

    file: Path
    clock: HandClock
    daemon: ScriptedDaemon = field(default_factory=lambda: ScriptedDaemon(picture=PICTURE))
    heard: LogCapture = field(default_factory=LogCapture)
    port: int = 0

    def app(self, *, tokens: bool = True, local: bool = True, names: tuple[str, ...] = ()) -> web.Application:
        """Return the application."""
        log = structlog.wrap_logger(None, processors=[self.heard], wrapper_class=structlog.BoundLogger)
        keys = TokensFile(self.file, self.clock, log) if tokens else None
        doors = Doors(keys, Attempts(self.clock.steady), local=local, names=names)
        told = Readiness(rules_loaded=True, agi_listening=True, pabxs_in_sync={"secret-name": True})
        tables = (steering(self.daemon), versions(self.daemon), facts(self.daemon), journal(self.daemon))
        return guarded(pages(CollectorRegistry(), lambda: told), doors, log, *tables)

    async def ask(
        self, method: str, path: str, token: str = "", body: object = None, **headers: str
    ) -> tuple[int, Any, dict[str, str]]:
        """Return status, body and headers of an answer."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent.setdefault("Authorization", f"Bearer {token}")
        url = f"http://127.0.0.1:{self.port}{path}"
        async with aiohttp.ClientSession() as session, session.request(method, url, json=body, headers=sent) as got:
            text = await got.text()
            is_json = got.content_type.endswith("json")
            return got.status, (await got.json(content_type=None) if is_json else text), dict(got.headers)

    def keep(self, *lines: str, mode: int = 0o640) -> None:
        """Write the file of tokens, beside it first as editors do, so that each writing is another file."""
        beside = self.file.with_name("tokens.new")
        beside.write_text("tokens:\n" + "".join(f"  {line}\n" for line in lines))
        beside.chmod(mode)
        beside.replace(self.file)


def line(name: str, role: str, more: str = "") -> str:
    """Return the line of a role's token."""
    return f"{name}: {{role: {role}, sha256: {hash_of(TOKENS[role])}{more}}}"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Give a house with a token of each role."""
    made = House(tmp_path / "tokens", HandClock())
    made.keep(*(line(f"the-{role}", role) for role in ROLES))
    return made


@pytest.fixture
async def served(house: House) -> AsyncIterator[House]:
    """Give it served on the loopback."""
    async with serve_tcp(house.app(), "127.0.0.1", 0) as house.port:
        yield house


def test_the_files_roles_are_those_of_the_doors() -> None:
    """Both know the same, in the same order."""
    assert [role.name.lower() for role in Role if role >= Role.READ] == list(ROLES)
    assert {role.name.lower() for role in Role if role < Role.READ} == set(SCOPED)


# --- who may do what --------------------------------------------------------------------------------------------------

ROUTES: Final = (
    ("GET", "/status", None, "read"),
    ("GET", "/modes", None, "read"),
    ("GET", "/rules", None, "read"),
    ("GET", "/versions", None, "read"),
    ("GET", "/facts", None, "read"),
    ("GET", "/journal/1.1", None, "read"),
    ("PUT", "/modes/crisis", ON, "switch"),
    ("POST", "/reload", None, "administer"),
    ("POST", "/rollback", {"id": 1}, "administer"),
)


@pytest.mark.parametrize(("method", "path", "body", "least"), ROUTES)
async def test_a_role_has_its_rights_and_no_more(
    served: House, method: str, path: str, body: object, least: str
) -> None:
    """Without a token 401, with one of a lower role 403 with the role that it takes, and nothing is done."""
    status, told, headers = await served.ask(method, API + path, body=body)
    assert (status, headers["WWW-Authenticate"]) == (401, 'Bearer realm="ccrouter"')
    assert (headers["Content-Type"], told["status"]) == ("application/problem+json; charset=utf-8", 401)
    for role in ROLES:
        status, told, _ = await served.ask(method, API + path, TOKENS[role], body)
        if ROLES.index(role) < ROLES.index(least):
            assert (status, f"with the role `{least}`; yours has `{role}`" in told["detail"]) == (403, True)
            assert [*served.daemon.orders, *served.daemon.reloads, *served.daemon.rollbacks] == []
            heard = cleaned(served.heard.entries[-1], mask_callers=True)
            assert (heard["holder"], heard["role"], heard["method"]) == (f"the-{role}", role, method)
        else:
            assert status == 200


@pytest.mark.parametrize("path", ["/api/v1", "/api/v1/", "/api/v1/none", "/api/v1//status", "/api/v1/%73tatus"])
async def test_who_has_no_token_learns_nothing_of_the_routes(served: House, path: str) -> None:
    """What is there and what is not look alike."""
    assert (await served.ask("GET", path))[0] == 401


async def test_the_author_is_the_tokens_name(served: House) -> None:
    """Not what a client says of itself, in whatever header or field."""
    headers = {"X_Forwarded_User": "root", "From": "root@example.org", "User_Agent": "root"}
    await served.ask("PUT", f"{API}/modes/crisis", TOKENS["switch"], ON, **headers)
    assert [order.author for order in served.daemon.orders] == ["the-switch (token)"]
    status, told, _ = await served.ask("PUT", f"{API}/modes/crisis", TOKENS["switch"], {**ON, "author": "root"})
    assert (status, "the name of the token is the author" in told["detail"]) == (400, True)
    await served.ask("POST", f"{API}/reload", TOKENS["administer"])
    assert served.daemon.reloads == ["the-administer (token)"]


async def test_without_a_file_of_tokens_there_is_no_api(house: House) -> None:
    """As it was before there were tokens."""
    async with serve_tcp(house.app(tokens=False), "127.0.0.1", 0) as house.port:
        assert (await house.ask("GET", f"{API}/status", TOKENS["administer"]))[0] == 404
        assert (await house.ask("GET", "/healthz"))[0] == 200


@pytest.mark.parametrize(
    "shown",
    ["Bearer", "Bearer ", "Basic eDp5", "{}", "Bearer {} x", "Bearer {}x", "Token {}", "Bearer " + "x" * 3000],
)
async def test_what_is_no_token_is_none(served: House, shown: str) -> None:
    """Nor one with a letter more."""
    status, _, headers = await served.ask("GET", f"{API}/status", Authorization=shown.format(TOKENS["administer"]))
    assert (status, 'error="invalid_token"' in headers["WWW-Authenticate"]) == (401, True)


async def test_a_token_shown_twice_is_none(served: House) -> None:
    """A proxy may have looked at the other one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    shown = "".join(f"Authorization: Bearer {TOKENS[role]}\r\n" for role in ("read", "administer"))
    writer.write(f"GET {API}/status HTTP/1.1\r\nHost: localhost\r\n{shown}Connection: close\r\n\r\n".encode())
    assert b" 401 " in await reader.readline()
    writer.close()


# --- tokens come and go -----------------------------------------------------------------------------------------------


async def test_a_revoked_token_ends_at_once(served: House) -> None:
    """With the next request, also on a connection that is open; the others go on."""
    url = f"http://127.0.0.1:{served.port}{API}/status"
    shown = {"Authorization": f"Bearer {TOKENS['switch']}"}
    async with aiohttp.ClientSession() as session:
        async with session.get(url, headers=shown) as answer:
            assert answer.status == 200
        served.keep(line("the-read", "read"))
        async with session.get(url, headers=shown) as answer:
            assert answer.status == 401
    assert (await served.ask("GET", f"{API}/status", TOKENS["read"]))[0] == 200


async def test_a_token_ends_on_its_day(served: House) -> None:
    """It is good on that day, in UTC, and not after it."""
    served.keep(line("guest", "read", ", ends: 2026-12-31"))
    for at, expected in ((1_798_761_599.0, 200), (1_798_761_600.0, 401)):
        served.clock.at = at
        assert (await served.ask("GET", f"{API}/status", TOKENS["read"]))[0] == expected


def spoil(house: House, how: str) -> None:
    """Make the file of tokens one that can't be used."""
    if how == "gone":
        house.file.unlink()
    elif how == "a slip":
        house.keep(line("the-read", "read"), "other: {role: reader}")
    elif how == "for all to read":
        house.keep(line("the-read", "read"), mode=0o644)
    else:
        house.keep(line("the-read", "read"), mode=0o660)


@pytest.mark.parametrize("how", ["gone", "a slip", "for all to read", "for the group to write"])
async def test_a_file_that_can_not_be_used_lets_nobody_in(served: House, how: str) -> None:
    """A token that was revoked must not live on by a slip in another line; the log tells where it is."""
    assert (await served.ask("GET", f"{API}/status", TOKENS["read"]))[0] == 200
    spoil(served, how)
    assert (await served.ask("GET", f"{API}/status", TOKENS["read"]))[0] == 401
    [told] = [entry for entry in served.heard.entries if entry["log_level"] == "error"]
    assert str(served.file) in told["reason"]
    if how == "a slip":
        assert f"{served.file}:3:17: error: `reader` is not possible here" in told["reason"]
    served.keep(line("the-read", "read"))
    assert (await served.ask("GET", f"{API}/status", TOKENS["read"]))[0] == 200


# --- wrong ones -------------------------------------------------------------------------------------------------------


async def test_wrong_tokens_are_slowed_and_right_ones_never(served: House) -> None:
    """Nobody can lock others out who come from the same address, as behind a proxy."""
    wrong = PREFIX + "x" * 43
    got = [await served.ask("GET", f"{API}/status", wrong) for _ in range(MOST + 2)]
    assert [status for status, _, _ in got] == [401] * MOST + [429, 429]
    assert 1 <= int(got[-1][2]["Retry-After"]) <= WINDOW_S + 1
    assert got[-1][1]["detail"].startswith("this token is not good: unknown, revoked, or ended")
    assert (await served.ask("GET", f"{API}/status", TOKENS["read"]))[0] == 200
    assert len([entry for entry in served.heard.entries if entry["event"] == "a wrong token was shown"]) == MOST
    served.clock.at += WINDOW_S
    assert (await served.ask("GET", f"{API}/status", wrong))[0] == 401


def test_addresses_are_counted_within_bounds() -> None:
    """Who comes from a million addresses fills no memory."""
    attempts = Attempts(lambda: 0.0)
    for number in range(5 * MOST_ADDRESSES):
        attempts.wait_s(str(number))
    assert len(attempts._windows) == MOST_ADDRESSES


async def test_nothing_of_a_token_is_ever_told(served: House) -> None:
    """Not in an answer, an error or the log: neither of a right one nor of a wrong one, whole or in part."""
    wrong = PREFIX + os.urandom(20).hex()
    told = []
    for token in (wrong, TOKENS["read"]):
        paths = ("/status", "/none", f"/modes/{token}", f"/journal?number={token}", f"/versions/{token}")
        told += [str(await served.ask("GET", API + path, token)) for path in paths]
        told.append(str(await served.ask("PUT", f"{API}/modes/crisis", token, {"on": "x", "reason": "y"})))
    served.keep(f"careless: {{role: read, sha256: {wrong}}}")
    await served.ask("GET", f"{API}/status", wrong)
    # What a client puts into a path itself is the name of what it asked for.
    everything = "".join(text for text in told if "there is no" not in text and "number=" not in text)
    everything += str(served.heard.entries)
    for token in (wrong, TOKENS["read"]):
        assert token[len(PREFIX) : len(PREFIX) + 8] not in everything
        assert hash_of(token)[:8] not in everything


# --- browsers, and who is on the way ----------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "LOCALHOST:9470", "[::1]:9470", "127.9.9.9"])
async def test_the_loopbacks_names_are_good(served: House, host: str) -> None:
    """With any port: a tunnel may have another."""
    assert (await served.ask("GET", "/metrics", Host=host))[0] == 200


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/healthz", f"{API}/status"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:9470", "127.0.0.1.evil.example", "", "localhost@evil"])
async def test_a_foreign_name_for_the_loopback_is_refused(served: House, host: str, path: str) -> None:
    """DNS rebinding: a page at evil.example has its own name lead here."""
    assert (await served.ask("GET", path, TOKENS["read"], Host=host))[0] == 421


async def test_a_name_that_the_settings_give_is_good(house: House) -> None:
    """A proxy on this machine passes on the name by which it was called."""
    async with serve_tcp(house.app(names=("router.example",)), "127.0.0.1", 0) as house.port:
        assert (await house.ask("GET", "/healthz", Host="router.example"))[0] == 200


async def test_pages_of_other_origins_may_not_ask(served: House) -> None:
    """And no answer lets a browser show them one: there is no CORS."""
    status, _, headers = await served.ask("GET", "/metrics", Origin="https://evil.example")
    assert status == 403
    own = {"Origin": f"http://127.0.0.1:{served.port}"}
    assert (await served.ask("GET", "/metrics", **own))[0] == 200
    status, _, headers = await served.ask("OPTIONS", f"{API}/status", Origin="null")
    assert (status, [name for name in headers if name.startswith("Access-Control")]) == (403, [])


@pytest.mark.parametrize("path", ["/metrics", "/none", f"{API}/status", f"{API}/none"])
async def test_every_answer_is_dressed(served: House, path: str) -> None:
    """Not kept, not sniffed, not framed, and silent on what it is made with."""
    _, _, headers = await served.ask("GET", path, TOKENS["read"])
    wanted = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Server": "ccrouter"}
    assert wanted.items() <= headers.items()
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


async def test_beyond_the_loopback_pages_want_a_token_too(house: House) -> None:
    """Metrics name sites and rules; of readiness a load balancer gets the status, and no names."""
    async with serve_tcp(house.app(local=False), "127.0.0.1", 0) as house.port:
        assert (await house.ask("GET", "/metrics"))[0] == 401
        assert (await house.ask("GET", "/metrics", TOKENS["read"]))[0] == 200
        assert (await house.ask("GET", "/readyz"))[:2] == (200, {})
        assert "secret-name" in str((await house.ask("GET", "/readyz", TOKENS["read"]))[1])
        assert (await house.ask("GET", "/healthz", Host="any.example"))[0] == 200


async def test_a_body_out_of_bounds_is_refused(served: House) -> None:
    """16 kB are read and no more."""
    body = {"on": True, "reason": "x" * 100_000}
    assert (await served.ask("PUT", f"{API}/modes/crisis", TOKENS["switch"], body))[0] == 413
