"""The compiled rules on disk: written when something is otherwise, told when a PABX does not have them."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import structlog
from prometheus_client import CollectorRegistry
from structlog.testing import LogCapture

from ccrouter.app.fallback import FallbackFile, Pace, Said
from ccrouter.config.load import load_routing
from ccrouter.errors import LinkError
from ccrouter.routing.overrides import Override
from ccrouter.store.files import write_public
from ccrouter.telemetry.fallback import FallbackCounts
from ccrouter.web.status import CompiledStatus
from support.configs import EXAMPLE
from support.hand_clock import HandClock

PACE = Pace(rest=0.01, again=0.02, look=0.01)
RULES = load_routing(EXAMPLE)


@dataclass
class House:
    """What the file is made from, and one PABX that has what the test says."""

    folder: Path
    clock: HandClock = field(default_factory=HandClock)
    said: Said = field(default_factory=lambda: Said(RULES, {}, ()))
    has: str | Exception | None = ""
    asked: int = 0
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    told: LogCapture = field(default_factory=LogCapture)
    fallback: FallbackFile = field(init=False)

    def __post_init__(self) -> None:
        log = structlog.wrap_logger(structlog.PrintLogger(), processors=[self.told])
        self.fallback = FallbackFile(
            self.folder / "fallback.conf",
            lambda _: self.said,
            {"pbx": self.answer},
            self.clock,
            FallbackCounts(self.registry),
            log,
            pace=PACE,
        )

    async def answer(self) -> str | None:
        """Tell what the PABX has in force."""
        self.asked += 1
        if isinstance(self.has, Exception):
            raise self.has
        return self.has

    def text(self) -> str:
        """Return what is on disk."""
        path = self.fallback.path
        return path.read_text("utf-8") if path.exists() else ""

    def files(self) -> list[str]:
        """Return what is in the folder."""
        return [path.name for path in self.folder.iterdir()]

    def words(self) -> list[str]:
        """Return the log's events."""
        return [entry["event"] for entry in self.told.entries]

    def sample(self, name: str, **labels: str) -> float | None:
        """Return a metric."""
        return self.registry.get_sample_value(f"ccrouter_fallback_{name}", labels)

    async def switches(self, count: int) -> None:
        """Switch one more thing, and return when the PABX was asked with the file for it on disk."""
        before = self.fallback.version
        self.said = replace(self.said, modes={f"mode {count}": None, "crisis": 1e10 + count})
        await until(lambda: self.fallback.version != before)
        await self.looked()

    async def looked(self) -> None:
        """Return when the PABX was asked once more, and its answer seen."""
        asked = self.asked
        await until(lambda: self.asked > asked + 1)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Keep the file inside the block."""
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(self.fallback.run())
            try:
                yield
            finally:
                task.cancel()


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what must come."""
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - what is waited for is a file, a metric, a line of log
            await asyncio.sleep(0.005)


async def test_each_change_is_written(tmp_path: Path) -> None:
    """Modes, overrides and rules each bring a new version; where nothing changes, the file is not touched."""
    house = House(tmp_path)
    async with house.kept():
        await until(lambda: house.fallback.version != "")
        first, stamp = house.fallback.version, house.fallback.path.stat()
        assert f"CCROUTER_FALLBACK = {first}" in house.text()
        assert stamp.st_mode & 0o777 == 0o644
        house.clock.at += 60
        await asyncio.sleep(10 * PACE.rest)
        assert house.fallback.path.stat().st_ino == stamp.st_ino

        house.said = replace(house.said, modes={"crisis": None})
        await until(lambda: house.fallback.version != first)
        second = house.fallback.version
        at = house.clock.at
        override = Override("1", "3949", ("backup",), at, at + 3600, "eve", "moving")
        house.said = replace(house.said, overrides=(override,))
        await until(lambda: house.fallback.version not in {first, second})
        house.said = Said(RULES, {}, ())
        await until(lambda: house.fallback.version == first)
    assert house.sample("writes_total", result="ok") == 4
    assert house.files() == ["fallback.conf"]


async def test_each_week_moves_the_horizon(tmp_path: Path) -> None:
    """On Monday a week more is known, and no change is needed for it; on the days between, the file is not touched."""
    house = House(tmp_path)
    async with house.kept():
        await until(lambda: "up to 2028-11-23" in house.text())
        stamp = house.fallback.path.stat()
        house.clock.at += 86400
        await asyncio.sleep(10 * PACE.rest)
        assert house.fallback.path.stat().st_ino == stamp.st_ino
        house.clock.at += 86400
        await until(lambda: "up to 2028-11-30" in house.text())


async def test_the_file_is_for_as_many_pabxs_as_there_are(tmp_path: Path) -> None:
    """Each may use its own lines where nothing was lent; one that hangs keeps the others from nothing."""
    house, asked = House(tmp_path), asyncio.Event()

    async def hangs() -> str | None:
        asked.set()
        await asyncio.Event().wait()
        return None

    house.fallback.in_force = {"hung": hangs, "pbx": house.answer}
    async with house.kept():
        await until(lambda: house.fallback.version != "")
        assert "|3|pass" in house.text()  # of 30 lines
        await asked.wait()
        await until(lambda: house.sample("in_force", pabx="pbx") == 0)


async def test_a_disk_that_refuses_is_told_once_and_tried_again(tmp_path: Path) -> None:
    """What is wrong is in the log, the metrics and the status, until it is mended; then the file is there."""
    folder = tmp_path / "later"
    house = House(folder)
    async with house.kept():
        await until(lambda: (house.sample("writes_total", result="failed") or 0) >= 3)
        assert house.words().count("the compiled rules could not be written") == 1
        told = house.fallback.remark("pbx")
        assert told.startswith(f"{house.fallback.path} can't be written: No such file or directory; ")
        assert f"make the folder {folder}, or set `fallback: {{file: ...}}`" in told
        assert house.fallback.why_stale == told
        folder.mkdir()
        await until(lambda: house.fallback.version in house.text() and not house.fallback.trouble)
        assert house.fallback.remark("pbx") == ""


async def test_a_disk_that_hangs_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writing that does not end is no failure that anybody counts: after some seconds it is told, till it is done."""
    begun, goes_on = threading.Event(), threading.Event()

    def hangs(path: Path, content: bytes) -> None:
        begun.set()
        goes_on.wait(20)
        write_public(path, content)

    monkeypatch.setattr("ccrouter.app.fallback.write_public", hangs)
    house = House(tmp_path)
    async with house.kept():
        try:
            await until(begun.is_set)
            house.clock.at += PACE.slow
            assert house.fallback.why_stale == ""
            house.clock.at += 3
            told = f"{house.fallback.path} has been written for 8 s and is not there yet: look at the disk"
            assert (house.fallback.why_stale, house.fallback.remark("pbx")) == (told, told)
        finally:
            goes_on.set()
        await until(lambda: house.fallback.version != "")
        assert house.fallback.why_stale == ""


async def test_rules_that_can_not_be_compiled_leave_the_file(tmp_path: Path) -> None:
    """Whatever goes wrong, the version before serves on."""
    house = House(tmp_path)
    async with house.kept():
        await until(lambda: house.fallback.version != "")
        before = house.text()
        number = next(iter(RULES.numbers.values()))
        bad = replace(number.service, name="a,b")
        house.said = Said(replace(RULES, version="bad", numbers={"1": replace(number, service=bad)}), {}, ())
        await until(lambda: "can't carry" in house.fallback.trouble)
        assert house.text() == before


async def test_a_pabx_that_does_not_take_it_is_told(tmp_path: Path) -> None:
    """A minute's patience, then one warning and a remark; it is over when the PABX has the version."""
    house = House(tmp_path)
    house.has = "older-1"
    async with house.kept():
        await until(lambda: house.sample("in_force", pabx="pbx") == 0)
        assert house.fallback.remark("pbx") == ""
        house.clock.at += PACE.patience + 1
        await until(lambda: "a PABX does not have the compiled rules in force" in house.words())
        assert house.fallback.remark("pbx") == (
            f"has older-1 in force of the compiled rules, not {house.fallback.version}: on its machine run "
            f"`ccrouter fallback --take {tmp_path}/fallback.conf --output /etc/asterisk/ccrouter/fallback.conf && "
            'asterisk -rx "dialplan reload"` (docs/fallback.md)'
        )
        assert house.fallback.why_stale.startswith("pbx has older-1 in force")
        await asyncio.sleep(10 * PACE.look)
        assert house.words().count("a PABX does not have the compiled rules in force") == 1
        house.has = house.fallback.version
        await until(lambda: house.sample("in_force", pabx="pbx") == 1)
        assert (house.fallback.remark("pbx"), house.fallback.why_stale) == ("", "")
        assert "a PABX has the compiled rules in force" in house.words()


async def test_new_versions_do_not_hide_a_pabx_that_takes_none(tmp_path: Path) -> None:
    """The time counts from the first version that it did not take, however many follow; the log tells it once."""
    house = House(tmp_path)
    house.has = "older-1"
    async with house.kept():
        await until(lambda: house.sample("in_force", pabx="pbx") == 0)
        for n in range(4):
            house.clock.at += PACE.patience / 3
            await house.switches(n)
            assert bool(house.fallback.remark("pbx")) == (n > 1)
        await until(lambda: "a PABX does not have the compiled rules in force" in house.words())
        house.has = house.fallback.version
        await until(lambda: house.sample("in_force", pabx="pbx") == 1)
        await house.switches(9)
        assert house.fallback.remark("pbx") == ""
    assert house.words().count("a PABX does not have the compiled rules in force") == 1


async def test_a_pabx_that_takes_them_late_is_not_told_of(tmp_path: Path) -> None:
    """One that is always a version behind, where they come fast, has never waited for long with any."""
    house = House(tmp_path)
    async with house.kept():
        await until(lambda: house.fallback.version != "")
        for n in range(4):
            before = house.fallback.version
            await house.switches(n)
            house.has = before
            await house.looked()
            house.clock.at += PACE.patience / 2
            await house.looked()
            assert house.fallback.remark("pbx") == ""
    assert "a PABX does not have the compiled rules in force" not in house.words()


async def test_what_is_in_force_is_told_while_all_is_well(tmp_path: Path) -> None:
    """Which version a PABX has, whether it is the newest, and how far that one knows the holidays."""
    house = House(tmp_path)
    async with house.kept():
        assert house.fallback.compiled("pbx") == CompiledStatus(None)
        await until(lambda: house.fallback.compiled("pbx") == CompiledStatus(""))
        house.has = house.fallback.version
        await until(lambda: house.fallback.compiled("pbx").newest)
        assert house.fallback.compiled("pbx") == CompiledStatus(house.has, newest=True, until="2028-11-23")
        await house.switches(1)
        assert house.fallback.compiled("pbx") == CompiledStatus(house.has)


async def test_a_pabx_that_does_not_tell_is_not_known(tmp_path: Path) -> None:
    """Without a link there is no sample and no remark: neither 0 nor 1 would be true."""
    house = House(tmp_path)
    async with house.kept():
        await until(lambda: house.sample("in_force", pabx="pbx") == 0)
        house.has = LinkError("down")
        await until(lambda: house.sample("in_force", pabx="pbx") is None)
        house.clock.at += PACE.patience + 1
        assert house.fallback.remark("pbx") == ""
