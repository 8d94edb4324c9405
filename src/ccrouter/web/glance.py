"""The status for a window that is too small for all of it: a line for each thing, what matters most first."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ccrouter.telemetry.privacy import plain
from ccrouter.web.status import ModeStatus, OverrideStatus, QueueStatus, Status
from ccrouter.web.terminal import NONE, UNKNOWN, ago, duration, instant, local, style_of

if TYPE_CHECKING:
    from rich.text import Text

LEAST: Final = 4
"""Lines that each part gets, its heading with them, before one gets more."""

NARROW: Final = 24
"""Columns that a cell takes at most, but for the last of its row."""

UP: Final = "up"


@dataclass(frozen=True, slots=True)
class Part:
    """Rows under one heading.

    Attributes:
        name: what is said of it where rows are left out.
        heading: of each column; empty for rows without.
        weights: of each row; where there is no room, the lightest are left out first, and of equals the last.

    """

    name: str
    heading: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    weights: tuple[float, ...] = ()
    style: str = ""

    @property
    def size(self) -> int:
        """Lines that it takes as a whole."""
        return len(self.rows) + bool(self.heading) if self.rows else 0

    def shortened(self, lines: int) -> "Part":
        """Return it with the heaviest of its rows, in their order, in so many lines."""
        room = max(0, lines - bool(self.heading))
        weights = self.weights or (0.0,) * len(self.rows)
        kept = sorted(sorted(range(len(self.rows)), key=lambda place: -weights[place])[:room])
        return Part(self.name, self.heading, tuple(self.rows[place] for place in kept), style=self.style)


def glance(status: Status, width: int, height: int) -> "list[Text]":
    """Return the picture in so many lines at most, none wider than the window; the last tells what is left out."""
    parts = list(_parts(status))
    shown = _allotted([part.size for part in parts], height)
    if shown != [part.size for part in parts]:
        shown = _allotted([part.size for part in parts], height - 1)
    fitted = [part.shortened(lines) for part, lines in zip(parts, shown, strict=True)]
    drawn = [line for part in fitted for line in _drawn(part, width)]
    cut = {part.name: len(part.rows) - len(fit.rows) for part, fit in zip(parts, fitted, strict=True)}
    if missing := sum(cut.values()):
        told = ", ".join(f"{count} {name}" for name, count in cut.items() if count)
        drawn.append(_line([(f"... {missing} more lines: {told}", "dim")], width))
    return drawn


def _allotted(sizes: Sequence[int], room: int) -> list[int]:
    """Return how many lines each part gets: a few for each, and the rest for the first that need them."""
    shown = [0] * len(sizes)
    for most in (LEAST, room):
        for place, size in enumerate(sizes):
            more = min(size, most) - shown[place]
            more = min(more, room - sum(shown))
            if more > 0 and shown[place] + more > 1 - (size == 1):  # a heading without a row says nothing
                shown[place] += more
    return shown


def _parts(status: Status) -> Iterator[Part]:
    state = "NOT READY" if status.not_ready else "ready"
    up = duration(status.at - status.started_at)
    head = [(f"ccrouter {status.version}, {state}, running for {up}; times are those of {status.zone}",)]
    problems = [f"NOT READY: {each}" for each in status.not_ready]
    problems += [f"DEGRADED: {each.line}" for each in status.degraded]
    if status.rules is None:
        problems.append("RULES: none are in force")
    else:
        rules = status.rules
        head.append((f"rules: version {rules.version}, since {instant(rules.loaded_at, status.zone)}, {rules.file}",))
        problems += [f"LAST RELOAD REFUSED: {each}" for each in rules.problems]
        problems += [f"RULES: {each}" for each in rules.remarks]
    yield Part("remarks", (), tuple(head))
    yield Part("problems", (), tuple((line,) for each in problems for line in each.splitlines()), style="bold red")
    yield Part(
        "PABXs",
        ("PABX", "link", "picture", "heard", "remark"),
        tuple(
            (p.name, p.link, "in sync" if p.in_sync else "none", ago(p.heard_age_s), p.reason or p.version)
            for p in status.pabxs
        ),
        tuple(float(bool(p.reason) or not p.in_sync) for p in status.pabxs),
    )
    yield _modes(status.modes)
    yield _overrides(status.overrides)
    yield _queues(status.queues)
    yield Part(
        "sites",
        ("Site", "calls", "limit", "health"),
        tuple((s.name, str(s.calls), str(s.max_calls or NONE), s.health) for s in status.sites),
        tuple(s.calls + 1e6 * (s.health != UP) for s in status.sites),
    )
    yield Part(
        "decisions",
        ("Decided", "number", "rule", "to", "because"),
        tuple(
            (local(d.at, status.zone, "%H:%M:%S"), d.number, d.rule, d.destination, d.reason) for d in status.decisions
        ),
    )
    totals = ", ".join(f"{name} {count}" for name, count in status.totals.items())
    yield Part("totals", (), ((f"Since the start: {totals}",),) if totals else ())


def _modes(modes: Iterable[ModeStatus]) -> Part:
    return Part(
        "modes",
        ("Mode", "state", "until", "author", "reason"),
        tuple(
            (m.name, "on", NONE if m.until is None else instant(m.until, m.zone), m.author, m.reason)
            for m in modes
            if m.on
        ),
    )


def _overrides(overrides: Iterable[OverrideStatus]) -> Part:
    found = tuple(overrides)
    return Part(
        "overrides",
        ("Override", "to", "state", "until", "reason"),
        tuple(
            (
                *(each.number, ", ".join(each.to), each.state, instant(each.until, each.zone)),
                f"not in the file any more: {', '.join(each.gone)}" if each.gone else each.reason,
            )
            for each in found
        ),
        tuple(float(each.active) for each in found),
    )


def _queues(queues: Sequence[QueueStatus]) -> Part:
    several = len({each.pabx for each in queues}) > 1
    return Part(
        "queues",
        ("Queue", "waiting", "longest", "forecast", "logged in", "ready", "busy", "paused", ""),
        tuple(
            (
                *(f"{q.pabx}/{q.name}" if several else q.name, str(q.waiting)),
                NONE if q.longest_wait_s is None else duration(q.longest_wait_s),
                UNKNOWN if q.estimated_wait_s is None else duration(q.estimated_wait_s),
                *(str(q.logged_in), str(q.ready), str(q.busy), str(q.paused)),
                "" if q.fresh else "old",
            )
            for q in queues
        ),
        tuple(float(q.waiting) for q in queues),
    )


def _drawn(part: Part, width: int) -> "Iterator[Text]":
    from rich.cells import cell_len, set_cell_size  # noqa: PLC0415 - only a terminal needs it

    if not part.rows:
        return
    rows = [tuple(map(plain, row)) for row in part.rows]
    table = [part.heading, *rows] if part.heading else rows
    widths = [min(NARROW, max(map(cell_len, column))) for column in zip(*table, strict=True)]
    for place, row in enumerate(table):
        heading = place == 0 and part.heading
        cells = [set_cell_size(cell, room) for cell, room in zip(row[:-1], widths[:-1], strict=True)]
        styles = ["bold" if heading else part.style or style_of(cell) for cell in row]
        yield _line([(text, style) for text, style in zip([*cells, row[-1]], styles, strict=True)], width)


def _line(cells: Iterable[tuple[str, str]], width: int) -> "Text":
    from rich.text import Text  # noqa: PLC0415 - only a terminal needs it

    line = Text("  ", no_wrap=True).join(Text(text, style) for text, style in cells)
    line.truncate(width, overflow="ellipsis")
    return line
