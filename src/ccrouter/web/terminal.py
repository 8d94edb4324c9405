"""The status for people: the same sections as rich tables in a terminal, and as plain aligned columns elsewhere."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TextIO
from zoneinfo import ZoneInfo

from ccrouter.clock import utc
from ccrouter.routing.snapshot import SitePart
from ccrouter.telemetry.privacy import plain
from ccrouter.web.status import ModeStatus, OverrideStatus, Status, WebhookStatus

if TYPE_CHECKING:
    from rich.console import RenderableType

UNKNOWN: Final = "?"
NONE: Final = "-"


@dataclass(frozen=True, slots=True)
class Section:
    """A table with a title; `empty` is said in place of rows where there are none."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    empty: str


def status_sections(status: Status) -> tuple[Section, ...]:
    """Return the whole picture, section by section."""
    return (
        Section(
            "PABXs",
            ("pabx", "link", "picture", "last heard", "duty", "version", *_compiled(status, "compiled"), "remark"),
            tuple(
                (
                    *(p.name, p.link, "in sync" if p.in_sync else "none", ago(p.heard_age_s)),
                    *("on duty" if p.on_duty else NONE, p.version or NONE),
                    *_compiled(status, p.compiled.line if p.compiled else NONE),
                    p.reason,
                )
                for p in status.pabxs
            ),
            "no PABX is configured",
        ),
        Section(
            "Queues",
            ("pabx", "queue", "waiting", "longest", "forecast", "logged in", "ready", "busy", "paused", "remark"),
            tuple(
                (
                    *(q.pabx, q.name, str(q.waiting)),
                    NONE if q.longest_wait_s is None else duration(q.longest_wait_s),
                    UNKNOWN if q.estimated_wait_s is None else duration(q.estimated_wait_s),
                    *(str(q.logged_in), str(q.ready), str(q.busy), str(q.paused)),
                    "" if q.fresh else "old: the PABX is silent",
                )
                for q in status.queues
            ),
            "no queue is known",
        ),
        Section(
            "Sites",
            ("site", "calls", "limit", "health", *(("calls and lines",) if _several(status) else ())),
            tuple(
                (
                    *(s.name, str(s.calls), str(s.max_calls or NONE), s.health),
                    *((", ".join(map(_part, s.parts)),) if _several(status) else ()),
                )
                for s in status.sites
            ),
            "no external site is known",
        ),
        modes_section(status.modes),
        overrides_section(status.overrides),
        Section(
            "Last decisions",
            ("at", "number", "service", "rule", "to", "because"),
            tuple(
                (local(d.at, status.zone, "%H:%M:%S"), d.number, d.service, d.rule, d.destination, d.reason)
                for d in status.decisions
            ),
            "no call has been routed yet",
        ),
        Section(
            "Since the start",
            ("what", "count"),
            tuple((name, str(count)) for name, count in status.totals.items()),
            "nothing has been counted yet",
        ),
    )


def _several(status: Status) -> bool:
    return len(status.pabxs) > 1


def _compiled(status: Status, text: str) -> tuple[str, ...]:
    """Return a cell of the column that is there where rules are compiled."""
    return (text,) if any(p.compiled for p in status.pabxs) else ()


def _part(part: SitePart) -> str:
    lines = "" if part.lines is None else f" of {part.lines}"
    return f"{part.pabx} {part.calls}{lines}"


def headline(status: Status) -> tuple[str, ...]:
    """Return what comes first: what runs, whether it is ready, and which rules are in force."""
    up = duration(status.at - status.started_at)
    lines = [
        f"ccrouter {status.version}, router {status.router}, process {status.pid}, running for {up}",
        *times_of(status.zone),
    ]
    lines += [f"NOT READY: {each}" for each in status.not_ready] or ["ready"]
    lines += [f"DEGRADED since {instant(each.since, status.zone)}: {each.line}" for each in status.degraded]
    lines += [f"WEBHOOK {each.line}" for each in status.webhooks if each.line]
    rules = status.rules
    if rules is None:
        lines.append("rules: none are in force")
    else:
        lines.append(f"rules: {rules.file}, version {rules.version}, since {instant(rules.loaded_at, status.zone)}")
        lines += [f"LAST RELOAD REFUSED: {each}" for each in rules.problems]
        lines += [f"RULES: {each}" for each in rules.remarks]
    return tuple(line for each in lines for line in each.splitlines())


def modes_section(modes: Iterable[ModeStatus]) -> Section:
    """Return the modes as a table."""
    return Section(
        "Modes",
        ("mode", "state", "since", "until", "author", "reason"),
        tuple(
            (
                mode.name if mode.declared else f"{mode.name} (not in the routing file)",
                "on" if mode.on else "off",
                NONE if mode.since is None else instant(mode.since, mode.zone),
                NONE if mode.until is None else instant(mode.until, mode.zone),
                mode.author or NONE,
                mode.reason or NONE,
            )
            for mode in modes
        ),
        "the routing file declares no modes",
    )


def webhooks_section(webhooks: Iterable[WebhookStatus], at: float) -> Section:
    """Return the webhooks as a table."""
    return Section(
        "Webhooks",
        ("webhook", "at", "events", "services", "state", "waiting", "oldest", "remark"),
        tuple(
            (
                *(each.name, each.host, ", ".join(each.events), ", ".join(each.services) or "all"),
                *(each.state, str(each.waiting)),
                NONE if each.oldest_at is None else duration(max(0.0, at - each.oldest_at)),
                each.why,
            )
            for each in webhooks
        ),
        "the settings have no webhooks",
    )


def overrides_section(overrides: Iterable[OverrideStatus]) -> Section:
    """Return the overrides as a table, the one that counts first of each number before the others."""
    return Section(
        "Overrides",
        ("id", "number", "to", "state", "from", "until", "author", "reason", "remark"),
        tuple(
            (
                *(each.id, each.number, ", ".join(each.to), each.state),
                *(instant(each.since, each.zone), instant(each.until, each.zone), each.author, each.reason),
                f"not in the routing file any more: {', '.join(each.gone)}" if each.gone else "",
            )
            for each in overrides
        ),
        "no number is sent elsewhere",
    )


def times_of(zone: str) -> tuple[str, ...]:
    """Return the line that names the clock of the times below it."""
    return (f"times are those of {zone}",)


def show(out: TextIO, head: Sequence[str], sections: Sequence[Section]) -> None:
    """Write a picture once, in the form that suits where it goes."""
    if out.isatty():
        # Imported here, for most commands have no use for it.
        from rich.console import Console  # noqa: PLC0415

        Console(file=out).print(rich_picture(head, sections))
        return
    out.writelines(f"{line}\n" for line in plain_lines(head, sections))
    out.flush()


def plain_lines(head: Sequence[str], sections: Sequence[Section]) -> Iterator[str]:
    """Yield text lines without any styling, for pipes and logs."""
    yield from map(plain, head)
    for place, section in enumerate(sections):
        if head or place:
            yield ""
        yield section.title
        if not section.rows:
            yield f"  {section.empty}"
            continue
        rows = [section.columns, *(tuple(map(plain, row)) for row in section.rows)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def rich_picture(head: Sequence[str], sections: Sequence[Section]) -> "RenderableType":
    """Return the same for a terminal."""
    from rich.console import Group  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    parts: list[RenderableType] = [Text(plain(line), style="bold red" if line[:3].isupper() else "") for line in head]
    for section in sections:
        table = Table(title=section.title, title_justify="left", title_style="bold", expand=False)
        for column in section.columns:
            table.add_column(column)
        for row in section.rows:
            table.add_row(*(Text(plain(cell), style=style_of(cell)) for cell in row))
        parts.append(table if section.rows else Text(f"{section.title}: {section.empty}", style="dim"))
    return Group(*parts)


def duration(seconds: float) -> str:
    """Return a length of time in its two greatest units: `42s`, `3m05s`, `2h10m`, `4d06h`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02}h"


def local(at: float, zone: str, form: str) -> str:
    """Return an instant by the clock of a time zone, in a form of strftime."""
    return utc(at).astimezone(ZoneInfo(zone)).strftime(form)


def instant(at: float, zone: str) -> str:
    """Return an instant by the clock of a time zone, with its day of the week, to the second."""
    return local(at, zone, "%a %Y-%m-%d %H:%M:%S")


_STYLES: Final = {
    "up": "green",
    "in sync": "green",
    "down": "bold red",
    "on": "bold yellow",
    "active": "bold yellow",
    "no effect": "bold red",
    "probe": "yellow",
}


def style_of(cell: str) -> str:
    """Return how a cell is painted."""
    return _STYLES.get(cell, "")


def ago(age_s: float | None) -> str:
    """Return how long something is past."""
    return "never" if age_s is None else f"{age_s:.1f}s ago"
