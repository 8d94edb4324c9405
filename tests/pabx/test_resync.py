"""What ccrouter sees is what the PABX has: after a cut, after silence, after a restart, in the middle of the load.

The daemon runs in this process, so that its view can be compared item by item with what the PABX's console prints.
"""

import asyncio
import random
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Final, TypeVar

import pytest

from ccrouter.ami.watches import LinkState
from ccrouter.app.daemon import Daemon
from ccrouter.clock import SystemClock
from ccrouter.config.load import load_settings
from ccrouter.telemetry.logs import Logs
from ccrouter.telemetry.notify import Supervisor
from phones import Call, Callee, sign_in
from small_pabx import POSITIONS_ADDRESS, SITES_ADDRESS, Layout, SmallPabx, free_port
from support.listener import Listener, ListenerError
from support.pabx_picture import CONSOLE, Console, Picture, seen
from support.parties import CalleeHabits, Parties
from support.real_house import PABX, SETTINGS
from support.relay import Relay

T = TypeVar("T")

ROUTING: Final = """
timezone: Europe/Paris
sites:
  paris: {in_house: {queue: support, max_wait: 60s}}
  lyon: {in_house: {queue: sales, max_wait: 60s}}
  tunis: {external: {dial: PJSIP/33100@trunk-tunis, answer_within: 5s, max_calls: 50}}
  backup: {external: {dial: PJSIP/33200@trunk-backup, answer_within: 5s, max_calls: 50}}
messages:
  closed: {play: please-try-call-later}
numbers:
  "0800 000 001": {service: support}
  "0800 000 002": {service: sales}
  "0800 000 003": {service: outsourced}
  "0800 000 004": {service: shared}
services:
  support: {otherwise: [paris, closed]}
  sales: {otherwise: [lyon, closed]}
  outsourced: {otherwise: [tunis, backup, closed]}
  shared: {otherwise: [{share: {tunis: 50, backup: 50}}, closed]}
"""
QUEUES: Final = ("support", "sales")
NUMBERS: Final = tuple(f"080000000{n}" for n in range(1, 5))
POSITIONS: Final = tuple(f"agent{n}" for n in range(1, 9))

PROMISE_S: Final = 2.0
OUTAGE_S: Final = 3.0
WARM_S: Final = 3.0
"""Until the load is there: callers who wait, calls at sites."""

PER_S: Final = 8
STIR_S: Final = 0.15
LOOKS: Final = 10
LOOK_S: Final = 0.01
CLOCK: Final = SystemClock()


class Stirrer:
    """Has positions log in and out and pause, all the time, as people do."""

    def __init__(self, ami_port: int, secret: str) -> None:
        self._session = Listener(ami_port, "ccrouter", secret)
        self._random = random.Random(7)  # noqa: S311 - chosen to be repeatable
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._stir, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._over.set()
        self._thread.join()
        self._session.close()

    def _stir(self) -> None:
        while not self._over.wait(STIR_S):
            member = {"Queue": self._random.choice(QUEUES), "Interface": f"PJSIP/{self._random.choice(POSITIONS)}"}
            action = self._random.choice(("QueueAdd", "QueueAdd", "QueueRemove", "pause", "unpause"))
            try:
                if action.startswith("Queue"):
                    self._session.ask(action, **member)
                else:
                    paused = {"Paused": "true", "Reason": "lunch"} if action == "pause" else {"Paused": "false"}
                    self._session.ask("QueuePause", **member, **paused)
            except (OSError, ListenerError):
                return  # the PABX is gone


@dataclass
class Scene:
    """A PABX in the middle of its load, and the daemon that follows it; `ears` are the AMI sessions of the test."""

    daemon: Daemon
    pabx: SmallPabx
    relay: Relay
    parties: Parties
    hands: ThreadPoolExecutor
    log: StringIO
    ears: ExitStack = field(default_factory=ExitStack)
    console: Console = field(init=False)

    def __post_init__(self) -> None:
        self.open_ears()

    def open_ears(self) -> None:
        """Log in to the PABX that runs now, and begin to stir."""
        self.parties.listener = self.ears.enter_context(Listener(self.pabx.ami_port, "ccrouter", self.pabx.ami_secret))
        self.console = self.ears.enter_context(closing(Console(self.pabx.ami_port)))
        self.ears.enter_context(closing(Stirrer(self.pabx.ami_port, self.pabx.ami_secret)))

    async def work(self, task: Callable[[], T]) -> T:
        """Do what blocks, in the one thread that lasts as long as the scene."""
        return await asyncio.get_running_loop().run_in_executor(self.hands, task)

    async def load(self) -> None:
        """Have calls come: to both queues, to both sites; who is not answered gives up."""
        calls = [Call(caller=f"336{self.parties.fresh():08}", number=NUMBERS[n % len(NUMBERS)]) for n in range(150)]
        await self.work(lambda: self.parties.start(calls, per_s=PER_S, patience_ms=4000))

    async def restart(self, end: Callable[[], None]) -> None:
        """End the PABX with its calls, and have it boot; new calls come at once."""
        self.ears.close()
        await self.work(end)
        await self.work(self.pabx.start)
        await self.load()

    async def lost(self) -> None:
        """Wait until the daemon knows that its link is gone."""
        async with asyncio.timeout(5 * PROMISE_S):
            while self.daemon._links[PABX].state is LinkState.IN_SYNC:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(LOOK_S)

    async def same(self) -> Picture:
        """Wait until ccrouter is in sync and sees what the console prints, and return that."""
        deadline = CLOCK.steady() + 5 * PROMISE_S
        while True:
            before = seen(self.daemon._state)
            truth = await self.work(self.console.picture)
            after = seen(self.daemon._state)
            if self.daemon._links[PABX].state is LinkState.IN_SYNC and truth in (before, after):
                return truth
            if CLOCK.steady() > deadline:
                told = [f"after {5 * PROMISE_S} s ccrouter (here) and the PABX (there) still differ:"]
                raise AssertionError("\n".join([*told, *after.differences(truth), self.log.getvalue()[-6000:]]))

    async def same_soon(self, what: str) -> Picture:
        """Have both be the same within the time promised."""
        began = CLOCK.steady()
        picture = await self.same()
        took_s = CLOCK.steady() - began
        sys.stdout.write(f"the same again {took_s:.2f} s after {what}\n")
        assert took_s < PROMISE_S
        return picture

    async def stays_the_same(self) -> list[Picture]:
        """Look again and again while the load goes on; each time both are soon the same. Return what was seen."""
        pictures = []
        for _ in range(LOOKS):
            pictures.append(await self.same_soon("the last look"))
            await asyncio.sleep(STIR_S)
        return pictures


@pytest.fixture(params=(22, 16), ids=lambda version: f"asterisk{version}")
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    """Give a scene without calls yet."""
    with ThreadPoolExecutor(1) as hands, ExitStack() as house:
        folder = Path(tempfile.mkdtemp(prefix="ccrouter-"))
        house.callback(shutil.rmtree, folder)
        agi, http = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_STREAM)
        loop = asyncio.get_running_loop()
        pabx, parties = await loop.run_in_executor(hands, _open, request.param, folder, agi, house)
        relay = house.enter_context(Relay(pabx.ami_port))
        ours = {"control": "control.sock", "rank": 1}
        settings = SETTINGS.format(name=PABX, ami=relay.port, secret=pabx.ami_secret_file, agi=agi, http=http, **ours)
        (folder / "settings.yaml").write_text(settings)
        (folder / "routing.yaml").write_text(ROUTING)
        (folder / "state").mkdir()
        async with _running(folder) as (daemon, log):
            scene = Scene(daemon, pabx, relay, parties, hands, log)
            await scene.load()
            await scene.same()
            await asyncio.sleep(WARM_S)
            yield scene
            scene.ears.close()
        await loop.run_in_executor(hands, house.close)


def _open(version: int, folder: Path, agi: int, house: ExitStack) -> tuple[SmallPabx, Parties]:
    habits: CalleeHabits = {"answer_ms": 300, "talk_ms": 3500}
    sites = {
        name: house.enter_context(Callee(folder / "sipp", name, address=SITES_ADDRESS, **habits))
        for name in ("tunis", "backup")
    }
    layout = Layout(
        version=version,
        queues=QUEUES,
        positions=dict.fromkeys(POSITIONS, QUEUES),
        sites={name: site.port for name, site in sites.items()},
        statics={"": "play|closed|please-try-call-later"},
        agi=f"agi://127.0.0.1:{agi}/route",
        ring_s=2,
        site_rtp_timeout_s=30,
        extra={"manager.conf": CONSOLE},
    )
    pabx = house.enter_context(SmallPabx(layout, folder / "pabx"))
    with Listener(pabx.ami_port, "ccrouter", pabx.ami_secret) as listener:
        positions = house.enter_context(Callee(folder / "sipp", "positions", address=POSITIONS_ADDRESS, **habits))
        sign_in(pabx, folder / "sipp", POSITIONS, positions.port)
        for n, name in enumerate(POSITIONS):
            listener.ask("QueueAdd", Queue=QUEUES[n % len(QUEUES)], Interface=f"PJSIP/{name}")
        parties = Parties(listener, pabx, folder / "sipp", sites, [])
    house.callback(parties._open.close)
    return pabx, parties


@asynccontextmanager
async def _running(folder: Path) -> AsyncIterator[tuple[Daemon, StringIO]]:
    """Run the daemon in this event loop."""
    log = StringIO()
    with Logs(CLOCK, log, level="info", form="console", mask_callers=True) as logs, Supervisor({}, 0) as supervisor:
        daemon = Daemon(load_settings(folder / "settings.yaml"), CLOCK, logs)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(daemon.run(supervisor))
            try:
                yield daemon, log
            finally:
                running.cancel()


def assert_busy(pictures: list[Picture]) -> None:
    """Check that there was something to get wrong: callers who wait, calls at sites, talks, pauses."""
    assert any(picture.waiting for picture in pictures)
    assert {"tunis", "backup"} <= {site for picture in pictures for site in picture.at_sites}
    seats = [seat for picture in pictures for seat in picture.seats.values()]
    assert any(seat.paused for seat in seats)
    assert any(seat.in_call for seat in seats)


async def test_the_view_is_the_pabxs_own_after_an_ami_cut(scene: Scene) -> None:
    """Reset at once, refused for 3 s, or silent for 3 s: when the network is well again, so is the view, within 2 s."""
    scene.relay.cut()
    await scene.lost()
    first = await scene.same_soon("a cut")
    assert_busy([first, *await scene.stays_the_same()])
    for what, fail in (("being refused", scene.relay.refuse), ("silence", scene.relay.hold)):
        fail()
        await asyncio.sleep(OUTAGE_S)
        scene.relay.mend()
        first = await scene.same_soon(what)
        assert_busy([first, *await scene.stays_the_same()])


async def test_the_view_is_the_pabxs_own_after_a_restart(scene: Scene) -> None:
    """Killed or ended in order: when the PABX is fully booted, and calls come again, the view is well within 2 s."""
    for end in (scene.pabx.kill, scene.pabx.stop):
        await scene.restart(end)
        scene.open_ears()
        await scene.same_soon(f"a restart by {end.__name__}")
        await asyncio.sleep(WARM_S)
        assert_busy(await scene.stays_the_same())
