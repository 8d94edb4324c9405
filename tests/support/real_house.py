"""A whole house that runs: a real Asterisk, real SIP parties around it, and the real daemon between them."""

import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Unpack

from ccrouter.config.load import compile_text
from ccrouter.routing.destinations import External
from ccrouter.web.status import QueueStatus, SiteStatus, Status
from phones import Callee
from small_pabx import SITES_ADDRESS, Layout, SmallPabx, free_port
from support.daemon_process import Line
from support.listener import Listener
from support.parties import CalleeHabits, Parties
from support.real_daemon import RealDaemon
from support.relay import Relay

SETTINGS: Final = """
pabxs: [{{name: {name}, host: 127.0.0.1, port: {ami}, username: ccrouter, secret: {{file: "{secret}"}}}}]
agi: {{host: 127.0.0.1, port: {agi}}}
http: {{host: 127.0.0.1, port: {http}}}
routing: routing.yaml
control: {control}
state_dir: state
router: {rank}
log: {{format: json, mask_callers: false}}
"""

COMPILED: Final = "fallback: {{file: pabx/conf/ccrouter/fallback.conf}}\n"
"""Where the small PABX includes them."""

PABX: Final = "pbx"
"""The PABX's name in the settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HousePlan:
    """What a house consists of.

    Attributes:
        routing: text of the routing file; the trunk of a site NAME is PJSIP/trunk-NAME.
        sites: the sites that are there, by the name of their trunk, and how each behaves.
        dead: names of trunks where nobody ever listens; their sites are called likewise.
        queues: names of the queues; nobody is logged in at first.
        positions: how many telephones there are for positions.
        statics: plans of the PABX for the time without a router, by number; the empty number stands for all others.
        ring_s: how long a position rings.
        site_rtp_timeout_s: silence after which a site counts as dead in the talk.
        pabx_files: text that is put at the end of the PABX's configuration files, by their name.
        relayed: whether the daemon's AMI link goes through the house's relay, which can cut it.
        agreeing: whether the daemon must agree with all that the PABX tells, for nobody cuts the link or cheats.
        routers: how many daemons there are, 1 or 2; they share the state folder and the routing file.
        tokens: text of the file of tokens for the API over HTTP; empty for none.
        compiled: whether the rules are compiled for the PABX's own dialplan; nobody has the PABX read them.
        settings: text that is put at the end of the settings files.

    """

    routing: str
    sites: Mapping[str, CalleeHabits] = field(default_factory=dict)
    dead: Sequence[str] = ()
    queues: Sequence[str] = ()
    positions: int = 12
    statics: Mapping[str, str] = field(default_factory=lambda: {"": "play|static|all-circuits-busy-now"})
    ring_s: int = 2
    site_rtp_timeout_s: int = 3
    pabx_files: Mapping[str, str] = field(default_factory=dict)
    relayed: bool = False
    agreeing: bool = False
    routers: int = 1
    tokens: str = ""
    compiled: bool = False
    settings: str = ""


@dataclass(slots=True)
class RealHouse(Parties):
    """A house that runs; see Parties for callers, positions and what they saw.

    Attributes:
        daemons: all of them, by rank.
        relay: to the PABX's AMI; used where the plan says so.
        agreeing: as the plan says.

    """

    daemons: Sequence[RealDaemon] = field(kw_only=True)
    relay: Relay = field(kw_only=True)
    agreeing: bool = field(kw_only=True)
    _looked_at: dict[int, int] = field(default_factory=dict)

    @property
    def daemon(self) -> RealDaemon:
        """The daemon, or the first of two."""
        return self.daemons[0]

    @property
    def running(self) -> list[RealDaemon]:
        """The daemons that run, by rank."""
        return [daemon for daemon in self.daemons if daemon.runs]

    def sit_down(self, queue: str, count: int = 1, **habits: Unpack[CalleeHabits]) -> Callee:
        """Have positions sign in and log in to `queue`, and wait until each daemon counts them."""
        before = self.queue(queue).logged_in
        callee = Parties.sit_down(self, queue, count, **habits)
        for daemon in self.running:
            daemon.wait_until(lambda status: queue_in(status, queue).logged_in == before + count)
        return callee

    def queue(self, name: str) -> QueueStatus:
        """Return what the daemon knows of a queue now."""
        return queue_in(self._status(), name)

    def site(self, name: str) -> SiteStatus:
        """Return what the daemon knows of a site now."""
        return site_in(self._status(), name)

    def close_site(self, name: str) -> None:
        """Have a site die with the calls that it carries; nobody is told."""
        self.sites[name].sipp.stop()

    def open_site(self, name: str, **habits: Unpack[CalleeHabits]) -> None:
        """Have a site that died take calls again, until the test is over."""
        port = self.sites[name].port
        again = Callee(self.folder, f"{name}{self.fresh()}", address=SITES_ADDRESS, port=port, **habits)
        self.sites[name] = self._open.enter_context(again)

    def tidy_up(self) -> None:
        """End what the last test started, and show that neither the PABX nor a daemon sees a call any more."""
        Parties.tidy_up(self)
        for daemon in self.running:
            daemon.wait_until(at_rest)
        for daemon in self.daemons:
            seen = self._looked_at.get(daemon.rank, 0)
            told = daemon.lines[seen:]
            self._looked_at[daemon.rank] = seen + len(told)
            assert not self.agreeing or not [line for line in told if is_doubt(line)]

    def _status(self) -> Status:
        return self.running[0].wait_until(lambda _: True)


def site_in(status: Status, name: str) -> SiteStatus:
    """Return one site of a status."""
    return next(site for site in status.sites if site.name == name)


def queue_in(status: Status, name: str) -> QueueStatus:
    """Return one queue of a status."""
    return next(queue for queue in status.queues if queue.name == name)


def is_doubt(line: Line) -> bool:
    """Tell whether a line of the log says that what the daemon knows and what the PABX tells do not agree."""
    # Where both channels are gone at the end of a talk, Asterisk tells of none; the daemon reads the queue again.
    refused = line["event"] == "AMI event refused" and line["ami_event"] != "AgentComplete"
    return refused or line["event"] == "event not applied" or line.get("level") == "error"


def at_rest(status: Status) -> bool:
    """Tell whether no call is anywhere."""
    return not any(site.calls for site in status.sites) and not any(queue.waiting for queue in status.queues)


def in_sync(status: Status) -> bool:
    """Tell whether calls can be routed and the whole picture is known."""
    return not status.not_ready and all(pabx.in_sync for pabx in status.pabxs)


@contextmanager
def real_house(version: int, plan: HousePlan) -> Iterator[RealHouse]:
    """Bring a house up, with Asterisk of this version; when it is given, calls are routed and all sites are known.

    At the end no channel may be left on the PABX.

    Raises:
        DaemonError: the daemon did not become ready; the text has its log.

    """
    rules = compile_text(plan.routing.encode(), "routing.yaml")
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="ccrouter-"))
        stack.callback(shutil.rmtree, folder)
        sites = {
            name: stack.enter_context(Callee(folder / "sipp", name, address=SITES_ADDRESS, **habits))
            for name, habits in plan.sites.items()
        }
        agi_ports = [free_port(socket.SOCK_STREAM) for _ in range(plan.routers)]
        names = [f"agent{n}" for n in range(1, plan.positions + 1)]
        trunks = {name: site.port for name, site in sites.items()}
        trunks |= {name: free_port(address=SITES_ADDRESS) for name in plan.dead}
        layout = Layout(
            version=version,
            queues=plan.queues,
            positions=dict.fromkeys(names, ()),
            sites=trunks,
            statics=plan.statics,
            agi=f"agi://127.0.0.1:{agi_ports[0]}/route",
            agi_2=f"agi://127.0.0.1:{agi_ports[1]}/route" if plan.routers > 1 else "",
            ring_s=plan.ring_s,
            site_rtp_timeout_s=plan.site_rtp_timeout_s,
            extra=plan.pabx_files,
        )
        pabx = stack.enter_context(SmallPabx(layout, folder / "pabx"))
        relay = stack.enter_context(Relay(pabx.ami_port))
        ami_port = relay.port if plan.relayed else pabx.ami_port
        (folder / "routing.yaml").write_text(plan.routing)
        (folder / "state").mkdir()
        (folder / "tokens").touch(mode=0o600)
        (folder / "tokens").write_text(plan.tokens)
        (pabx.conf / "ccrouter").mkdir()
        daemons = []
        for rank, agi_port in enumerate(agi_ports, 1):
            daemon = RealDaemon(folder, free_port(socket.SOCK_STREAM), rank)
            settings = SETTINGS.replace("{http}", "{http}, tokens: tokens" if plan.tokens else "{http}")
            daemon.settings.write_text(
                (settings + COMPILED * plan.compiled).format(
                    name=PABX,
                    ami=ami_port,
                    secret=pabx.ami_secret_file,
                    agi=agi_port,
                    http=daemon.http_port,
                    control=daemon.socket.name,
                    rank=rank,
                )
                + plan.settings
            )
            stack.callback(daemon.close)
            daemon.start()
            daemons.append(daemon)
        listener = stack.enter_context(Listener(pabx.ami_port, "ccrouter", pabx.ami_secret))
        house = RealHouse(
            pabx=pabx,
            folder=folder / "sipp",
            listener=listener,
            sites=sites,
            free_positions=names,
            daemons=daemons,
            relay=relay,
            agreeing=plan.agreeing,
        )
        external = {name for name, site in rules.sites.items() if isinstance(site, External)}
        health = {name: "down" if name in plan.dead else "up" for name in external}
        for daemon in daemons:
            daemon.wait_until(
                lambda status: (
                    in_sync(status)
                    and health == {site.name: site.health for site in status.sites if site.name in external}
                )
            )
        yield house
        house.tidy_up()
