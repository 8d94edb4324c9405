"""A complete small PABX: a real Asterisk with a carrier, positions, queues and other sites, for the demo and the tests.

Everything stays on the loopback, each party on an address of its own, since Asterisk tells the carrier and the sites
from the positions by their address. The configuration is written from templates/ into a folder of the caller's choice.
"""

import os
import re
import secrets
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

HERE: Final = Path(__file__).resolve().parent
ASTERISK_SCRIPT: Final = HERE.parent.parent / "scripts" / "asterisk"

PABX_ADDRESS: Final = "127.0.0.1"
CARRIER_ADDRESS: Final = "127.0.0.2"
POSITIONS_ADDRESS: Final = "127.0.0.3"
SITES_ADDRESS: Final = "127.0.0.4"

END_WITH_US: Final = ("/usr/bin/setpriv", "--pdeathsig", "KILL")
"""Put before a command: it is killed when the thread that started it ends, however that ends."""

BOOT_TRIES: Final = 200
"""Asked for about as many times 70 ms; it takes 0.3 s on an idle machine."""

PLACEHOLDER: Final = re.compile(r"@([A-Z][A-Z_]*)@")


class PabxError(Exception):
    """Asterisk did not do what it was started for; the text says what, with the end of its log."""


def free_port(kind: socket.SocketKind = socket.SOCK_DGRAM, address: str = PABX_ADDRESS) -> int:
    """Return a port that is free at this moment on `address`: UDP unless `kind` says SOCK_STREAM."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What the PABX consists of.

    Attributes:
        version: Asterisk's major version, as unpacked by `scripts/ensure asterisk-VERSION`.
        queues: names of the queues.
        positions: name (which is its SIP user, and PJSIP/NAME in queues) to the queues that it logs in to with *11.
        sites: name to the UDP port on SITES_ADDRESS where it answers; its trunk is PJSIP/trunk-NAME.
        statics: number to its static plan; the empty number stands for all others.
        agi: where the router listens, and under which path.
        agi_2: the same of the second router; empty where there is none.
        sip_port, ami_port: of this PABX; 0 takes a free one.
        rtp_ports: first and last; several PABXs may share a range.
        ring_s: how long a position rings.
        qualify_s: between two looks at a site, and the time that it has to answer.
        site_rtp_timeout_s: silence after which a site counts as dead in the talk.
        extra: name of a configuration file to text that is put at its end.
        movable_clock: whether `show` may put its clock elsewhere; needs `scripts/ensure faketime-VERSION`.

    """

    version: int = 22
    queues: Sequence[str] = ("support", "sales")
    positions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sites: Mapping[str, int] = field(default_factory=dict)
    statics: Mapping[str, str] = field(default_factory=dict)
    agi: str = "agi://127.0.0.1:4573/route"
    agi_2: str = ""
    sip_port: int = 0
    ami_port: int = 0
    rtp_ports: tuple[int, int] = (10000, 29999)
    ring_s: int = 6
    qualify_s: tuple[int, float] = (2, 1.0)
    site_rtp_timeout_s: int = 5
    extra: Mapping[str, str] = field(default_factory=dict)
    movable_clock: bool = False


class SmallPabx:
    """One Asterisk, its configuration and its process; as a context manager it is running inside the block.

    It ends with this process, however that ends. What it keeps (AstDB, queue_log, CDR) survives `stop` and `kill`, so
    a second `start` is a restart of the same PABX.
    """

    def __init__(self, layout: Layout, folder: Path) -> None:
        """Write the configuration into `folder`, whose path must be short: it will hold a control socket."""
        self.layout = layout
        self.folder = folder
        self.sip_port = layout.sip_port or free_port()
        self.ami_port = layout.ami_port or free_port(socket.SOCK_STREAM)
        self.ami_secret = secrets.token_hex(24)
        self.sip_secret = secrets.token_hex(24)
        self.ami_secret_file = folder / "ami.secret"
        self.conf = folder / "conf"
        self._clock = folder / "clock"
        self._process: subprocess.Popen[bytes] | None = None
        self._write()
        if layout.movable_clock:
            self._clock.write_text("+0\n")

    @property
    def log(self) -> Path:
        """The file with Asterisk's notices, warnings and errors."""
        return self.folder / "state" / "log" / "messages"

    @property
    def queue_log(self) -> Path:
        """The file with what happened in the queues."""
        return self.folder / "state" / "log" / "queue_log"

    @property
    def pid(self) -> int:
        """Process id of the Asterisk that runs.

        Raises:
            PabxError: none runs.

        """
        if self._process is None:
            raise PabxError("this PABX was not started")
        return self._process.pid

    def start(self) -> None:
        """Start Asterisk and return when it is fully booted.

        Asterisk ends with the thread that called this: call it from one that lasts.

        Raises:
            PabxError: it ended, or took too long.

        """
        self._process = subprocess.Popen(  # noqa: S603 - our own script with our own arguments
            [*END_WITH_US, ASTERISK_SCRIPT, str(self.layout.version), self.conf, "-f"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **({"CCROUTER_CLOCK": str(self._clock)} if self.layout.movable_clock else {})},
            # Ctrl-C reaches whoever started it, who then ends it in order.
            start_new_session=True,
        )
        for _ in range(BOOT_TRIES):
            if "fully booted" in self._ask("core waitfullybooted").stdout:
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        self.kill()
        raise PabxError(f"Asterisk {self.layout.version} did not start; its log ends with:\n{self._log_end()}")

    def stop(self, within_s: float = 10) -> None:
        """End Asterisk and its calls; nothing happens where it does not run."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def kill(self) -> None:
        """End Asterisk at once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def show(self, at: float) -> None:
        """Put the clock of a PABX with a movable one at an instant, from which it goes on; calls may be up.

        Set forward, all that was to happen until then happens at once. Set back, what is due later waits for its time:
        start it anew for an earlier day.

        Args:
            at: seconds since 1970-01-01 UTC.

        """
        new = self._clock.with_suffix(".new")
        new.write_text(f"{at - time.time():+.6f}\n")  # noqa: TID251 - one clock is told by how far it is from another
        # It reads the file whenever it looks at the clock, and must never find half of it.
        new.replace(self._clock)

    def cli(self, command: str) -> str:
        """Return what Asterisk's console prints for `command`.

        Raises:
            PabxError: Asterisk can't be asked, or has no such command.

        """
        answer = self._ask(command)
        if answer.returncode != 0 or answer.stdout.startswith("No such command"):
            raise PabxError(f"`{command}` was not answered: {answer.stdout}{answer.stderr}")
        return answer.stdout

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _ask(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own script; a command line of Asterisk is not one of a shell
            [ASTERISK_SCRIPT, str(self.layout.version), self.conf, "-rx", command],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=30,
        )

    def _log_end(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:]) if self.log.exists() else "(no log)"

    def _write(self) -> None:
        self.conf.mkdir(parents=True, exist_ok=True)
        directories = subprocess.run(  # noqa: S603 - our own script with our own arguments
            [ASTERISK_SCRIPT, str(self.layout.version), "--directories", self.conf, self.folder / "state"],
            capture_output=True,
            text=True,
            check=True,
        )
        values = {
            "AGI": self.layout.agi,
            "AMI_PORT": str(self.ami_port),
            "AMI_SECRET": self.ami_secret,
            "ASTERISK": str(HERE.parent),
            "CARRIER_ADDRESS": CARRIER_ADDRESS,
            "DIRECTORIES": directories.stdout,
            "POSITIONS": _positions(self.layout),
            "QUEUES": "\n".join(f"[{queue}](queue)" for queue in self.layout.queues),
            "RING_S": str(self.layout.ring_s),
            "RTP_FIRST": str(self.layout.rtp_ports[0]),
            "RTP_LAST": str(self.layout.rtp_ports[1]),
            "SECOND_AGI": self.layout.agi_2,
            "SIP_PORT": str(self.sip_port),
            "SIP_SECRET": self.sip_secret,
            "SITES": _sites(self.layout),
            "QUALIFY_EACH_S": str(self.layout.qualify_s[0]),
            "QUALIFY_WITHIN_S": str(self.layout.qualify_s[1]),
            "SITE_RTP_TIMEOUT_S": str(self.layout.site_rtp_timeout_s),
            "STATICS": _statics(self.layout),
        }
        for template in sorted((HERE / "templates").iterdir()):
            text = PLACEHOLDER.sub(lambda found: values[found[1]], template.read_text())
            _write_private(self.conf / template.name, text + self.layout.extra.get(template.name, ""))
        _write_private(self.ami_secret_file, self.ami_secret)


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


def _positions(layout: Layout) -> str:
    return "\n".join(
        f"[{name}](position)\n"
        f"auth = {name}\n"
        f"aors = {name}\n"
        f"callerid = {name} <{name}>\n"
        f"set_var = POSITION_QUEUES={'&'.join(queues)}\n"
        f"[{name}](position-aor)\n"
        f"[{name}](position-auth)\n"
        f"username = {name}\n"
        for name, queues in layout.positions.items()
    )


def _sites(layout: Layout) -> str:
    return "\n".join(
        f"[trunk-{name}](site)\naors = trunk-{name}\n[trunk-{name}](site-aor)\ncontact = sip:{SITES_ADDRESS}:{port}\n"
        for name, port in layout.sites.items()
    )


def _statics(layout: Layout) -> str:
    return "\n".join(
        f"CCROUTER_STATIC{'_' if number else ''}{number} = {plan}" for number, plan in layout.statics.items()
    )
