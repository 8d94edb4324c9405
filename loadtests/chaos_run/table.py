"""The result of a run, for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from chaos_run.report import Report

MOST_STORIES: Final = 20

HEAD: Final = (
    f"{'':<26}{'times':>6}{'calls':>7}{'lost':>6}{'routed':>8}{'stored':>8}{'static':>8}"
    f"{'p50':>10}{'p99':>10}{'max':>10}{'promised':>10}{'ready again':>13}"
)


def table(report: Report) -> str:
    """Return the result."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    run = report.setting
    yield f"Asterisk {run.asterisk}, ccrouter {run.ccrouter}, {run.routers} router(s); {run.machine}"
    yield f"{run.rate:g} calls/s for {run.seconds:g} s, seed {run.seed}"
    yield from run.forms
    yield ""
    yield HEAD
    for figures in report.by_fault.values():
        times = "".join(f"{ms:>7.0f} ms" for ms in (figures.added.p50_ms, figures.added.p99_ms, figures.added.max_ms))
        promised = "-" if figures.promised_ms is None else f"{figures.promised_ms:.0f} ms"
        routed, stored, static = (figures.entries.get(entry, 0) for entry in ("routed", "stored", "static"))
        yield (
            f"{figures.title:<26}{figures.times:>6}{figures.added.calls:>7}{figures.lost:>6}"
            f"{routed:>8}{stored:>8}{static:>8}{times}{promised:>10}{figures.recovered_s:>11.2f} s"
        )
    yield ""
    yield "Times are what callers waited longer for the first 180, 183 or 200 than the median call to their number in"
    yield "calm. A call that met two faults counts in both; a fault lasts until the router is ready again."
    yield ""
    told = ", ".join(f"{count} {kind}" for kind, count in report.reached.items())
    yield f"offered {report.offered}: {told}; lost {len(report.lost)}"
    yield f"answered again elsewhere after their site died in the talk: {report.moved}"
    yield f"on without a router that was too slow, on a busy machine: {len(report.slow)}"
    yield f"plans: {', '.join(f'{count} {entry}' for entry, count in report.entries.items())}"
    yield (
        f"added delay: p50 {report.added.p50_ms:.1f} ms, p99 {report.added.p99_ms:.1f} ms, "
        f"max {report.added.max_ms:.1f} ms"
    )
    places = ", ".join(f"{name} {each.seen} of {each.allowed}" for name, each in report.capacity.items())
    yield f"most calls at once: {places}"
    yield f"share: {', '.join(f'{way} {count}' for way, count in _went(report).items())}"
    for life in report.memory:
        if life["mb_per_hour"] is not None:
            yield (
                f"memory of router {life['router']}, a life of {life['lived_s']} s: {life['rss_mb_warm']} MB warm, "
                f"{life['rss_mb_at_end']} MB at its end, {life['mb_per_hour']} MB/h"
            )
    for title, stories in (("LOST", report.lost), ("LATE", report.late), ("WITHOUT A ROUTER", report.unrouted)):
        yield from _told(title, stories)
    yield from (f"BROKEN: {what}" for what in report.broken)


def _went(report: Report) -> Mapping[str, int]:
    went = report.shares.get("went")
    return went if isinstance(went, dict) else {}


def _told(title: str, stories: Sequence[Mapping[str, object]]) -> Iterator[str]:
    for each in stories[:MOST_STORIES]:
        yield f"{title} {each}"
    if len(stories) > MOST_STORIES:
        yield f"{title}: {len(stories) - MOST_STORIES} more"
