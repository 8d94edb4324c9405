"""The trunk to a site, at whose other end one telephone follows another: well, refusing, slow, or none."""

from pathlib import Path
from typing import Self

from ccrouter.clock import SystemClock
from phones import Callee
from small_pabx import SITES_ADDRESS, free_port
from support.parties import CalleeHabits


class Trunk:
    """One site's end of its trunk.

    Attributes:
        port: where the site is called.
        ends: all telephones that were there, each with its log.
        died: the instants (seconds since 1970) at which they died, in the same order; the last one may be there yet.

    """

    def __init__(self, folder: Path, name: str, habits: CalleeHabits) -> None:
        self._folder = folder
        self._name = name
        self._habits = habits
        self.port = free_port(address=SITES_ADDRESS)
        self.ends: list[Callee] = []
        self.died: list[float] = []
        self._clock = SystemClock()
        self.recover()

    def recover(self) -> None:
        """Take calls as always, from now on."""
        self.become(**self._habits)

    def become(self, **habits: object) -> None:
        """Behave otherwise from now on; who talks at this moment hears nothing any more."""
        self.die()
        name = f"{self._name}{len(self.ends)}"
        callee = Callee(self._folder, name, address=SITES_ADDRESS, port=self.port, **habits)  # type: ignore[arg-type]
        self.ends.append(callee)

    def die(self) -> None:
        """Be gone with all calls, as by a power cut: nobody is told."""
        if len(self.died) < len(self.ends):
            self.died.append(self._clock.now())
            self.ends[-1].sipp.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.die()
