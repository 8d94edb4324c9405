"""Recorded AMI, and ways to change it."""

import gzip
import lzma
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from ccrouter.ami.hearing import WANTED
from ccrouter.ami.wire import Framer, Message

DATA = Path(__file__).parent.parent / "replay" / "data"
GREETING = b"Asterisk Call Manager/11.0.0\r\n"
PABX = "pbx"
AT = 1_795_289_835.0


@cache
def recording(name: str) -> bytes:
    """Return a recording, with a greeting where it has none."""
    packed = DATA / f"{name}.ami.gz"
    if packed.exists():
        data = gzip.decompress(packed.read_bytes())
    else:
        data = lzma.decompress(packed.with_suffix(".xz").read_bytes())
    return data if data.startswith(b"Asterisk Call Manager/") else GREETING + data


def pieces(data: bytes) -> list[bytes]:
    """Return the messages of a recording as bytes, each with its end, without the greeting."""
    return [frame + b"\r\n\r\n" for frame in data.partition(b"\r\n")[2].split(b"\r\n\r\n") if frame]


def parse(data: bytes, wanted: frozenset[str] = WANTED) -> list[Message]:
    """Return the messages in these bytes, which have no greeting."""
    return list(Framer(wanted).feed(GREETING + data))


def written(fields: Mapping[str, str]) -> bytes:
    """Return a message with these fields."""
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode() + b"\r\n"


def samples(version: int) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the events of the routed calls and of positions that ring, each by what it is, with its fields."""
    for each in (*parse(recording(f"routed_calls_{version}")), *parse(recording(f"rings_{version}"))):
        fields = dict(each.fields)
        if "Variable" in each.repeated:
            fields["Variable"] = "\r\nVariable: ".join(each.repeated["Variable"])
        yield kind(fields), fields


def kind(fields: Mapping[str, str]) -> str:
    """Return what an event is: its name; for a user event, name and phase; an answer is `Response`.

    `CCRouterEnd by` is the end of a call as today's dialplan tells it, `CCRouterEnd` as an older one does.
    """
    if "UserEvent" in fields:
        return f"{fields['UserEvent']} {fields.get('Phase', 'by' if 'By' in fields else '')}".strip()
    return fields.get("Event", "Response")


@cache
def sample(version: int, wanted: str, **having: str) -> dict[str, str]:
    """Return the first recorded event of this kind that has these values."""
    return next(fields for name, fields in samples(version) if name == wanted and having.items() <= fields.items())
