"""A real Asterisk with many calls in progress: real SIP callers who wait, who talk to positions, who are at a site."""

import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench_run.busy_pabx import SITE, Busy
from bench_run.restarts import SETTINGS, Restarts, restarts
from phones import Call, Callee, Callers, sign_in
from small_pabx import POSITIONS_ADDRESS, SITES_ADDRESS, Layout, SmallPabx, free_port
from support.real_daemon import RealDaemon
from support.real_house import in_sync

QUEUE: Final = "support"
IN_HOUSE, OUTSIDE = "0800100001", "0800123456"
"""Numbers whose calls go to positions, and to the site."""

PER_S: Final = 40
"""Calls that are placed in a second."""

UNTIL_S: Final = 90.0

ROUTING: Final = f"""\
timezone: Europe/Paris
sites:
  paris: {{in_house: {{queue: {QUEUE}, max_wait: 2h}}}}
  {SITE}: {{external: {{dial: PJSIP/21671000000@trunk-{SITE}, answer_within: 20s, max_calls: 100000}}}}
messages: {{closed: {{play: please-try-call-later}}}}
numbers:
  "{IN_HOUSE}": {{service: in house}}
  "{OUTSIDE}": {{service: outside}}
services:
  in house: {{otherwise: [paris, closed]}}
  outside: {{otherwise: [{SITE}, closed]}}
"""


@dataclass(frozen=True, slots=True)
class BusyHouse:
    """All that runs.

    Attributes:
        version: of Asterisk, as it tells it.

    """

    pabx: SmallPabx
    router: Restarts
    busy: Busy
    agi_port: int
    version: str


@contextmanager
def busy_house(calls: int) -> Iterator[BusyHouse]:
    """Bring the house up; when it is given, so many calls are in progress, and the router knows them."""
    busy = Busy.with_calls(calls)
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="ccrouter-"))
        stack.callback(shutil.rmtree, folder)
        phones = folder / "sipp"
        site = stack.enter_context(Callee(phones, SITE, address=SITES_ADDRESS))
        positions = stack.enter_context(Callee(phones, "positions", address=POSITIONS_ADDRESS))
        names = [f"position{n}" for n in range(busy.talking)]
        agi_port = free_port(socket.SOCK_STREAM)
        layout = Layout(
            queues=(QUEUE,),
            positions=dict.fromkeys(names, ()),
            sites={SITE: site.port},
            agi=f"agi://127.0.0.1:{agi_port}/route",
            site_rtp_timeout_s=0,  # nobody speaks
            extra={
                "queues.conf": "".join(f"member => PJSIP/{name}\n" for name in names),
                "pjsip.conf": "".join(f"\n[{name}](+type=endpoint)\nrtp_timeout = 0\n" for name in ("carrier", *names)),
            },
        )
        pabx = stack.enter_context(SmallPabx(layout, folder / "pabx"))
        sign_in(pabx, phones, names, positions.port)
        (folder / "routing.yaml").write_text(ROUTING)
        (folder / "state").mkdir()
        (folder / "ami-secret").touch(0o600)
        (folder / "ami-secret").write_text(pabx.ami_secret)
        daemon = RealDaemon(folder, free_port(socket.SOCK_STREAM))
        daemon.settings.write_text(SETTINGS.format(ami=pabx.ami_port, agi=agi_port, http=daemon.http_port))
        router = stack.enter_context(restarts(folder, daemon, busy))
        router.begin()
        daemon.wait_until(lambda status: in_sync(status) and status.pabxs[0].on_duty)
        placed = [Call(caller=f"3361{n:08}", number=IN_HOUSE) for n in range(busy.waiting + busy.talking)]
        placed += [Call(caller=f"3362{n:08}", number=OUTSIDE) for n in range(busy.outside)]
        stack.enter_context(Callers(pabx, phones, placed, per_s=PER_S))
        router.wait_until_full(UNTIL_S)
        yield BusyHouse(pabx, router, busy, agi_port, pabx.cli("core show version").split()[1])
