"""A position's telephone at the small PABX: it dials a code and hears the answer, and has a lamp on a key."""

import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from phones import FOREVER_MS
from sipp import Sipp, SippError, local, scenario
from small_pabx import PABX_ADDRESS, POSITIONS_ADDRESS, SmallPabx, free_port

SILENCE: Final = frozenset((0xD5, 0x55))
"""The two quietest samples of G.711 A-law."""

HEADER: Final = 12
"""Bytes of an RTP packet before its sound."""

LOOK_S: Final = 0.02

LIT: Final = "confirmed"
DARK: Final = "terminated"
"""States of a dialog (RFC 4235), as telephones show them on a key."""


class Ear:
    """The port where a telephone's sound arrives.

    Attributes:
        port: of it, on POSITIONS_ADDRESS.
        packets: that came so far.
        sound: their samples that are not silent, in G.711 A-law.

    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((POSITIONS_ADDRESS, 0))
        self.port: int = self._socket.getsockname()[1]
        self.packets = 0
        self.sound = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while packet := self._socket.recv(2048):
            self.packets += 1
            self.sound += sum(sample not in SILENCE for sample in packet[HEADER:])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # An empty packet ends the reader.
        self._socket.sendto(b"", (POSITIONS_ADDRESS, self.port))
        self._reader.join()
        self._socket.close()


@dataclass(frozen=True, slots=True)
class Answered:
    """What a telephone met that dialled a code.

    Attributes:
        after_s: from the INVITE to the answer.
        lasted_s: from the answer until one of both hung up.
        packets, sound: what it heard, see Ear.

    """

    after_s: float
    lasted_s: float
    packets: int
    sound: int


def start_to_dial(  # noqa: PLR0913 - who dials what, and where its files go
    pabx: SmallPabx,
    folder: Path,
    position: str,
    code: str,
    *,
    name: str,
    media_port: int,
    headers: Sequence[str] = (),
    listens_ms: int = FOREVER_MS,
) -> Sipp:
    """Dial a code from a position's telephone and return at once.

    Args:
        pabx: it runs.
        folder: takes SIPp's log.
        position: whose telephone.
        code: what it dials.
        name: of SIPp's files there.
        media_port: on POSITIONS_ADDRESS, takes what it hears.
        headers: more lines of the INVITE, such as a P-Asserted-Identity.
        listens_ms: after the answer it hangs up, unless the PABX did before.

    """
    log = '<action><log message="{sign}|[timestamp]"/></action>'
    played = scenario(
        folder,
        "telephone",
        name,
        CODE=code.replace("#", "%23"),
        USER=position,
        AUTHENTICATION=f"[authentication username={position} password={pabx.sip_secret}]",
        HEADER="".join(f"{line}\n" for line in headers),
        MEDIA_PORT=str(media_port),
        LISTENS_MS=str(listens_ms),
        SENT=log.format(sign="sent"),
        ANSWERED=log.format(sign="answered"),
        ENDED=log.format(sign="ended"),
    )
    played.chmod(0o600)
    target: tuple[str | Path, ...] = (f"{PABX_ADDRESS}:{pabx.sip_port}", "-sf", played)
    return Sipp(folder, name, (*target, *local(POSITIONS_ADDRESS), "-m", "1"))


def dial(  # noqa: PLR0913 - as above
    pabx: SmallPabx,
    folder: Path,
    position: str,
    code: str,
    *,
    name: str,
    headers: Sequence[str] = (),
    listens_ms: int = FOREVER_MS,
) -> Answered:
    """Dial a code, see `start_to_dial`, and return what the telephone met, when the call is over.

    Raises:
        SippError: it was refused.

    """
    with Ear() as ear:
        started = start_to_dial(
            pabx, folder, position, code, name=name, media_port=ear.port, headers=headers, listens_ms=listens_ms
        )
        with started as sipp:
            if sipp.wait(within_s=20) != 0:
                raise SippError(f"{position} dialled {code} and was not answered: {sipp.error_text()}")
            at = {sign: float(told.rpartition("\t")[2]) for sign, told in sipp.lines()}
        return Answered(at["answered"] - at["sent"], at["ended"] - at["answered"], ear.packets, ear.sound)


class Lamp:
    """A key with a lamp on a position's telephone: it subscribes to an extension, and is told each state of it."""

    def __init__(self, pabx: SmallPabx, folder: Path, position: str, extension: str, name: str) -> None:
        """Subscribe."""
        self.port = free_port(address=POSITIONS_ADDRESS)
        played = scenario(
            folder,
            "lamp",
            name,
            EXTENSION=extension.replace("#", "%23"),
            USER=position,
            AUTHENTICATION=f"[authentication username={position} password={pabx.sip_secret}]",
        )
        played.chmod(0o600)
        target: tuple[str | Path, ...] = (
            f"{PABX_ADDRESS}:{pabx.sip_port}",
            "-sf",
            played,
            *local(POSITIONS_ADDRESS, self.port),
            "-m",
            "1",
        )
        self._sipp = Sipp(folder, name, target)

    def states(self) -> list[str]:
        """Return the states so far, in order: LIT, DARK."""
        return [state for (state,) in self._sipp.lines()]

    def wait_until(self, *states: str, within_s: float = 10) -> None:
        """Return when these were the states, from the first on.

        Raises:
            SippError: they were not.

        """
        for _ in range(int(within_s / LOOK_S)):
            if self.states() == list(states):
                return
            time.sleep(LOOK_S)
        raise SippError(f"the lamp was {self.states()}, not {states}: {self._sipp.error_text()}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sipp.stop()
