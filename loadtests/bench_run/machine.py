"""The machine and the versions that figures belong to."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("ccrouter", "panoramisk", "uvloop", "aiohttp", "prometheus-client", "structlog", "pydantic")


def machine() -> dict[str, object]:
    """Return what it is, as far as figures depend on it."""
    return {
        "processor": _cpu(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
    }


def versions() -> dict[str, str]:
    """Return the versions of what was measured; a bench with an Asterisk tells its version in its notes."""
    return {"Python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def commit() -> str:
    """Return the commit that was measured, with a plus where files differ from it; empty outside a checkout."""
    head = _said("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD")
    changed = _said("git", "-C", str(ROOT), "status", "--porcelain", "--", "src", "asterisk", "loadtests/bench_run")
    return f"{head}+" if changed else head


def today() -> str:
    """Return the date."""
    return datetime.now(UTC).date().isoformat()  # noqa: TID251 - a file says when it was written


def load() -> float:
    """Return how many programs wanted to run in the last minute: more than a fraction spoils times."""
    return round(os.getloadavg()[0], 2)


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)  # noqa: S603 - ours
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
