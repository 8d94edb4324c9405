"""Several real Asterisks that share their sites, and one real daemon that serves them all."""

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from phones import Callee
from small_pabx import SITES_ADDRESS, Layout, SmallPabx, free_port
from support.listener import Listener
from support.parties import CalleeHabits, Parties
from support.real_daemon import RealDaemon
from support.real_house import at_rest, in_sync
from support.relay import Relay

PABX: Final = "{{name: {name}, host: 127.0.0.1, port: {ami}, username: ccrouter, secret: {{file: {secret}}}}}"

SETTINGS: Final = """
pabxs: [{pabxs}]
agi: {{host: 127.0.0.1, port: {agi}}}
http: {{host: 127.0.0.1, port: {http}}}
routing: routing.yaml
control: {control}
state_dir: state
router: {rank}
log: {{format: json, mask_callers: false}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EstatePlan:
    """What there is.

    Attributes:
        routing: text of the routing file; the trunk of a site NAME is PJSIP/trunk-NAME on every PABX.
        sites: by the name of their trunk, and how each behaves.
        queues: names of the queues of each PABX, which are the names of the PABXs, too.
        routers: how many daemons there are, 1 or 2; they share the state folder and the routing file.

    """

    routing: str
    sites: Mapping[str, CalleeHabits]
    queues: Mapping[str, Sequence[str]]
    routers: int = 1


@dataclass(slots=True)
class Estate:
    """What runs.

    Attributes:
        pabxs: each with its callers and positions, by name.
        relays: between the first daemon and the AMI of each.
        sites: shared by all.

    """

    daemons: Sequence[RealDaemon]
    pabxs: dict[str, Parties]
    relays: dict[str, Relay]
    sites: dict[str, Callee]
    _frozen: set[str] = field(default_factory=set)
    _killed: set[str] = field(default_factory=set)

    @property
    def daemon(self) -> RealDaemon:
        """The daemon, or the first of two."""
        return self.daemons[0]

    def lines(self, site: str, rank: int = 1) -> dict[str, int]:
        """Return how many lines of a site each PABX has, by the metrics of a daemon."""
        metrics = self.daemons[rank - 1].metrics()
        names = {name: f'ccrouter_site_lines{{pabx="{name}",site="{site}"}}' for name in self.pabxs}
        return {name: int(metrics[sample]) for name, sample in names.items() if sample in metrics}

    def told(self, pabx: str, variable: str) -> str:
        """Return a global variable of a PABX, by its own word."""
        return self.pabxs[pabx].listener.ask("Getvar", Variable=variable)["Value"]

    def freeze(self, pabx: str) -> None:
        """Stop a PABX with SIGSTOP: its sockets stay open and nothing answers."""
        os.kill(self.pabxs[pabx].pabx.pid, signal.SIGSTOP)
        self._frozen.add(pabx)

    def thaw(self, pabx: str) -> None:
        """Have it go on."""
        os.kill(self.pabxs[pabx].pabx.pid, signal.SIGCONT)
        self._frozen.discard(pabx)

    def kill(self, pabx: str) -> None:
        """End a PABX with -9."""
        self.pabxs[pabx].pabx.kill()
        self._killed.add(pabx)

    def restart(self, pabx: str) -> None:
        """Start a PABX again that was killed."""
        parties = self.pabxs[pabx]
        self._killed.discard(pabx)
        _leave(parties)
        parties.pabx.start()
        parties.listener = Listener(parties.pabx.ami_port, "ccrouter", parties.pabx.ami_secret)

    def tidy_up(self) -> None:
        """End what the last test started, and show that no PABX has a channel left, and the daemon sees no call."""
        for pabx in list(self._frozen):
            self.thaw(pabx)
        for name, parties in self.pabxs.items():
            self.relays[name].mend()
            if name in self._killed:
                self.restart(name)
            parties.hang_up()
            parties.tidy_up()
        for daemon in self.daemons:
            if not daemon.runs:
                daemon.start()
            daemon.wait_until(lambda status: in_sync(status) and at_rest(status))


def _leave(parties: Parties) -> None:
    with suppress(OSError):  # its PABX was killed
        parties.listener.close()


@contextmanager
def estate(version: int, plan: EstatePlan) -> Iterator[Estate]:
    """Bring it all up, with Asterisks of this version; when it is given, every PABX is known and has its lines.

    Raises:
        DaemonError: the daemon did not become ready; the text has its log.

    """
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="ccrouter-"))
        stack.callback(shutil.rmtree, folder)
        sites = {
            name: stack.enter_context(Callee(folder / "sipp", name, address=SITES_ADDRESS, **habits))
            for name, habits in plan.sites.items()
        }
        agi = [free_port(socket.SOCK_STREAM) for _ in range(plan.routers)]
        ports = {name: site.port for name, site in sites.items()}
        pabxs: dict[str, Parties] = {}
        relays: dict[str, Relay] = {}
        for place, (name, queues) in enumerate(plan.queues.items()):
            layout = Layout(
                version=version,
                queues=queues,
                positions={f"{name}{n}": () for n in range(1, 5)},
                sites=ports,
                statics={"": "play|static|all-circuits-busy-now"},
                agi=f"agi://127.0.0.1:{agi[0]}/route/{name}",
                agi_2=f"agi://127.0.0.1:{agi[1]}/route/{name}" if plan.routers > 1 else "",
                ring_s=2,
                site_rtp_timeout_s=60,  # nobody speaks
            )
            pabx = stack.enter_context(SmallPabx(layout, folder / name))
            listener = Listener(pabx.ami_port, "ccrouter", pabx.ami_secret)
            (folder / "sipp" / name).mkdir(parents=True)
            pabxs[name] = Parties(
                listener=listener,
                pabx=pabx,
                folder=folder / "sipp" / name,
                sites=sites,
                free_positions=[*layout.positions],
                _names=place * 1_000_000,  # no caller calls on both
            )
            stack.callback(_leave, pabxs[name])
            relays[name] = stack.enter_context(Relay(pabx.ami_port))
        (folder / "routing.yaml").write_text(plan.routing)
        (folder / "state").mkdir()
        daemons = []
        for rank, port in enumerate(agi, 1):
            daemon = RealDaemon(folder, free_port(socket.SOCK_STREAM), rank)
            written = (
                PABX.format(
                    name=name,
                    ami=relays[name].port if rank == 1 else parties.pabx.ami_port,
                    secret=parties.pabx.ami_secret_file,
                )
                for name, parties in pabxs.items()
            )
            daemon.settings.write_text(
                SETTINGS.format(
                    pabxs=", ".join(written), agi=port, http=daemon.http_port, control=daemon.socket.name, rank=rank
                )
            )
            stack.callback(daemon.close)
            daemon.start()
            daemons.append(daemon)
        house = Estate(daemons, pabxs, relays, sites)
        for daemon in daemons:
            daemon.wait_until(
                lambda status: (
                    in_sync(status) and all(site.health == "up" for site in status.sites if site.name in sites)
                ),
                within_s=60,
            )
        yield house
        house.tidy_up()
