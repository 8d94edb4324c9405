"""PABXs that are lent lines, as far as the dialplan's guard and their AMI go, each small step of its own."""

import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from ccrouter.routing.lending import STAMP, Batch, Lender, Write
from ccrouter.routing.lines import own_lines

SITE = "tunis"


@dataclass(slots=True)
class Sent:
    """A batch on its way: what of it was carried out, and whether its router still waits for it."""

    batch: Batch
    answers: list[str | None] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Tell whether all was carried out."""
        return len(self.answers) == len(self.batch.orders)


@dataclass(slots=True)
class Arriving:
    """A call in the guard: it entered the group, and read the lines and the stamp, as far as it came."""

    lent: str | None = None
    stamp: str | None = None


@dataclass(slots=True)
class ModelPabx:
    """One PABX.

    Attributes:
        own: its plan's limit, where nothing that counts was lent.
        through: calls that passed the guard.
        sessions: AMI sessions, old ones too, each with what it has not read yet.

    """

    own: int
    variables: dict[str, str] = field(default_factory=dict)
    arriving: list[Arriving] = field(default_factory=list)
    through: int = 0
    sessions: list[deque[tuple[Sent, int]]] = field(default_factory=list)

    def go_on(self, call: Arriving) -> None:
        """Let a call take one more step of the guard."""
        if call.lent is None:
            call.lent = self.variables.get(f"{STAMP}_{SITE}", "")
        elif call.stamp is None:
            call.stamp = self.variables.get(STAMP, "")
        else:
            lines, _, stamp = call.lent.partition("/")
            limit = int(lines) if call.lent and stamp == call.stamp else self.own
            passes = self.through + len(self.arriving) <= limit
            self.arriving.remove(call)
            self.through += passes

    def carry_out(self, session: int) -> None:
        """Carry out the next order of a session."""
        sent, place = self.sessions[session].popleft()
        order = sent.batch.orders[place]
        if isinstance(order, Write):
            self.variables[order.name] = order.value
            sent.answers.append("")
        elif order.name.startswith("GROUP_COUNT"):
            sent.answers.append(str(self.through + len(self.arriving)))
        else:
            sent.answers.append(self.variables.get(order.name, ""))

    def restart(self) -> None:
        """Lose the calls, the globals and the sessions."""
        self.variables.clear()
        self.arriving.clear()
        self.through = 0
        for session in self.sessions:
            session.clear()


class ModelHouse:
    """PABXs and routers around one site; nothing happens by itself.

    Each router does as if it were on duty: two of them at once are the worst that a duty can come to.
    """

    def __init__(self, pabxs: Sequence[str], max_calls: int, routers: int) -> None:
        self.now = 1000.0
        self.max_calls = max_calls
        self.pabxs = {name: ModelPabx(own_lines(max_calls, len(pabxs))) for name in pabxs}
        stamps = (f"s{n}" for n in itertools.count())
        self.lenders = [Lender(tuple(pabxs), stamps, lambda site: site) for _ in range(routers)]
        for lender in self.lenders:
            lender.configure({SITE: max_calls})
        self.session = dict.fromkeys(itertools.product(range(routers), pabxs), -1)
        self.waiting: dict[tuple[int, str], Sent] = {}
        for key in self.session:
            self.link(*key)

    def link(self, router: int, pabx: str) -> None:
        """Have a router link to a PABX again; what the old session did not read yet may still be read."""
        self.lenders[router].lose(pabx)
        self.waiting.pop((router, pabx), None)
        sessions = self.pabxs[pabx].sessions
        sessions.append(deque())
        self.session[router, pabx] = len(sessions) - 1

    def ask(self, router: int, pabx: str) -> bool:
        """Have a router send what it wants to; tell whether it was anything."""
        if (router, pabx) in self.waiting:
            return False
        calls = {SITE: {name: each.through for name, each in self.pabxs.items()}}
        batch = self.lenders[router].next(pabx, calls, self.now)
        if batch is None:
            return False
        sent = self.waiting[router, pabx] = Sent(batch)
        place = self.session[router, pabx]
        self.pabxs[pabx].sessions[place].extend((sent, n) for n in range(len(batch.orders)))
        return True

    def answer(self, router: int, pabx: str) -> None:
        """Give a router the answers that there are; what had none by now has none."""
        sent = self.waiting.pop((router, pabx), None)
        if sent is not None:
            missing = [None] * (len(sent.batch.orders) - len(sent.answers))
            self.lenders[router].answered(pabx, sent.batch, [*sent.answers, *missing], self.now)

    def restart(self, pabx: str) -> None:
        """Restart a PABX; each router notices, sooner or later: `link` is called by whoever plays."""
        self.pabxs[pabx].restart()
        for router in range(len(self.lenders)):
            self.link(router, pabx)

    def settle(self, router: int, seconds: float) -> None:
        """Let one router work undisturbed for so long, with PABXs that answer at once."""
        until = self.now + seconds
        while self.now < until:
            for pabx, model in self.pabxs.items():
                while self.ask(router, pabx):
                    for place in range(len(model.sessions)):
                        while model.sessions[place]:
                            model.carry_out(place)
                    self.answer(router, pabx)
            self.now += 0.05

    def lines(self) -> dict[str, int]:
        """Return the limit by which each PABX goes."""
        found = {}
        for name, pabx in self.pabxs.items():
            lines, _, stamp = pabx.variables.get(f"{STAMP}_{SITE}", "").partition("/")
            found[name] = int(lines) if lines and stamp == pabx.variables.get(STAMP, "") else pabx.own
        return found
