"""What a run takes place in: a real Asterisk, positions, sites behind trunks, routers, and relays to their links."""

import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from chaos_run import room
from chaos_run.hearing import Hearing
from chaos_run.trunk import Trunk
from phones import Callee, sign_in
from small_pabx import POSITIONS_ADDRESS, Layout, SmallPabx, free_port
from support.parties import CalleeHabits
from support.real_daemon import RealDaemon
from support.real_house import in_sync
from support.relay import Relay

SETTINGS: Final = """
router: {rank}
pabxs: [{{name: pbx, host: 127.0.0.1, port: {ami}, username: ccrouter, secret: {{file: "{secret}"}}}}]
agi: {{host: {agi_host}, port: {agi}}}
http: {{host: 127.0.0.1, port: {http}}}
routing: routing.yaml
control: {control}
state_dir: state
log: {{format: json, mask_callers: false}}
journal: {{keep: {keep}}}
"""

OFF_CLOCK: Final = Path(__file__).parent / "off_clock"
"""The folder of what Python loads first in a router whose clock is to step."""

POSITIONS: Final[Mapping[str, int]] = {"support": 40, "sales": 6}
"""How many there are in each queue: enough, and so few that callers wait now and then."""

HABITS: Final[CalleeHabits] = {"answer_ms": 50, "talk_ms": 900}
"""Of positions and sites."""

SITES: Final[Mapping[str, int]] = {"tunis": 7, "lyon": 60, "backup": 14}
"""The external sites, and how many calls each takes at once."""

FAILING: Final = "tunis"
"""The site whose trunk fails."""

MESSAGE: Final = "please-try-call-later"

AFTER_SALES, ORDERS, OUTSOURCED, SALES, CLOSED = NUMBERS = tuple(f"080010000{n}" for n in range(1, 6))
"""Green numbers whose calls go to positions, to positions and a site in turns, to a site that is full now and then, to
a queue that overflows at entry and while callers wait, and to a message."""

ROUTING: Final = f"""\
timezone: Europe/Paris
sites:
  paris: {{in_house: {{queue: support, max_wait: 20s}}}}
  lille: {{in_house: {{queue: sales, max_wait: 8s}}}}
  tunis: {{external: {{dial: PJSIP/21671000000@trunk-tunis, answer_within: 4s, max_calls: {SITES["tunis"]}}}}}
  lyon: {{external: {{dial: PJSIP/33472000000@trunk-lyon, answer_within: 4s, max_calls: {SITES["lyon"]}}}}}
  backup: {{external: {{dial: PJSIP/33155000000@trunk-backup, answer_within: 4s, max_calls: {SITES["backup"]}}}}}
messages:
  closed: {{play: {MESSAGE}}}
numbers:
  "{AFTER_SALES}": {{service: after-sales}}
  "{ORDERS}": {{service: orders}}
  "{OUTSOURCED}": {{service: outsourced}}
  "{SALES}": {{service: sales, answer: on_entry}}
  "{CLOSED}": {{service: closed agency}}
services:
  after-sales: {{otherwise: [paris, backup, closed]}}
  orders: {{otherwise: [{{share: {{paris: 50, lyon: 50}}}}, backup, closed]}}
  outsourced: {{otherwise: [tunis, backup, closed]}}
  sales:
    rules:
      - name: many wait
        when: {{waiting: {{queue: sales, at_least: 4, until_below: 2}}}}
        to: [backup, closed]
    otherwise: [lille, backup, closed]
    while_waiting:
      - {{name: waits long, when: {{waited: 2s}}, to: [backup, closed]}}
  closed agency: {{otherwise: [closed]}}
"""

BROKEN_ROUTING: Final = ROUTING.replace("otherwise: [tunis,", "otherwise: [tunic,")


@dataclass(slots=True)
class House:
    """A house in which calls can be placed.

    Attributes:
        folder: of all its files; `sipp` in it takes the telephones' logs.
        routers: by rank.
        links: the relay of each router's AMI link.
        agi_relays: of each router's FastAGI; None in a room of our own, which needs none.
        clocks: the file of each router's clock.
        positions: by queue.
        trunks: by site.
        hearing: what the PABX told of the calls.
        down: from when to when Asterisk was away.

    """

    folder: Path
    pabx: SmallPabx
    routers: Sequence[RealDaemon]
    links: Sequence[Relay]
    agi_relays: Sequence[Relay | None]
    clocks: Sequence[Path]
    positions: Mapping[str, Callee]
    trunks: Mapping[str, Trunk]
    hearing: Hearing
    down: list[tuple[float, float]] = field(default_factory=list)

    @property
    def telephones(self) -> Path:
        """The folder of SIPp's logs."""
        return self.folder / "sipp"

    @property
    def state(self) -> Path:
        """The routers' state folder."""
        return self.folder / "state"

    def save_rules(self, text: str) -> None:
        """Replace the routing file, as an editor does that writes beside it and renames."""
        beside = self.folder / "routing.yaml.new"
        beside.write_text(text)
        beside.rename(self.folder / "routing.yaml")

    def asterisk(self) -> str:
        """Return the version that Asterisk tells."""
        return self.pabx.cli("core show version").split()[1]


@contextmanager
def house(version: int, routers: int = 1, *, off_clock: bool = True, keep: str = "30d") -> Iterator[House]:
    """Bring a house up, with Asterisk of this version; all of it ends with the context.

    Raises:
        DaemonError: a router did not become ready; the text has its log.

    """
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="ccrouter-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.enter_context(room.network(routers))
        stack.enter_context(room.disk(folder / "state", folder / "disk"))
        telephones = folder / "sipp"
        trunks = {name: stack.enter_context(Trunk(telephones, name, HABITS)) for name in SITES}
        ranks = range(1, routers + 1)
        agi_ports = [free_port(socket.SOCK_STREAM, room.agi_address(rank)) for rank in ranks]
        agi_relays = [None if room.OWN else stack.enter_context(Relay(port)) for port in agi_ports]
        asked = [relay.port if relay else port for relay, port in zip(agi_relays, agi_ports, strict=True)]
        agis = [f"agi://{room.agi_address(rank)}:{port}/route" for rank, port in zip(ranks, asked, strict=True)]
        names = {queue: [f"{queue}{n}" for n in range(1, count + 1)] for queue, count in POSITIONS.items()}
        layout = Layout(
            version=version,
            queues=tuple(POSITIONS),
            positions={name: () for each in names.values() for name in each},
            sites={name: trunk.port for name, trunk in trunks.items()},
            statics={"": f"play|closed|{MESSAGE}"},
            agi=agis[0],
            agi_2=agis[1] if routers > 1 else "",
            ring_s=2,
            # The telephones are silent, and Asterisk 16 reckons from the INVITE: longer than ring and talk together.
            site_rtp_timeout_s=6,
        )
        pabx = stack.enter_context(SmallPabx(layout, folder / "pabx"))
        hearing = stack.enter_context(Hearing(pabx))
        positions = {}
        for queue in POSITIONS:
            positions[queue] = stack.enter_context(Callee(telephones, queue, address=POSITIONS_ADDRESS, **HABITS))
            sign_in(pabx, telephones, names[queue], positions[queue].port)
            for name in names[queue]:
                pabx.cli(f"queue add member PJSIP/{name} to {queue}")
        links = [stack.enter_context(Relay(pabx.ami_port)) for _ in ranks]
        clocks = [folder / f"clock-{rank}" for rank in ranks]
        (folder / "routing.yaml").write_text(ROUTING)
        daemons = []
        for rank, link, agi, clock in zip(ranks, links, agi_ports, clocks, strict=True):
            daemon = RealDaemon(folder, free_port(socket.SOCK_STREAM), rank)
            clock.write_text("0")
            if off_clock:
                daemon.environment = _with_clock(clock)
            daemon.settings.write_text(
                SETTINGS.format(
                    rank=rank,
                    ami=link.port,
                    secret=pabx.ami_secret_file,
                    agi_host=room.agi_address(rank),
                    agi=agi,
                    http=daemon.http_port,
                    control=daemon.socket.name,
                    keep=keep,
                )
            )
            stack.callback(daemon.close)
            daemon.start()
            daemons.append(daemon)
        for daemon in daemons:
            daemon.wait_until(
                lambda status: in_sync(status) and all(site.health == "up" for site in status.sites if site.max_calls)
            )
        yield House(folder, pabx, daemons, links, agi_relays, clocks, positions, trunks, hearing)


def _with_clock(clock: Path) -> dict[str, str]:
    """Return the environment of a router whose wall clock is off by the seconds in the file `clock`, at each look."""
    return {"PYTHONPATH": str(OFF_CLOCK), "CCROUTER_OFF_CLOCK": str(clock)}
