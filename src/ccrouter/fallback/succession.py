"""From one version of a compiled file to the next, while calls are under way in it.

A PABX reads a file as a whole, and a call that is inside goes on with what its next step finds. So every context but
the first has the version in its name, and a file keeps the contexts of the version before: who is in them ends there.
"""

import re
from collections.abc import Sequence

from ccrouter.fallback.text import MARKED, PREFIX

VERSION_GLOBAL = "CCROUTER_FALLBACK"
"""The global that tells which version a PABX has in force."""

_MARK = re.compile(rf"^{VERSION_GLOBAL} = [0-9a-f]+-([0-9a-f]{{8}})[0-9a-f]{{4}}$", re.MULTILINE)
_MARKED_NAME = re.compile(rf"{PREFIX}-[0-9a-f]{{8}}-")
_HEADER = re.compile(r"^(?=\[)", re.MULTILINE)


def in_version(body: str, hashed: str) -> str:
    """Return contexts with a version in their names; `hashed` are the 12 hexadecimal digits at the version's end."""
    return body.replace(f"{PREFIX}-", f"{PREFIX}-{hashed[:8]}-").replace(MARKED, PREFIX)


def in_no_version(line: str) -> str:
    """Return a line as it is in every version."""
    return _MARKED_NAME.sub(f"{PREFIX}-", line)


def own(text: str) -> str:
    """Return a compiled file without what it keeps of the version before; any other text as it is."""
    inner = _inner(text)
    return text if inner is None else "".join(each for each in _sections(text) if not _kept(each, inner))


def succeeding(text: str, before: str) -> str:
    """Return a compiled file that is to take the place of `before`, with the contexts of that version besides.

    `before` may be any text: where it is no compiled file, or the same version, nothing of it is kept.
    """
    mine, inner = own(text), _inner(before)
    if inner is None or inner == _inner(mine):
        return mine
    return mine + "".join(each for each in _sections(own(before)) if each.startswith(inner))


def _inner(text: str) -> str | None:
    """Return how the headers of a version's own contexts begin, but for the first one's; None where it is none."""
    found = _MARK.search(text)
    return None if found is None else f"[{PREFIX}-{found[1]}-"


def _kept(section: str, inner: str) -> bool:
    return section.startswith(f"[{PREFIX}-") and not section.startswith(inner)


def _sections(text: str) -> Sequence[str]:
    return _HEADER.split(text)
