"""The cast: who places and takes the calls of a show, played by SIPp, and what each of them tells afterwards."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from demo_run.accounts import Fate, Outcome, outcomes, story, talks
from demo_run.errors import DemoError
from phones import Call, Callee, Callers
from sipp import Sipp, SippError, local
from small_pabx import PABX_ADDRESS, POSITIONS_ADDRESS, SITES_ADDRESS, SmallPabx, free_port
from telephone import start_to_dial

TEAMS: Final = {"paris": "support", "lyon": "orders"}
"""Each team of positions, and its queue."""

TEAM_SIZE: Final = 4
POSITIONS: Final = {f"{team}{n}": (queue,) for team, queue in TEAMS.items() for n in range(1, TEAM_SIZE + 1)}
SITES: Final = {"tunis": Fate.OUTSOURCER, "backup": Fate.BACKUP}

SIGN_IN: Final = Path(__file__).resolve().parent / "sign_in.xml"
LOG_IN: Final = "*11"
ANSWER_MS: Final = 400
PATIENCE_S: Final = 30.0
"""Longer than any wait that is meant to happen: a caller who gives up after it was lost."""

FIRST_CALLER: Final = 33_639_980_000
"""06 39 98 00 00 to 99 99 are kept for films: nobody has these numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """Calls that are placed together.

    Attributes:
        scene: place of the scene that they belong to.
        number: what they dial.
        calls, per_s: how many, and how many in a second.
        gives_up_s: how long they wait for an answer; None for as long as it takes.

    """

    scene: int
    number: str
    calls: int
    per_s: float
    gives_up_s: float | None = None


class Cast:
    """Positions, sites and callers of one PABX.

    Args:
        pabx: it must run whenever a method is called.
        folder: takes the logs.
        talk_ms: length of a talk.

    """

    def __init__(self, pabx: SmallPabx, folder: Path, talk_ms: int) -> None:
        self._pabx = pabx
        self._folder = folder
        self._talk_ms = talk_ms
        self._team_ports = {team: free_port(address=POSITIONS_ADDRESS) for team in TEAMS}
        self._waves: list[tuple[Wave, Callers]] = []
        self._callees: dict[str, Callee] = {}
        self._gone: list[tuple[Fate, Callee]] = []
        self._telephones: list[Sipp] = []
        self._caller_numbers: Iterator[int] = itertools.count(FIRST_CALLER)
        self._runs = itertools.count(1)

    def open(self) -> None:
        """Have everybody take their place, and the positions sign in.

        Raises:
            DemoError: a position was refused.

        """
        self._folder.mkdir()
        for name in (*TEAMS, *SITES):
            self.open_up(name)
        signing_in = [self._sign_in(team, port) for team, port in self._team_ports.items()]
        for sipp in signing_in:
            with sipp:
                _see_in(sipp)

    def open_up(self, name: str) -> None:
        """Have a team or a site take calls."""
        if name in TEAMS:
            address, port = POSITIONS_ADDRESS, self._team_ports[name]
        else:
            address, port = SITES_ADDRESS, self._pabx.layout.sites[name]
        run = f"{name}-{next(self._runs)}"
        self._callees[name] = Callee(
            self._folder, run, address=address, port=port, answer_ms=ANSWER_MS, talk_ms=self._talk_ms
        )

    def go_down(self, name: str) -> None:
        """Have a team or a site die with the calls that it carries."""
        callee = self._callees.pop(name)
        callee.sipp.stop()
        self._gone.append((SITES.get(name, Fate.POSITION), callee))

    def call(self, wave: Wave) -> None:
        """Start to place calls."""
        calls = [Call(caller=f"+{next(self._caller_numbers)}", number=wave.number) for _ in range(wave.calls)]
        patience_s = PATIENCE_S if wave.gives_up_s is None else wave.gives_up_s
        name = f"callers-{next(self._runs)}"
        callers = Callers(
            self._pabx,
            self._folder,
            calls,
            name=name,
            per_s=wave.per_s,
            patience_ms=round(1000 * patience_s),
            speaks=True,
        )
        self._waves.append((wave, callers))

    def dial(self, position: str, code: str) -> None:
        """Have a position's telephone dial a code; `check` tells when it was not answered."""
        name, port = f"{position}-{next(self._runs)}", free_port(address=POSITIONS_ADDRESS)
        self._telephones.append(start_to_dial(self._pabx, self._folder, position, code, name=name, media_port=port))

    @property
    def calling(self) -> bool:
        """Tell whether calls are under way or still to be placed."""
        return any(callers.sipp.process.poll() is None for _, callers in self._waves)

    def outcomes(self) -> list[Outcome]:
        """Return what has become of every call so far."""
        # Who answered is asked last: whoever hangs up tells so before the caller can.
        over = [callers.sipp.process.poll() is not None for _, callers in self._waves]
        placed = [callers.placed() for _, callers in self._waves]
        answers = talks(
            (fate, call)
            for fate, callee in (*self._gone, *((SITES.get(n, Fate.POSITION), c) for n, c in self._callees.items()))
            for call in callee.received()
        )
        return [
            outcome
            for (wave, _), calls, done in zip(self._waves, placed, over, strict=True)
            for outcome in outcomes(wave.scene, calls, answers, hurried=wave.gives_up_s is not None, over=done)
        ]

    def under_way(self, now: float) -> list[str]:
        """Tell of each call that is not over at this instant what its telephones saw."""
        callees = (*(callee for _, callee in self._gone), *self._callees.values())
        received = [(callee.sipp.name, call) for callee in callees for call in callee.received()]
        calling = [callers for _, callers in self._waves if callers.sipp.process.poll() is None]
        return [story(call, received, now) for callers in calling for call in callers.placed() if not call.ended]

    def check(self) -> None:
        """See whether everybody is well.

        Raises:
            DemoError: a SIPp ended that should not have.

        """
        for name, callee in self._callees.items():
            if callee.sipp.process.poll() is not None:
                raise _died(name, callee.sipp)
        for _, callers in self._waves:
            if callers.sipp.process.poll() not in {None, 0, 1}:
                raise _died("the callers", callers.sipp)
        for sipp in self._telephones:
            if sipp.process.poll() not in {None, 0}:
                raise _died("a telephone that dials a code", sipp)

    def start_over(self) -> None:
        """Forget all calls, which must be over; who answers starts a new log."""
        for name in list(self._callees):
            self.go_down(name)
            self.open_up(name)
        self._gone.clear()
        self._waves.clear()
        self._telephones.clear()

    def close(self) -> None:
        """Have everybody leave at once."""
        for sipp in (
            *(callers.sipp for _, callers in self._waves),
            *(callee.sipp for callee in self._callees.values()),
            *self._telephones,
        ):
            sipp.stop()

    def _sign_in(self, team: str, port: int) -> Sipp:
        table = self._folder / f"sign-in-{team}.csv"
        table.touch(mode=0o600)
        positions = [position for position in POSITIONS if position.startswith(team)]
        secret = self._pabx.sip_secret
        table.write_text(
            "SEQUENTIAL\n"
            + "".join(
                f"{user};[authentication username={user} password={secret}];{port};{LOG_IN};\n" for user in positions
            )
        )
        target = f"{PABX_ADDRESS}:{self._pabx.sip_port}"
        calls = ("-m", str(len(positions)), "-r", "50")
        arguments: list[str | Path] = [target, "-sf", SIGN_IN, "-inf", table, *local(POSITIONS_ADDRESS), *calls]
        return Sipp(self._folder, f"sign-in-{team}", arguments)


def _see_in(sipp: Sipp) -> None:
    try:
        refused = sipp.wait(within_s=20)
    except SippError as error:
        raise DemoError("Signing in the positions", "Start the demo again.", str(error)) from error
    if refused:
        raise DemoError("Signing in the positions", "Read what SIPp says above.", sipp.error_text())


def _died(name: str, sipp: Sipp) -> DemoError:
    return DemoError(f"SIPp ended that plays {name}", "Start the demo again.", sipp.error_text())
