"""Lending lines to PABXs: what is asked of each of them, in which order, and what their answers mean. No I/O here.

Several routers may serve the same PABXs, an order may have no answer and be carried out all the same, however late, and
a router may be stopped for a while and go on as if nothing had been. So each value that a PABX is given bears a stamp,
and counts only as long as that PABX has the same one in a variable of its own. Who takes a PABX in hand writes a new
stamp first: from then on nothing counts there that was sent before, by whomever, and the PABX goes by its own lines
until it is given values of the new stamp. What was lent is read after that; it is to be believed where it bears the
stamp that was there just before.

A part is made smaller by one batch of orders: the new value, then the stamp, then the calls that the PABX carries. Only
an answer that has our stamp frees lines for others.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ccrouter.routing.lines import Purse

TAKEN_WITHIN_S = 0.5
"""Between reading the old stamp and having written the new one; where it took longer, another router may have done the
same in between, and lent what is read as if it were still here."""

SETTLED_AFTER_S = 1.0
"""Nothing is taken from a PABX that is in our hand for less: whoever read its old stamp has found ours by then."""

LOOK_AGAIN_S = 0.3
"""Until a PABX is asked again for the calls of which it had more than its lines."""

AUDIT_S = 5.0
"""Until all values are read again: somebody may have changed one on the PABX's console."""

TRY_AGAIN_S = 0.5
"""Until a PABX is taken in hand again that another router has taken, or that did not answer."""

STAMP = "CCROUTER_LINES"
"""Global variable of the stamp in force."""


@dataclass(frozen=True, slots=True)
class Read:
    """Read a variable or a function; what is unset is empty."""

    name: str


@dataclass(frozen=True, slots=True)
class Write:
    """Set a global variable."""

    name: str
    value: str


Order = Read | Write


@dataclass(frozen=True, slots=True)
class Batch:
    """Orders to one PABX, sent in one go and carried out in this order.

    Attributes:
        takes: it takes the PABX in hand.
        begun_at: when it was made.
        lines: of which sites values are written.
        counted: of which sites the calls are read.
        audited: of which sites the values are read.

    """

    orders: tuple[Order, ...]
    begun_at: float
    takes: bool = False
    lines: Mapping[str, int] = field(default_factory=dict)
    counted: tuple[str, ...] = ()
    audited: tuple[str, ...] = ()


@dataclass(slots=True)
class Hold:
    """One PABX, as far as it is in our hand.

    Attributes:
        stamp: ours, in force there; empty while it is not in our hand.
        taken_at: since when.
        seen_at: our stamp was there at this instant, or later.
        not_before: when it may be asked again.
        audit_at: when its values are read again.

    """

    stamp: str = ""
    taken_at: float = 0.0
    seen_at: float = 0.0
    not_before: float = 0.0
    audit_at: float = 0.0


class Lender:
    """Lends the lines of all sites, and knows what is lent.

    Instants are those of a clock that never goes back. One batch is under way for a PABX at a time.

    Args:
        pabxs: names of all.
        stamps: gives texts that no router ever gave before: letters, digits, hyphens.
        group: returns the name of a site as the dialplan counts it (URIENCODE).

    """

    def __init__(self, pabxs: Sequence[str], stamps: Iterator[str], group: Callable[[str], str]) -> None:
        self._pabxs = tuple(pabxs)
        self._stamps = stamps
        self._group = group
        self._holds = {pabx: Hold() for pabx in pabxs}
        self._purses: dict[str, Purse] = {}

    def configure(self, limits: Mapping[str, int]) -> None:
        """Take the most calls of each site by name; where they differ, all PABXs are taken in hand anew."""
        if {name: purse.max_calls for name, purse in self._purses.items()} == dict(limits):
            return
        for pabx in self._pabxs:
            self.lose(pabx)
        before, self._purses = self._purses, {name: Purse(most, len(self._pabxs)) for name, most in limits.items()}
        for name, purse in self._purses.items():
            if name in before:
                purse.away = before[name].away

    def lose(self, pabx: str) -> None:
        """Let a PABX go: its link is down, or it is not ours to deal with. What it was lent stays lent."""
        self._holds[pabx] = Hold()
        for purse in self._purses.values():
            purse.lose(pabx)

    def lent(self) -> Iterator[tuple[str, str, int | None]]:
        """Yield each PABX in our hand, each site, and the lines that it has there for sure; None before it told."""
        for site, purse in self._purses.items():
            for pabx, account in purse.accounts.items():
                yield pabx, site, None if account.written is None else min(account.written, account.lines)

    def in_hand(self, pabx: str) -> bool:
        """Tell whether a PABX is in our hand."""
        return bool(self._holds[pabx].stamp)

    def next(self, pabx: str, calls: Mapping[str, Mapping[str, int]], at: float) -> Batch | None:
        """Return what a PABX is to be asked now; None for nothing.

        Args:
            pabx: one that is ours to deal with, over a link that is up.
            calls: by site, the calls that each PABX carries there, or will in a moment.
            at: the instant.

        """
        hold = self._holds[pabx]
        if at < hold.not_before or (not self._purses and len(self._pabxs) > 1):
            return None
        if len(self._pabxs) == 1:
            # What is left of the time when it was not alone must not count.
            if hold.stamp:
                return Batch((Write(STAMP, ""),), at)
            return Batch((Read(STAMP),), at) if hold.audit_at == 0.0 else None
        return self._work(pabx, hold, calls, at) if hold.stamp else self._take(at)

    def answered(self, pabx: str, batch: Batch, answers: Sequence[str | None], at: float) -> None:
        """Take in the answers to a batch: values read, empty texts for values written, None for what had no answer."""
        hold = self._holds[pabx]
        if len(self._pabxs) == 1:
            if None in answers:
                hold.not_before = at + TRY_AGAIN_S
            else:
                hold.stamp, hold.audit_at = answers[0] or "", at
        elif batch.takes:
            self._taken(pabx, batch, answers, at)
        elif hold.stamp:
            self._done(pabx, batch, answers, at)

    # --- taking a PABX in hand ----------------------------------------------------------------------------------------

    def _take(self, at: float) -> Batch:
        sites = tuple(self._purses)
        stamp = next(self._stamps)
        values = (Read(self._variable(site)) for site in sites)
        counts = (Read(self._count(site)) for site in sites)
        return Batch((Read(STAMP), Write(STAMP, stamp), *values, *counts), at, takes=True, counted=sites, audited=sites)

    def _taken(self, pabx: str, batch: Batch, answers: Sequence[str | None], at: float) -> None:
        hold = self._holds[pabx]
        written = batch.orders[1]
        if None in answers or not isinstance(written, Write) or set(batch.audited) != set(self._purses):
            hold.not_before = at + TRY_AGAIN_S
            return
        before, _, *rest = (answer or "" for answer in answers)
        values, counts = rest[: len(batch.audited)], [_number(each) for each in rest[len(batch.audited) :]]
        if None in counts:
            hold.not_before = at + TRY_AGAIN_S
            return
        believed = at - batch.begun_at <= TAKEN_WITHIN_S
        hold.stamp, hold.taken_at, hold.audit_at = written.value, at, at + AUDIT_S
        for site, value, count in zip(batch.audited, values, counts, strict=True):
            lines = _lines_of(value, before) if believed else None
            self._purses[site].take(pabx, lines or 0, count or 0)

    # --- what is in our hand ------------------------------------------------------------------------------------------

    def _work(self, pabx: str, hold: Hold, calls: Mapping[str, Mapping[str, int]], at: float) -> Batch | None:
        last_taken_at = self._last_taken_at()
        whole = all(each.stamp and each.seen_at >= last_taken_at(each) for each in self._holds.values())
        for purse in self._purses.values():
            purse.whole = whole
        unsure = hold.seen_at < last_taken_at(hold)
        wanted = dict(self._changes(pabx, hold, calls, at))
        carrying = tuple(
            site for site, purse in self._purses.items() if purse.accounts[pabx].calls and site not in wanted
        )
        audited = tuple(site for site in self._purses if site not in wanted) if at >= hold.audit_at else ()
        if not (wanted or carrying or unsure or at >= hold.audit_at):
            return None
        if not (wanted or unsure):
            hold.not_before = at + LOOK_AGAIN_S
        if at >= hold.audit_at:
            hold.audit_at = at + AUDIT_S
        counted = (*wanted, *carrying)
        return Batch(
            (
                *(Write(self._variable(site), f"{lines}/{hold.stamp}") for site, lines in wanted.items()),
                Read(STAMP),
                *(Read(self._count(site)) for site in counted),
                *(Read(self._variable(site)) for site in audited),
            ),
            at,
            lines=wanted,
            counted=counted,
            audited=audited,
        )

    def _last_taken_at(self) -> Callable[[Hold], float]:
        """Return what tells when a PABX other than a certain one was last taken in hand."""
        one, last = sorted(self._holds.values(), key=_taken_at)[-2:]
        return lambda hold: one.taken_at if hold is last else last.taken_at

    def _changes(
        self, pabx: str, hold: Hold, calls: Mapping[str, Mapping[str, int]], at: float
    ) -> Iterator[tuple[str, int]]:
        """Yield the sites of which the PABX is to have other lines, or is to be told of those that it has."""
        for site, purse in self._purses.items():
            account = purse.accounts[pabx]
            lines = purse.wanted(calls.get(site, {}))[pabx]
            if lines > account.lines:
                # From now on it may use them, whatever becomes of the order.
                lines = account.lines = max(account.lines, min(lines, purse.bound(pabx) + purse.free))
            elif at - hold.taken_at < SETTLED_AFTER_S:
                lines = account.lines
            if lines != account.written:
                yield site, lines

    def _done(self, pabx: str, batch: Batch, answers: Sequence[str | None], at: float) -> None:
        hold = self._holds[pabx]
        told = [answer or "" for answer in answers[len(batch.lines) :]]
        counts = [_number(each) for each in told[1 : 1 + len(batch.counted)]]
        if None in answers or None in counts:
            # What was made smaller may be so or not; what was made greater counts already.
            hold.not_before = at + TRY_AGAIN_S
            return
        if told[0] != hold.stamp:
            self.lose(pabx)
            self._holds[pabx].not_before = at + TRY_AGAIN_S
            return
        hold.seen_at = batch.begun_at
        for site, count in zip(batch.counted, counts, strict=True):
            account = self._purses[site].accounts[pabx]
            if site in batch.lines:
                account.lines = account.written = batch.lines[site]
            account.calls = count if count is not None and count > account.lines else 0
        for site, value in zip(batch.audited, told[1 + len(batch.counted) :], strict=True):
            account = self._purses[site].accounts[pabx]
            if account.written is not None and value != f"{account.written}/{hold.stamp}":
                account.written = None

    def _variable(self, site: str) -> str:
        return f"{STAMP}_{self._group(site)}"

    def _count(self, site: str) -> str:
        return f"GROUP_COUNT({self._group(site)}@ccrouter)"


def _taken_at(hold: Hold) -> float:
    return hold.taken_at


def _lines_of(value: str, stamp: str) -> int | None:
    """Return the lines that a value says, or None where it does not bear the stamp."""
    lines, _, bears = value.partition("/")
    return _number(lines) if stamp and bears == stamp else None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else None
