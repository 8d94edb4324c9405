"""The locks in requirements/: which version of which package, and by which hashes it is known."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.markers import Marker
from packaging.utils import canonicalize_name
from packaging.version import Version

PIN: Final = re.compile(r"([A-Za-z0-9._-]+)==([^ ;\\]+)(?: *; *([^\\]+?))? *\\?")
HASH: Final = re.compile(r" +--hash=sha256:([0-9a-f]{64}) *\\?")


@dataclass(frozen=True, slots=True)
class Pin:
    """A package as a lock has it.

    Attributes:
        name: canonical (PEP 503).
        hashes: SHA-256 of each file of this version that may be installed.
        marker: where it is needed; None for everywhere.

    """

    name: str
    version: Version
    hashes: tuple[str, ...] = ()
    marker: Marker | None = None


def pins_of(lock: Path) -> tuple[Pin, ...]:
    """Return what a lock holds.

    Raises:
        ValueError: a line is none that pip-compile and uv write.

    """
    found: list[Pin] = []
    for number, line in enumerate(lock.read_text("utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        pin, hashed = PIN.fullmatch(line), HASH.fullmatch(line)
        if pin is not None:
            marker = None if pin[3] is None else Marker(pin[3])
            found.append(Pin(canonicalize_name(pin[1]), Version(pin[2]), (), marker))
        elif hashed is not None and found:
            last = found[-1]
            found[-1] = Pin(last.name, last.version, (*last.hashes, hashed[1]), last.marker)
        else:
            raise ValueError(f"{lock}:{number}: this is no line of a lock: {line}")
    return tuple(found)
