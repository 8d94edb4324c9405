"""The compiled rules on disk: written when something is otherwise, told when a PABX does not have them."""

import asyncio
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
from ccrouter.telemetry.fallback import FallbackCounts
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
        assert "No such file or directory" in house.fallback.remark("pbx")
        assert "No such file or directory" in house.fallback.why_stale
        folder.mkdir()
        await until(lambda: house.fallback.version in house.text() and not house.fallback.trouble)
        assert house.fallback.remark("pbx") == ""


async def test_another_router_may_have_written_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that keep one file get in each other's way; as long as it holds what it should, nothing is wrong."""

    def both(path: Path, content: bytes) -> None:
        path.write_bytes(content)
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr("ccrouter.app.fallback.write_public", both)
    house = House(tmp_path)
    async with house.kept():
        await until(lambda: house.fallback.version != "")
    assert (house.fallback.trouble, house.sample("writes_total", result="failed")) == ("", None)


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
        assert house.fallback.remark("pbx").startswith("has older-1 in force of the compiled rules, not ")
        assert house.fallback.why_stale.startswith("pbx has older-1 in force")
        await asyncio.sleep(10 * PACE.look)
        assert house.words().count("a PABX does not have the compiled rules in force") == 1
        house.has = house.fallback.version
        await until(lambda: house.sample("in_force", pabx="pbx") == 1)
        assert (house.fallback.remark("pbx"), house.fallback.why_stale) == ("", "")
        assert "a PABX has the compiled rules in force" in house.words()


async def test_a_pabx_that_does_not_tell_is_not_known(tmp_path: Path) -> None:
    """Without a link there is no sample and no remark: neither 0 nor 1 would be true."""
    house = House(tmp_path)
    async with house.kept():
        await until(lambda: house.sample("in_force", pabx="pbx") == 0)
        house.has = LinkError("down")
        await until(lambda: house.sample("in_force", pabx="pbx") is None)
        house.clock.at += PACE.patience + 1
        assert house.fallback.remark("pbx") == ""
