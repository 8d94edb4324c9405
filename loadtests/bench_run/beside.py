"""The real daemon beside a small PABX, as it comes, and what processes take of the processor."""

import socket
from pathlib import Path

import psutil

from small_pabx import SmallPabx, free_port
from support.daemon_process import CCROUTER
from support.real_daemon import RealDaemon
from support.real_house import SETTINGS


def daemon_beside(pabx: SmallPabx, folder: Path, routing: str, agi_port: int) -> RealDaemon:
    """Return a daemon with these rules, its files in the folder. It logs to a file: nobody reads it meanwhile."""
    (folder / "routing.yaml").write_text(routing)
    (folder / "state").mkdir()
    daemon = RealDaemon(folder, free_port(socket.SOCK_STREAM))
    daemon.program = ("/bin/sh", "-c", f'exec "$0" "$@" 2>>{folder / "log"}', CCROUTER)
    daemon.settings.write_text(
        SETTINGS.format(
            name="pbx",
            ami=pabx.ami_port,
            secret=pabx.ami_secret_file,
            agi=agi_port,
            http=daemon.http_port,
            control=daemon.socket.name,
            rank=1,
        )
    )
    return daemon


def used_s(pid: int) -> float:
    """Return the processor seconds that a process has taken so far."""
    taken = psutil.Process(pid).cpu_times()
    return float(taken.user + taken.system)
