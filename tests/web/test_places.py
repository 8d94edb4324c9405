"""Calls at a site: which of those that are known are there, and how much of their callers is shown."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

import pytest
import structlog
from aiohttp import ClientSession, UnixConnector, web
from aiohttp.typedefs import Handler

from ccrouter.app.archive import Archive
from ccrouter.app.places import AGO_S, PlacesView
from ccrouter.app.questions import Questions
from ccrouter.live.effects import Outcome
from ccrouter.live.lifecycle import Phase
from ccrouter.live.state import State
from ccrouter.live.views import CallView
from ccrouter.store.decisions import Decisions
from ccrouter.store.schema import journal_database
from ccrouter.telemetry.privacy import masked
from ccrouter.web.control import control_app
from ccrouter.web.holders import HOLDER, Holder, Role
from ccrouter.web.orders import UnknownNameError
from ccrouter.web.places import places
from support.admin_desk import AdminDesk
from support.made_decisions import ended, keep, made

CALL: Final = CallView(
    pabx="pbx",
    uniqueid="1.1",
    channel="PJSIP/carrier-1",
    number="0800123456",
    service="support",
    rule="r",
    decision="d",
    phase=Phase.TALKING,
    step="site",
    target="tunis",
    began_at=0.0,
    caller="+33612345678",
    caller_known=True,
)


class Known:
    """The live state, as far as it tells of calls."""

    def __init__(self, *calls: CallView) -> None:
        self.known = calls

    def calls(self) -> Iterator[CallView]:
        """Give them."""
        return iter(self.known)


def view(folder: Path, *calls: CallView, mask: bool = True) -> PlacesView:
    """Return what answers about these calls, with a journal of three that ended at tunis and one elsewhere."""
    desk = AdminDesk(folder)
    now = desk.clock.now()
    decisions = Decisions(journal_database(folder, desk.clock), mask_callers=mask, spared_bytes=0)
    entries: list[Any] = [made(n, now - 100 * n) for n in (1, 2, 3)]
    entries += [made(4, now - AGO_S - 1)]
    entries += [ended(n, target="tunis") for n in (1, 2, 4)]
    entries += [ended(3, target="desk", outcome=Outcome.ANSWERED)]
    keep(decisions, entries)
    archive = Archive(decisions, desk.audit, lambda: desk.rules, desk.clock, Questions())
    began = tuple(replace(each, began_at=now - 60 + each.began_at) for each in calls)
    board: Any = lambda: None  # noqa: E731 - it is not asked
    return PlacesView(board, cast(State, Known(*began)), lambda: desk.rules, archive, mask)


async def test_only_calls_that_are_there_are_told(tmp_path: Path) -> None:
    """Not those that are meant to go there, that are elsewhere, or that hear a message; the oldest first."""
    there = [Phase.ENTERING, Phase.WAITING, Phase.LEAVING, Phase.DIALLING, Phase.TALKING]
    calls = [
        replace(CALL, uniqueid=phase.value, phase=phase, began_at=float(-number)) for number, phase in enumerate(Phase)
    ]
    found = await view(tmp_path, *calls, replace(CALL, target="desk")).calls("tunis", 0)
    assert [call.uniqueid for call in found.now] == [phase.value for phase in reversed(there)]
    assert found.ended == ()


async def test_times_are_told_of_a_call_that_goes_on(tmp_path: Path) -> None:
    """Up to the answer, or up to now."""
    [waits] = (await view(tmp_path, CALL).calls("tunis", 0)).now
    assert (waits.waited_s, waits.talked_s, waits.outcome) == (60.0, None, "")
    desk_now = waits.since + 60
    [talks] = (await view(tmp_path, replace(CALL, answered_at=desk_now - 45)).calls("tunis", 0)).now
    assert (talks.waited_s, talks.talked_s) == (15.0, 45.0)


@pytest.mark.parametrize(("mask", "shown"), [(True, str(masked(CALL.caller))), (False, CALL.caller)])
async def test_callers_are_shown_as_the_journal_keeps_them(
    tmp_path: Path,
    mask: bool,  # noqa: FBT001 - a column
    shown: str,
) -> None:
    """Of calls now, too."""
    [call] = (await view(tmp_path, CALL, mask=mask).calls("tunis", 0)).now
    assert shown == call.caller


async def test_ended_calls_are_those_that_ended_there_of_late(tmp_path: Path) -> None:
    """The newest first, and no more than asked for."""
    known = view(tmp_path)
    assert [call.uniqueid for call in (await known.calls("tunis", 10)).ended] == ["1.0", "2.0"]
    assert [call.uniqueid for call in (await known.calls("tunis", 1)).ended] == ["1.0"]


async def test_a_site_that_there_is_not_is_told_with_the_nearest(tmp_path: Path) -> None:
    """To who may read; a token of a site never comes so far."""
    with pytest.raises(UnknownNameError, match=r"there is no site tuniz. Did you mean `tunis`\?"):
        await view(tmp_path).calls("tuniz", 10)


@pytest.mark.parametrize("path", ["/sites/tunise", "/sites/tunise/calls"])
@pytest.mark.parametrize(("role", "names"), [(Role.SITE, False), (Role.READ, True)])
async def test_a_site_that_is_gone_learns_no_name_of_another(
    tmp_path: Path, path: str, role: Role, *, names: bool
) -> None:
    """404 with the sites that there are, or the nearest, is for who may see them all; not for a token of one alone."""

    @web.middleware
    async def held(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[HOLDER] = Holder("somebody", role, "tunise" if role is Role.SITE else "")
        return await handler(request)

    app = control_app(structlog.get_logger(), places(view(tmp_path)))
    app.middlewares.append(held)
    runner = web.AppRunner(app)
    await runner.setup()
    with TemporaryDirectory(prefix="ccrouter-") as folder:
        socket = f"{folder}/s"
        await web.UnixSite(runner, socket).start()
        async with ClientSession(connector=UnixConnector(socket)) as session, session.get(f"http://x{path}") as answer:
            assert answer.status == 404
            told = (await answer.json(content_type=None))["detail"]
    await runner.cleanup()
    assert "no site tunise" in told
    assert ("`tunis`" in told) is names
