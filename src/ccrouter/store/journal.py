"""The audit journal: who did what, when and why, one JSON object a line, only ever appended to."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ccrouter.clock import utc
from ccrouter.errors import StoreError
from ccrouter.store.files import append_line


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that an admin did, or that came due.

    Attributes:
        at: seconds since 1970-01-01 UTC.
        who: the user, or `ccrouter` for what came due by itself.
        what: in a few fixed words, such as `mode on`, `mode off`, `mode ended`, `reload`.
        subject: what it was done to, such as the name of the mode; empty where there is one only.
        why: the reason given.
        until: when it ends by itself.

    """

    at: float
    who: str
    what: str
    subject: str = ""
    why: str = ""
    until: float | None = None


class Journal:
    """The journal in one file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, deed: Deed) -> None:
        """Write a deed and wait until it is safe on disk.

        Raises:
            StoreError: it is not in the journal.

        """
        line = asdict(deed) | {"at": _instant(deed.at), "until": None if deed.until is None else _instant(deed.until)}
        try:
            append_line(self.path, json.dumps(line, ensure_ascii=False).encode())
        except OSError as error:
            raise StoreError(f"the audit journal {self.path} can't be written: {error.strerror}") from error


def _instant(at: float) -> str:
    return utc(at).isoformat(timespec="milliseconds")
