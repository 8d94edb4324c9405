"""Looks for known vulnerabilities in what the locks name, and says what could be asked and what could not.

Always: the snapshot of advisories, whose age is told. Where OSV can be reached: pip-audit too, with today's knowledge.
"""

import socket
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from typing import Final

from ccrouter.clock import SystemClock, utc
from supply.advisories import Snapshot, snapshot_in
from supply.locked import pins_of

ROOT: Final = Path(__file__).parents[2]
LOCKS: Final = (ROOT / "requirements" / "runtime.txt", ROOT / "requirements" / "build.txt")
OSV: Final = ("api.osv.dev", 443)
REACHED_WITHIN_S: Final = 3.0


def main() -> None:
    """Audit, and end with status 1 where anything was found."""
    parser = ArgumentParser(prog="scripts/audit")
    parser.add_argument("--snapshot", type=Path, required=True, help="archive with the advisories")
    parser.add_argument("--pip-audit", required=True, help="how pip-audit is run")
    parser.add_argument("--offline", action="store_true", help="ask nobody, take the snapshot alone")
    parser.add_argument("locks", nargs="*", type=Path)
    asked = parser.parse_args()
    locks: Sequence[Path] = asked.locks or LOCKS
    try:
        snapshot = snapshot_in(asked.snapshot)
        found = sum([_compared(lock, snapshot) for lock in locks])
    except (OSError, ValueError) as error:
        sys.exit(f"FAILED: {error}")
    found += _asked_today(asked.pip_audit, locks, offline=asked.offline)
    if found:
        sys.exit(f"FAILED: {found} known vulnerabilities; scripts/lock --upgrade-package NAME takes a version without")


def _compared(lock: Path, snapshot: Snapshot) -> int:
    pins = pins_of(lock)
    found = snapshot.against(pins)
    age = (utc(SystemClock().now()).astimezone(UTC).date() - snapshot.made).days
    print(  # noqa: T201 - its report
        f"{lock.name}: {len(pins)} packages against {snapshot.count} advisories of GitHub's database for PyPI, as of "
        f"{snapshot.made} ({age} days old; {snapshot.unreadable} can't be read): {len(found)} found"
    )
    for pin, known in found:
        print(f"  {pin.name} {pin.version}: {known.id}, {known.title}; without it from {known.fixed} on")  # noqa: T201
    return len(found)


def _asked_today(command: str, locks: Sequence[Path], *, offline: bool) -> int:
    """Return 1 where pip-audit found something, with what is known today."""
    why = "not wanted" if offline else _unreachable()
    if why:
        print(f"NOT ASKED: OSV, for what came after the snapshot ({why})")  # noqa: T201
        return 0
    files = [part for lock in locks for part in ("-r", str(lock))]
    ended = subprocess.run(  # noqa: S603 - our own script
        [command, "--vulnerability-service", "osv", "--disable-pip", "--require-hashes", *files], check=False
    )
    return int(ended.returncode != 0)


def _unreachable() -> str:
    try:
        socket.create_connection(OSV, timeout=REACHED_WITHIN_S).close()
    except OSError as error:
        return f"{OSV[0]} can't be reached: {error.strerror or error}"
    return ""


if __name__ == "__main__":
    main()
