"""What a telephone's code does: believed by the PABX's word alone, kept before it counts, in the audit in any case."""

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import cast

import pytest
import structlog
from prometheus_client import CollectorRegistry
from structlog.testing import LogCapture
from structlog.typing import FilteringBoundLogger

from ccrouter.agi.calls import CodeDialled
from ccrouter.app.deeds import Deeds
from ccrouter.app.modes import ModeSwitch
from ccrouter.app.phones import MOST, Dialled, Telephones, confirmed
from ccrouter.errors import LinkError, StoreError
from ccrouter.routing.rules import ModeKey, Rules
from ccrouter.store import standing as module
from ccrouter.store.audit import Audit
from ccrouter.store.database import Database
from ccrouter.store.keepers import kept_modes
from ccrouter.store.modes import ModeOn, Modes
from ccrouter.store.standing import Work
from ccrouter.telemetry.counts import CodeCounts
from ccrouter.web.orders import ModeOrder
from support.hand_clock import HandClock
from support.world import World

CHANNEL = "PJSIP/101-0000001a"
DIALLED = CodeDialled("pbx", CHANNEL, "7.1")
PATIENCE_S = 30.0

RULES = replace(
    World().rules(),
    modes=frozenset({"crisis", "fair"}),
    mode_keys=MappingProxyType({"1": ModeKey("crisis", frozenset({"PJSIP/101"})), "2": ModeKey("fair", frozenset())}),
    mode_ends=MappingProxyType({"crisis": 3600}),
)


# --- what the PABX says of a channel ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("7.1|*481|1|Anna", Dialled("PJSIP/101", "*481", "1", None, "Anna")),
        ("7.1|*4807*1|07*1|", Dialled("PJSIP/101", "*4807*1", "07", on=True, name="")),
        ("7.1|#71*0|1*0|Anna (chief)", Dialled("PJSIP/101", "#71*0", "1", on=False, name="Anna chief")),
        ("7.1|*481*2|1*2|Anna", Dialled("PJSIP/101", "*481*2", "1*2", None, "Anna")),
        ("7.1|*481#|1#|Anna", Dialled("PJSIP/101", "*481#", "1#", None, "Anna")),
        ("7.1|*481|1|" + "A" * 90, Dialled("PJSIP/101", "*481", "1", None, "A" * 60)),
        ("7.1|*481|1|A\x1b[2Jb", Dialled("PJSIP/101", "*481", "1", None, "A\ufffd[2Jb")),
    ],
)
def test_a_channel_tells_what_its_telephone_dialled(value: str, expected: Dialled) -> None:
    """The endpoint is the channel's name without its number; the name is cut to what an audit may show."""
    assert confirmed(DIALLED, value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        "7.2|*481|1|Anna",  # another channel under a name that was used before
        "*481|1|Anna",
        "7.1|*481||Anna",
        "7.1|*481|1|Anna|7.1",
        "7.1|*481|crisis|Anna",
        "7.1|*481 |1|Anna",
        "7.1|" + "4" * 41 + "|1|Anna",
    ],
)
def test_what_says_anything_else_is_not_believed(value: str) -> None:
    """Of another channel, or of none that dialled a code."""
    assert confirmed(DIALLED, value) is None


@pytest.mark.parametrize(
    ("channel", "phone"),
    [
        ("PJSIP/front-desk-0000001a", "PJSIP/front-desk"),
        ("PJSIP/101-00000001-0000001a", "PJSIP/101-00000001"),
        ("SIP/101-0000001a", "SIP/101"),
        ("Local/101@positions-0000001a;1", "Local/101@positions"),
        ("PJSIP/101", ""),
    ],
)
def test_the_endpoint_is_that_of_the_channel(channel: str, phone: str) -> None:
    """No endpoint can be named so that its channels look like those of another."""
    found = confirmed(replace(DIALLED, channel=channel), "7.1|*481|1|Anna")
    assert found is not None
    assert found.phone == phone


# --- a switch ---------------------------------------------------------------------------------------------------------


class Link:
    """A PABX that knows some channels; `up` says whether it can be asked."""

    def __init__(self, clock: HandClock) -> None:
        self.values = {CHANNEL: "7.1|*481|1|Anna"}
        self.clock = clock
        self.up = True
        self.answers = asyncio.Event()
        self.answers.set()

    async def variable(self, channel: str, name: str) -> str | None:
        """Give the variable of a channel."""
        assert name == "CCROUTER_SWITCH"
        await self.answers.wait()
        if not self.up:
            raise LinkError("the link to the PABX is down")
        return self.values.get(channel)


@dataclass
class Desk:
    """Telephones at work, and what is around them."""

    phones: Telephones
    switch: ModeSwitch
    modes: Modes
    audit: Audit
    link: Link
    log: LogCapture
    changes: list[frozenset[str]] = field(default_factory=list)
    rules: Rules = RULES

    async def dial(self, dialled: CodeDialled = DIALLED) -> str:
        """Return what a telephone is told."""
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.phones.dialled(dialled, answer.set_result)
        async with asyncio.timeout(PATIENCE_S):
            return await answer

    def deeds(self) -> list[tuple[str, str, str, str]]:
        """Return who did what to what, and why, newest first."""
        return [(deed.who, deed.what, deed.subject, deed.why) for deed in self.audit.latest(10)]


@pytest.fixture
async def desk(database: Database, clock: HandClock) -> AsyncIterator[Desk]:
    """Give telephones at work."""
    log = LogCapture()
    logger = cast(
        "FilteringBoundLogger",
        structlog.wrap_logger(None, processors=[log], wrapper_class=structlog.make_filtering_bound_logger(0)),
    )
    modes, audit, link = Modes(kept_modes(database)), Audit(database), Link(clock)
    switch = ModeSwitch(modes, lambda: made.rules, clock, logger, lambda: made.changes.append(modes.on(clock.now())))
    phones = Telephones(
        switch=switch,
        rules=lambda: made.rules,
        modes_on=modes.on,
        links={"pbx": link},
        note=Deeds(audit.append, logger).note,
        counts=CodeCounts(CollectorRegistry()),
        clock=clock,
        log=logger,
    )
    made = Desk(phones, switch, modes, audit, link, log)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(phones.run())
        yield made
        running.cancel()


async def test_a_code_switches_and_switches_back(desk: Desk, clock: HandClock) -> None:
    """Who, why and until when are kept before the telephone is told; then the lamp may follow."""
    assert await desk.dial() == "on"
    assert desk.modes.all(clock.now()) == (
        ModeOn("crisis", "Anna (PJSIP/101)", "by telephone, code *481", clock.now(), clock.now() + 3600),
    )
    assert desk.changes == [{"crisis"}]
    assert desk.phones.lamps() == {"1": True, "2": False}
    desk.link.values[CHANNEL] = "7.2|*481|1|"
    assert await desk.dial(replace(DIALLED, uniqueid="7.2")) == "off"
    assert desk.changes == [{"crisis"}, frozenset()]
    assert desk.deeds() == [
        ("PJSIP/101", "mode off", "crisis", "by telephone, code *481"),
        ("Anna (PJSIP/101)", "mode on", "crisis", "by telephone, code *481"),
    ]


async def test_one_call_switches_once(desk: Desk) -> None:
    """Whoever repeats the request of a call that goes on changes nothing."""
    assert await desk.dial() == "on"
    assert await desk.dial() == "failed"
    assert desk.switch.is_on("crisis")


async def test_of_two_telephones_at_once_the_second_finds_what_the_first_did(desk: Desk) -> None:
    """Both turn: on, then off, one after the other."""
    other = CodeDialled("pbx", "PJSIP/101-0000001b", "7.3")
    desk.link.values[other.channel] = "7.3|*481|1|Bob"
    assert list(await asyncio.gather(desk.dial(), desk.dial(other))) == ["on", "off"]
    assert [what for _, what, _, _ in desk.deeds()] == ["mode off", "mode on"]


async def test_a_telephone_that_may_not_is_in_the_audit(desk: Desk) -> None:
    """By its endpoint, whatever name it shows; nothing is switched."""
    other = CodeDialled("pbx", "PJSIP/102-0000001b", "7.3")
    desk.link.values[other.channel] = "7.3|*481|1|Anna"
    assert await desk.dial(other) == "refused"
    assert desk.deeds() == [("Anna (PJSIP/102)", "mode refused", "crisis", "by telephone, code *481")]
    assert desk.changes == []


async def test_a_lamp_without_telephones_is_switched_by_none(desk: Desk) -> None:
    """`phones: []`."""
    desk.link.values[CHANNEL] = "7.1|*482|2|Anna"
    assert await desk.dial() == "refused"


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("7.1|*489|9|Anna", "unknown"),
        ("7.1|*481*2|1*2|Anna", "unknown"),
        ("7.9|*481|1|Anna", "failed"),
        (None, "failed"),
    ],
)
async def test_codes_and_channels_that_are_not_known(desk: Desk, value: str | None, answer: str) -> None:
    """A code that no mode has; a channel that the PABX does not know, or knows otherwise."""
    desk.link.values = {} if value is None else {CHANNEL: value}
    assert await desk.dial() == answer
    assert desk.deeds() == []


async def test_without_the_pabxs_word_nothing_is_switched(desk: Desk) -> None:
    """The link is down, or its answer does not come in time."""
    desk.link.up = False
    assert await desk.dial() == "failed"
    desk.link.up = True
    desk.link.answers.clear()
    assert await desk.dial() == "failed"
    assert desk.changes == []


async def test_a_switch_that_cannot_be_kept_is_not_made(desk: Desk) -> None:
    """The telephone hears that it failed, and the next code is served as ever."""
    kept = desk.modes._standing._keeper

    class Full:
        """A keeper on a full disk."""

        def load(self, memory: tuple[ModeOn, ...] = ()) -> tuple[ModeOn, ...]:
            """Keep nothing."""
            return memory

        def change(self, work: Work[ModeOn], memory: tuple[ModeOn, ...]) -> tuple[ModeOn, ...]:
            """Refuse."""
            raise StoreError(f"no room for {work(memory)}")

    desk.modes._standing._keeper = Full()
    assert await desk.dial() == "failed"
    assert not desk.switch.is_on("crisis")
    desk.modes._standing._keeper = kept
    desk.link.values[CHANNEL] = "7.2|*481*1|1*1|Anna"
    assert await desk.dial(replace(DIALLED, uniqueid="7.2")) == "on"


async def test_behind_a_disk_that_hangs_nothing_is_switched_later(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who hears that it failed dials again: only the first, which is with the disk, may still be made."""
    monkeypatch.setattr(module, "TURN_S", 0.05)
    kept, hangs, answers = desk.modes._standing._keeper, threading.Event(), threading.Event()

    class Hung:
        """A keeper on a disk that does not answer yet."""

        def load(self, memory: tuple[ModeOn, ...] = ()) -> tuple[ModeOn, ...]:
            """Keep nothing."""
            return memory

        def change(self, work: Work[ModeOn], memory: tuple[ModeOn, ...]) -> tuple[ModeOn, ...]:
            """Keep it in the end."""
            hangs.set()
            assert answers.wait(PATIENCE_S)
            return kept.change(work, memory)

    desk.modes._standing._keeper = Hung()
    desk.link.values |= {f"{CHANNEL}{n}": f"7.1{n}|*481|1|Anna" for n in range(3)}
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(desk.dial())
        try:
            assert await asyncio.to_thread(hangs.wait, PATIENCE_S)
            for n in range(3):
                assert await desk.dial(CodeDialled("pbx", f"{CHANNEL}{n}", f"7.1{n}")) == "failed"
        finally:
            answers.set()
    assert first.result() == "on"
    assert [what for _, what, _, _ in desk.deeds()] == ["mode on"]


async def test_an_answer_that_cannot_be_told_costs_nothing_else(desk: Desk) -> None:
    """The mode is switched, and the next code is served."""
    told = asyncio.Event()

    def fail(_: str) -> None:
        told.set()
        raise RuntimeError("the connection is gone")

    desk.phones.dialled(DIALLED, fail)
    async with asyncio.timeout(PATIENCE_S):
        await told.wait()
    assert desk.switch.is_on("crisis")
    desk.link.values[CHANNEL] = "7.2|*481|1|Anna"
    assert await desk.dial(replace(DIALLED, uniqueid="7.2")) == "off"


async def test_a_flood_of_codes_is_turned_away_at_once(desk: Desk) -> None:
    """No more than some are in hand; the others hear it without a wait."""
    desk.link.answers.clear()
    answers: list[str] = []
    for _ in range(MOST + 5):
        desk.phones.dialled(DIALLED, answers.append)
    assert answers == ["failed"] * 5


# --- lamps and ends ---------------------------------------------------------------------------------------------------


async def test_a_code_that_is_taken_out_is_no_lamp_any_more(desk: Desk) -> None:
    """It is told as such, for the PABX would keep its last state for ever."""
    assert desk.phones.lamps() == {"1": False, "2": False}
    desk.rules = replace(RULES, mode_keys=MappingProxyType({"2": RULES.mode_keys["2"]}))
    assert desk.phones.lamps() == {"1": None, "2": False}
    desk.rules = RULES
    assert desk.phones.lamps() == {"1": False, "2": False}


async def test_a_mode_ends_when_its_file_says_unless_somebody_says_otherwise(desk: Desk, clock: HandClock) -> None:
    """The command line counts like the telephone: without an end it takes that of the file; a mode may have none."""

    async def until(name: str, for_s: float | None = None) -> float | None:
        state = await desk.switch.switch(ModeOrder(name, on=True, author="root", reason="a test", for_s=for_s))
        return state.until

    assert await until("crisis") == clock.now() + 3600
    assert await until("crisis", 60) == clock.now() + 60
    assert await until("fair") is None
