"""Modes switched from a telephone, and shown by its lamp.

What comes over FastAGI is a hint, for whoever reaches that port could say it. The PABX itself must confirm over the AMI
link, where it has our password, that this channel exists and what it dialled; and which endpoint it is of tells the
channel's name, which no caller chooses.
"""

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from structlog.typing import FilteringBoundLogger

from ccrouter.agi.calls import CodeDialled
from ccrouter.app.modes import ModeSwitch
from ccrouter.clock import Clock
from ccrouter.contract import SWITCH
from ccrouter.errors import LinkError, StoreError
from ccrouter.routing.rules import ModeKey, Rules
from ccrouter.store.audit import Deed
from ccrouter.telemetry.counts import CodeCounts
from ccrouter.telemetry.privacy import plain
from ccrouter.web.orders import ModeOrder, UnknownNameError

CONFIRMED_WITHIN_S: Final = 0.5
MOST: Final = 32
"""Codes in hand at once; further ones are told at once that it failed."""

REMEMBERED: Final = 256
LONGEST_NAME: Final = 60
WANTED: Final = {"*1": True, "*0": False}
"""What may follow a code; nothing turns the mode the other way round."""

ON_CHANNEL: Final = re.compile(r"([^|]+)\|([0-9*#]{1,40})\|([0-9*#]{1,40})\|([^|]*)")
"""Value of contract.SWITCH."""


class ReadsChannels(Protocol):
    """The link to a PABX, as far as it tells what a channel is about."""

    async def variable(self, channel: str, name: str) -> str | None:
        """Return a variable of a channel; None where there is no such channel; raises LinkError."""
        ...


class Dialled(NamedTuple):
    """What a telephone dialled, by the PABX's own word.

    Attributes:
        phone: its endpoint: `PJSIP/101`.
        text: all that it dialled.
        code: of the mode, or whatever was dialled in its place.
        on: on or off; None for the other way round.
        name: its caller's name; empty where none may be shown.

    """

    phone: str
    text: str
    code: str
    on: bool | None
    name: str

    @property
    def author(self) -> str:
        """Return who it was, as the audit tells it."""
        return f"{self.name} ({self.phone})" if self.name else self.phone

    @property
    def reason(self) -> str:
        """Return why, as the audit tells it."""
        return f"by telephone, code {self.text}"


@dataclass(slots=True)
class Telephones:
    """Takes the codes that telephones dial, and says which lamps are on.

    Attributes:
        rules: returns the version in force.
        modes_on: returns the modes that are on at an instant.
        note: puts a refusal into the audit; never raises, and waits for a moment at the most.

    """

    switch: ModeSwitch
    rules: Callable[[], Rules]
    modes_on: Callable[[float], frozenset[str]]
    links: Mapping[str, ReadsChannels]
    note: Callable[[Deed], Awaitable[None]]
    counts: CodeCounts
    clock: Clock
    log: FilteringBoundLogger
    _asked: asyncio.Queue[tuple[CodeDialled, Callable[[str], None]]] = field(default_factory=asyncio.Queue)
    _in_hand: int = 0
    _done: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _codes: set[str] = field(default_factory=set)

    def dialled(self, code: CodeDialled, answer: Callable[[str], None]) -> None:
        """Take in that a telephone dialled a code; `answer` is called once, here or from `run`."""
        if self._in_hand >= MOST:
            self.log.error("too many codes of modes at once", pabx=code.pabx, uniqueid=code.uniqueid)
            answer("failed")
            return
        self._in_hand += 1
        self._asked.put_nowait((code, answer))

    def lamps(self) -> Mapping[str, bool | None]:
        """Return by code whether its lamp is on now; None for a code that was taken out of the routing file."""
        keys, on = self.rules().mode_keys, self.modes_on(self.clock.now())
        self._codes |= keys.keys()
        return {code: keys[code].mode in on if code in keys else None for code in sorted(self._codes)}

    async def run(self) -> None:
        """See to what telephones dial, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                code, answer = await self._asked.get()
                tasks.create_task(self._serve(code, answer), name=f"code dialled {code.uniqueid}")

    async def _serve(self, code: CodeDialled, answer: Callable[[str], None]) -> None:
        line = self.log.bind(pabx=code.pabx, uniqueid=code.uniqueid)
        try:
            told = await self._answer(code, line)
        except (LinkError, StoreError, TimeoutError) as error:
            line.error("mode not switched for a telephone", reason=str(error) or "the PABX did not confirm it in time")
            told = "failed"
        except Exception:  # noqa: BLE001 - a fault of ours costs this switch, and nothing else
            line.exception("mode not switched for a telephone")
            told = "failed"
        finally:
            self._in_hand -= 1
        self.counts.dialled(code.pabx, told)
        try:
            answer(told)
        except Exception:  # noqa: BLE001 - as above
            line.exception("a telephone was not told what became of its code", answer=told)

    async def _answer(self, code: CodeDialled, line: FilteringBoundLogger) -> str:
        async with asyncio.timeout(CONFIRMED_WITHIN_S):
            value = await self.links[code.pabx].variable(code.channel, SWITCH)
        dialled = confirmed(code, value or "")
        if dialled is None or (code.pabx, code.uniqueid) in self._done:
            line.warning("code of a mode refused: the PABX knows nothing of it", channel=code.channel)
            return "failed"
        self._done.append((code.pabx, code.uniqueid))
        line = line.bind(phone=dialled.phone, dialled=dialled.text)
        key = self.rules().mode_keys.get(dialled.code)
        if key is None:
            line.info("no mode has the code that was dialled")
            return "unknown"
        if dialled.phone not in key.phones:
            await self._refuse(key, dialled, line)
            return "refused"
        try:
            return await self._turn(key, dialled)
        except UnknownNameError:  # the routing file was replaced in this very moment
            return "unknown"

    async def _turn(self, key: ModeKey, dialled: Dialled) -> str:
        if dialled.on is None:
            state = await self.switch.turn(key.mode, dialled.author, dialled.reason)
        else:
            state = await self.switch.switch(ModeOrder(key.mode, dialled.on, dialled.author, dialled.reason))
        return "on" if state.on else "off"

    async def _refuse(self, key: ModeKey, dialled: Dialled, line: FilteringBoundLogger) -> None:
        line.warning("this telephone may not switch the mode", mode=key.mode, may=sorted(key.phones))
        deed = Deed(self.clock.now(), dialled.author, "mode refused", key.mode, dialled.reason)
        await self.note(deed)


def confirmed(code: CodeDialled, value: str) -> Dialled | None:
    """Return what a channel's variable says it dialled; None where it is another channel, or dialled no code."""
    found = ON_CHANNEL.fullmatch(value)
    if found is None or found[1] != code.uniqueid:
        return None
    _, text, asked, name = found.groups()
    on = WANTED.get(asked[-2:])
    # `PJSIP/101-0000001a`: the PABX numbers the channels of an endpoint. A Local channel is named after an extension.
    phone, _, _ = code.channel.rpartition("-")
    shown = " ".join(plain(name)[:LONGEST_NAME].replace("(", " ").replace(")", " ").split())
    return Dialled(phone, text, asked if on is None else asked[:-2], on, shown)
