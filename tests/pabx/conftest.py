"""A real Asterisk with real SIP parties, shared by all tests; each test takes numbers of its own."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from phones import Callee
from small_pabx import SITES_ADDRESS, Layout, SmallPabx, free_port
from support.listener import Listener
from support.real_house import RealHouse, real_house
from support.rig import POSITIONS, QUEUES, SITES, STATICS, Rig
from support.scripted_router import Heartbeat, ScriptedRouter

VERSIONS: Final = (22, 16)


@pytest.fixture(scope="session", params=VERSIONS, ids=lambda version: f"asterisk{version}")
def shared_rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """One PABX of each version, for all tests."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="ccrouter-"))
        stack.callback(shutil.rmtree, folder)
        router = ScriptedRouter()
        stack.callback(router.close)
        sites = {
            name: stack.enter_context(Callee(folder / "sipp", name, address=SITES_ADDRESS, **how))
            for name, how in SITES.items()
        }
        layout = Layout(
            version=request.param,
            queues=QUEUES,
            positions=dict.fromkeys(POSITIONS, ()),
            sites={name: site.port for name, site in sites.items()} | {"dead": free_port(address=SITES_ADDRESS)},
            statics=STATICS,
            agi=router.address,
            ring_s=2,
            extra={"queues.conf": "\n[short](queue)\nmaxlen = 1\n"},
            site_rtp_timeout_s=2,
        )
        pabx = stack.enter_context(SmallPabx(layout, folder))
        listener = stack.enter_context(Listener(pabx.ami_port, "ccrouter", pabx.ami_secret))
        reachable = {f"trunk-{name}" for name in SITES}
        listener.wait_for(
            lambda event: event.get("ContactStatus") == "Reachable" and event["AOR"] in reachable, count=len(reachable)
        )
        heartbeat = Heartbeat(pabx.ami_port, pabx.ami_secret)
        stack.callback(heartbeat.close)
        yield Rig(pabx=pabx, folder=folder / "sipp", router=router, listener=listener, sites=sites, heartbeat=heartbeat)


@pytest.fixture
def rig(shared_rig: Rig) -> Iterator[Rig]:
    """Hand out the PABX, with the router's heartbeat; afterwards no channel may be left on it."""
    shared_rig.heartbeat.start()
    yield shared_rig
    shared_rig.tidy_up()


@pytest.fixture(scope="module", params=VERSIONS, ids=lambda version: f"asterisk{version}")
def shared_house(request: pytest.FixtureRequest) -> Iterator[RealHouse]:
    """One house with the real daemon, of each version, for all tests of a module, which says in HOUSE what it needs."""
    with real_house(request.param, request.module.HOUSE) as house:
        yield house


@pytest.fixture
def house(shared_house: RealHouse) -> Iterator[RealHouse]:
    """Give the house, in which nobody calls; afterwards no channel may be left on its PABX."""
    yield shared_house
    shared_house.tidy_up()
