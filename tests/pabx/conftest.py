"""A real Asterisk with real SIP parties, shared by all tests; each test takes numbers of its own."""

import secrets
import shutil
import socket
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from phones import Callee
from small_pabx import SITES_ADDRESS, Layout, SmallPabx
from support.listener import Listener
from support.real_house import RealHouse, real_house
from support.rig import POSITIONS, QUEUES, SITES, STATICS, Rig
from support.scripted_router import Heartbeat, ScriptedRouter

VERSIONS: Final = (22, 16)

WATCHER: Final = secrets.token_hex(8)
"""Secret of an AMI user who sees each step of the dialplan."""

EXTRA: Final = {
    "queues.conf": "\n[short](queue)\nmaxlen = 1\n",
    "extensions.conf": """
[from-carrier]
exten => 0900000003,1,Set(TIMEOUT(absolute)=2)
 same => n,Goto(ccrouter,${EXTEN},1)

[elsewhere]
exten => s,1,Answer(,i)
 same => n,Wait(0.2)
 same => n,Hangup()
""",
    "manager.conf": f"\n[watcher]\nsecret = {WATCHER}\nread = dialplan\n",
}
"""What an admin may have besides: a queue with a limit, a number whose calls last two seconds, a context of its own, a
curious AMI user."""


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
        nobody = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        nobody.bind((SITES_ADDRESS, 0))
        layout = Layout(
            version=request.param,
            queues=QUEUES,
            positions=dict.fromkeys(POSITIONS, ()) | {"lead": ("queue1", "queue2")},
            sites={name: site.port for name, site in sites.items()} | {"dead": nobody.getsockname()[1]},
            statics=STATICS,
            agi=router.address,
            ring_s=2,
            extra=EXTRA,
            site_rtp_timeout_s=2,
        )
        pabx = stack.enter_context(SmallPabx(layout, folder))
        listener = stack.enter_context(Listener(pabx.ami_port, "ccrouter", pabx.ami_secret))
        unseen = {f"trunk-{name}" for name in SITES}
        for device in listener.listed("DeviceStateList"):
            if device["State"] == "NOT_INUSE":
                unseen.discard(device["Device"].removeprefix("PJSIP/"))
        while unseen:
            seen = listener.wait_for(lambda event: event.get("ContactStatus") == "Reachable" and event["AOR"] in unseen)
            unseen.discard(seen["AOR"])
        if not any("trunk-dead" in line and "Unavail" in line for line in pabx.cli("pjsip show contacts").splitlines()):
            listener.wait_for(
                lambda event: event.get("AOR") == "trunk-dead" and event["ContactStatus"] == "Unreachable"
            )
        heartbeat = Heartbeat(pabx.ami_port, pabx.ami_secret)
        stack.callback(heartbeat.close)
        yield Rig(
            pabx=pabx,
            folder=folder / "sipp",
            listener=listener,
            sites=sites,
            free_positions=list(POSITIONS),
            router=router,
            heartbeat=heartbeat,
        )


@pytest.fixture
def rig(shared_rig: Rig) -> Iterator[Rig]:
    """Hand out the PABX, with the router's heartbeat; afterwards no channel may be left on it."""
    shared_rig.heartbeat.start()
    yield shared_rig
    shared_rig.tidy_up()


@pytest.fixture
def watcher(rig: Rig) -> Iterator[Listener]:
    """Hand out a session that hears each priority of the dialplan that runs."""
    with Listener(rig.pabx.ami_port, "watcher", WATCHER) as session:
        yield session


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


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Return what keeps a figure worth knowing: it is in the XML report and in the summary of the run."""
    # Not by record_property, which warns where the XML report's format is the default one.
    return lambda text: request.node.user_properties.append(("figure", text))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the end of the daemon's log beside a failure."""
    report = yield
    house = item.funcargs.get("house")
    if report.failed and isinstance(house, RealHouse):
        report.sections.append(("The daemon's log", house.daemon.log_end()))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell the figures that the tests kept."""
    told = [
        f"{report.nodeid.rpartition('::')[2]}: {text}"
        for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
        if report.when == "call"
        for name, text in report.user_properties
        if name == "figure"
    ]
    if told:
        terminalreporter.section("figures")
        terminalreporter.write_line("\n".join(told))
