"""Real SIP parties for the small PABX, played by SIPp: callers at the carrier, positions, and other sites.

Each call carries a caller's number of its own, so that what a caller met and what a callee saw can be joined.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from sipp import Sipp, SippError, echo_ports, local, scenario
from small_pabx import (
    CARRIER_ADDRESS,
    HERE,
    PABX_ADDRESS,
    POSITIONS_ADDRESS,
    SmallPabx,
    free_port,
)

FOREVER_MS: Final = 3_600_000

REFUSALS: Final = (400, 403, 404, 408, 410, 480, 484, 486, 488, 500, 501, 502, 503, 504, 600, 603)
REASONS: Final[Mapping[int, str]] = {
    302: "Moved Temporarily",
    404: "Not Found",
    480: "Temporarily Unavailable",
    486: "Busy Here",
    500: "Server Internal Error",
    503: "Service Unavailable",
    600: "Busy Everywhere",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call to place.

    Attributes:
        caller: user part of the From header, which should be unique; empty for an address without one.
        number: what is dialled.
        name: display name, with its quotes; bytes that are no UTF-8 as surrogates (surrogateescape).
        headers: at most two more header lines.

    """

    caller: str
    number: str
    name: str = ""
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What a caller met.

    Attributes:
        signs: in order, what came or was done, with its instant (seconds since 1970): sent, 180, 183, 200, a refusal's
            status, bye (the PABX hung up), hung-up and gave-up (the caller did, after and before the answer), 487, end.

    """

    call: Call
    signs: tuple[tuple[str, float], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the signs without their instants."""
        return tuple(name for name, _ in self.signs)

    def after_s(self, sign: str) -> float:
        """Return the seconds from the INVITE to the first such sign.

        Raises:
            KeyError: it did not come.

        """
        first = dict(reversed(self.signs))
        return first[sign] - first["sent"]

    @property
    def answered(self) -> bool:
        """Tell whether the call was answered."""
        return "200" in self.names

    @property
    def ended(self) -> bool:
        """Tell whether the call went through to its end as SIP wants it."""
        return self.names[-1:] == ("end",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A call that reached a position or a site.

    Attributes:
        caller, dialled: user parts of From and To.
        headers: name to value of the headers that tell of the caller and of the number dialled, where they were sent.
        signs: in order: invite, cancel, refused, answered, bye (the PABX hung up), hung-up (the callee did).

    """

    caller: str
    dialled: str
    headers: Mapping[str, str]
    signs: tuple[tuple[str, float], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the signs without their instants."""
        return tuple(name for name, _ in self.signs)

    @property
    def answered(self) -> bool:
        """Tell whether the call was answered here."""
        return "answered" in self.names


class Callers:
    """Calls that one SIPp places over the carrier's trunk."""

    def __init__(  # noqa: PLR0913 - each is one thing that a caller may do
        self,
        pabx: SmallPabx,
        folder: Path,
        calls: Sequence[Call],
        *,
        name: str = "callers",
        per_s: float = 50,
        talk_ms: int = FOREVER_MS,
        patience_ms: int = FOREVER_MS,
        speaks: bool = False,
    ) -> None:
        """Start to place the calls, `per_s` of them a second; `speaks` sends sound as well."""
        self.calls = tuple(calls)
        table = folder / f"{name}.csv"
        folder.mkdir(parents=True, exist_ok=True)
        lines = "SEQUENTIAL\n" + "".join(_csv_line(call) for call in self.calls)
        table.write_bytes(lines.encode(errors="surrogateescape"))
        media = '<nop><action><exec rtp_stream="' + str(_sound(folder)) + ',-1,8,PCMA/8000"/></action></nop>'
        played = scenario(
            folder,
            "caller",
            name,
            PATIENCE_MS=str(patience_ms),
            TALK_MS=str(talk_ms),
            REFUSALS="\n".join(_refusal(status, patience_ms) for status in REFUSALS),
            MEDIA=media if speaks else "",
            MEDIA_PORT="[rtpstream_audio_port]" if speaks else "[media_port]",
        )
        target: tuple[str | Path, ...] = (f"{PABX_ADDRESS}:{pabx.sip_port}", "-sf", played, "-inf", table)
        count = str(len(self.calls))
        arguments = (*target, *local(CARRIER_ADDRESS), "-m", count, "-r", str(per_s), "-l", count)
        self.sipp = Sipp(folder, name, arguments)

    def placed(self) -> list[Placed]:
        """Return what each caller has met so far, in the order of the calls."""
        signs: list[list[tuple[str, float]]] = [[] for _ in self.calls]
        for number, _caller, _dialled, sign, at in self.sipp.lines():
            signs[int(number) - 1].append((sign, _instant(at)))
        return [Placed(call=call, signs=tuple(met)) for call, met in zip(self.calls, signs, strict=True)]

    def wait(self, within_s: float = 60) -> list[Placed]:
        """Return what each caller met, when all calls are over.

        Raises:
            SippError: they took too long, or SIPp failed.

        """
        self.sipp.wait(within_s)
        return self.placed()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sipp.stop()


class Callee:
    """Positions or a site: one SIPp that takes, or refuses, every call to its port."""

    def __init__(  # noqa: PLR0913 - each is one thing that a callee may do
        self,
        folder: Path,
        name: str,
        *,
        address: str,
        port: int = 0,
        answer_ms: int = 0,
        talk_ms: int = FOREVER_MS,
        status: int = 0,
        rings: bool = True,
        contact: str = "",
        cause: int = 16,
    ) -> None:
        """Start to listen.

        Args:
            folder: where its log goes.
            name: of its log.
            address: SITES_ADDRESS or POSITIONS_ADDRESS.
            port: 0 takes a free one.
            answer_ms: after the INVITE; FOREVER_MS never.
            talk_ms: after the answer it hangs up.
            status: refuses every call with it, unless 0.
            rings: says 180, else only 100.
            contact: where a 302 sends the caller.
            cause: of its hanging up, as in Q.850.

        """
        self.port = port or free_port(address=address)
        played = scenario(
            folder,
            "refuser" if status else "callee",
            name,
            STATUS=f"{status} {REASONS.get(status, 'Refused')}" + (f"\nContact: <{contact}>" if contact else ""),
            RINGING="180 Ringing" if rings else "100 Trying",
            ANSWER_MS=str(max(1, answer_ms)),
            TALK_MS=str(talk_ms),
            CAUSE=str(cause),
        )
        where = (*local(address, self.port), *echo_ports(address))
        self.sipp = Sipp(folder, name, ("-sf", played, *where, "-aa", "-l", "10000"))

    def received(self) -> list[Received]:
        """Return the calls that came so far, in order."""
        calls: dict[str, tuple[list[str], list[tuple[str, float]]]] = {}
        for call_id, sign, at, *headers in self.sipp.lines():
            _, signs = calls.setdefault(call_id, (headers, []))
            signs.append((sign, _instant(at)))
        return [_received(headers, signs) for headers, signs in calls.values()]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sipp.stop()


def sign_in(pabx: SmallPabx, folder: Path, positions: Sequence[str], port: int, expires_s: int = 3600) -> None:
    """Register positions so that their calls come to `port` on POSITIONS_ADDRESS; 0 seconds signs them out.

    Raises:
        SippError: one of them was refused.

    """
    _as_positions(pabx, folder, "register", positions, port, expires_s)


def dial_code(pabx: SmallPabx, folder: Path, positions: Sequence[str], code: str) -> None:
    """Dial a code from each position (*11 logs it in to its queues, *12 out), and listen to what it says.

    Raises:
        SippError: one of them was refused.

    """
    _as_positions(pabx, folder, "code", positions, code)


def _as_positions(pabx: SmallPabx, folder: Path, act: str, positions: Sequence[str], *fields: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / f"{act}.csv"
    table.touch(mode=0o600)
    lines = [
        (user, f"[authentication username={user} password={pabx.sip_secret}]", *map(str, fields)) for user in positions
    ]
    table.write_text("SEQUENTIAL\n" + "".join(";".join(line) + ";\n" for line in lines))
    target: tuple[str | Path, ...] = (f"{PABX_ADDRESS}:{pabx.sip_port}", "-sf", HERE / "scenarios" / f"{act}.xml")
    arguments = (*target, "-inf", table, *local(POSITIONS_ADDRESS), "-m", str(len(positions)), "-r", "200")
    with Sipp(folder, act, arguments) as sipp:
        if sipp.wait(within_s=20) != 0:
            raise SippError(f"{act}: not all of {', '.join(positions)} were let in: {sipp.error_text()}")


def _csv_line(call: Call) -> str:
    headers = (*call.headers, *("",) * (2 - len(call.headers)))
    return ";".join((call.caller, call.number, call.name, *headers, f"{call.caller}@" if call.caller else "")) + ";\n"


def _refusal(status: int, patience_ms: int) -> str:
    log = f'<action><log message="[call_number]|[field0]|[field1]|{status}|[timestamp]"/></action>'
    give_up = f'timeout="{patience_ms}" ontimeout="give-up"'
    return f'  <recv response="{status}" optional="true" next="refused" {give_up}>{log}</recv>'


def _sound(folder: Path) -> Path:
    path = folder / "tone.alaw"
    path.write_bytes(bytes([0xD5, 0x55]) * 4000)
    return path


def _instant(text: str) -> float:
    return float(text.rpartition("\t")[2])


def _received(headers: Sequence[str], signs: Sequence[tuple[str, float]]) -> Received:
    values = {name: value.strip() for name, _, value in (header.partition(":") for header in headers) if name}
    return Received(caller=_user(values["From"]), dialled=_user(values["To"]), headers=values, signs=tuple(signs))


def _user(address: str) -> str:
    found = re.search(r"sips?:([^@>]*)@", address)
    return found[1] if found else ""
