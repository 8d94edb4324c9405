"""The result of a run, for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from chaos_run.report import FaultFigures, Report
from chaos_run.verdict import promises, verdict

MOST_STORIES: Final = 20

LEAST_WIDTH: Final = 26

HEAD: Final = (
    f"{'times':>5}{'calls':>7}{'elsewhere':>11}{'lost':>6}{'routed':>8}{'stored':>8}{'static':>8}{'unheard':>9}"
    f"{'p50':>10}{'p99':>10}{'max':>10}{'promised':>10}{'ready again':>13}"
)

NOTES: Final = """\
calls      that met the fault and that it explains. A call that went without a router, or waited longer, counts once:
           with what silences a router, if such a fault is there or a router is left out because of it; with several
           of these together, if there are several. Any other call counts with each fault that is there.
elsewhere  calls that met the fault, too, but count in the row of what explains them
stored, static, unheard    the PABX went by its own plans; it died before it told
p50 to promised            what callers waited longer for a first sign than the median call to their number in calm"""


def table(report: Report) -> str:
    """Return the result."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    run = report.setting
    yield f"Asterisk {run.asterisk}, ccrouter {run.ccrouter}, {run.routers} router(s); {run.machine}"
    yield f"{run.rate:g} calls/s for {run.seconds:g} s, seed {run.seed}"
    yield from run.forms
    yield ""
    width = max([LEAST_WIDTH, *(len(each.title) + 2 for each in report.by_fault.values())])
    yield " " * width + HEAD
    yield from (f"{each.title:<{width}}{_row(each)}" for each in report.by_fault.values())
    yield ""
    yield NOTES
    yield ""
    told = ", ".join(f"{count} {kind}" for kind, count in report.reached.items())
    yield f"reached: {told}"
    yield f"answered again elsewhere after their site died in the talk: {report.moved}"
    busy = report.busy
    yield f"machine: load average up to {busy.load:g} on {busy.cores} cores, the run up to {busy.late_s:g} s late"
    yield f"plans: {', '.join(f'{count} {entry}' for entry, count in report.entries.items())}"
    for life in report.memory:
        if life["mb_per_hour"] is not None:
            yield (
                f"memory of router {life['router']}, a life of {life['lived_s']} s: {life['rss_mb_warm']} MB warm, "
                f"{life['rss_mb_at_end']} MB at its end, {life['mb_per_hour']} MB/h"
            )
    for title, stories in (("LOST", report.lost), ("LATE", report.late), ("WITHOUT A ROUTER", report.unrouted)):
        yield from _told(title, stories)
    yield ""
    kept = promises(report)
    wide = [max(len(text) for text in texts) for texts in zip(*((each.what, each.limit) for each in kept), strict=True)]
    for each in kept:
        word = "kept" if each.kept else "BROKEN"
        yield f"{word:<8}{each.what:<{wide[0]}}  promised: {each.limit:<{wide[1]}}  found: {each.found}"
    yield ""
    yield verdict(report)


def _row(figures: FaultFigures) -> str:
    times = "" if figures.times is None else figures.times
    heard = "".join(f"{figures.entries.get(entry, 0):>8}" for entry in ("routed", "stored", "static"))
    waited = (figures.added.p50_ms, figures.added.p99_ms, figures.added.max_ms)
    longer = "".join(f"{f'{round(ms)} ms' if figures.added.calls else '-':>10}" for ms in waited)
    promised = "-" if figures.promised_ms is None else f"{figures.promised_ms:.0f} ms"
    ready = "" if figures.recovered_s is None else f"{figures.recovered_s:.2f} s"
    return (
        f"{times:>5}{figures.added.calls:>7}{figures.elsewhere:>11}{figures.lost:>6}{heard}"
        f"{figures.entries.get('not heard', 0):>9}{longer}{promised:>10}{ready:>13}"
    )


def _told(title: str, stories: Sequence[Mapping[str, object]]) -> Iterator[str]:
    for each in stories[:MOST_STORIES]:
        yield f"{title} {each}"
    if len(stories) > MOST_STORIES:
        yield f"{title}: {len(stories) - MOST_STORIES} more"
