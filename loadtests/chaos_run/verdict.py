"""What was promised, what was found, and whether it was kept."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final

from chaos_run.faults import SLACK_S
from chaos_run.left_over import GROWTH_LIMIT, WATCHED_S, growth
from chaos_run.report import Busy, Delays, Report

WHERE: Final = "docs/chaos.md"

MOST_SLOW: Final = 0.005
"""The part of all calls that may go on without a router that was too slow, on a busy machine."""

BUSY_LATE_S: Final = 0.25
BUSY_LOAD: Final = 3.0
"""The program's own delay, and the load average per core, from which on a broken promise may be the machine's doing."""


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise: what it is about, what was found, what the limit is, and whether it was kept."""

    what: str
    found: str
    limit: str
    kept: bool


def promises(report: Report) -> list[Promise]:
    """Return all promises, kept or not."""
    return list(_promises(report))


def broken(report: Report) -> list[Promise]:
    """Return the promises that were not kept."""
    return [each for each in promises(report) if not each.kept]


def content(report: Report) -> dict[str, object]:
    """Return what becomes JSON: the report, and what was promised."""
    told = [asdict(each) for each in promises(report)]
    not_kept = [f"{each.what}: {each.found}; promised: {each.limit}" for each in broken(report)]
    return asdict(report) | {"promises": told, "broken": not_kept}


def _promises(report: Report) -> Iterator[Promise]:
    told = sum(report.reached.values()) + len(report.lost)
    yield Promise("calls lost", f"{len(report.lost)} of {report.offered:,}", "0", not report.lost)
    yield Promise("calls accounted for", f"{told:,}", f"{report.offered:,}", told == report.offered)
    places = ", ".join(f"{name} {each.seen} of {each.allowed}" for name, each in report.capacity.items())
    full = any(each.seen > each.allowed for each in report.capacity.values())
    yield Promise("most calls at once", places, "max_calls, positions", not full)
    for what, delays, limit_s in (
        ("added delay", report.added_elsewhere, 1),
        ("added delay in a black hole", report.added_in_black_hole, 2 if report.setting.routers == 1 else 2.5),
    ):
        late = delays.max_ms > (limit_s + SLACK_S) * 1000
        yield Promise(what, _delays(delays), f"{limit_s:g} s, {SLACK_S:g} s more on a busy machine", not late)
    yield Promise("waited longer than promised", f"{len(report.late)} calls", "0", not report.late)
    yield Promise("without a router that was there", f"{len(report.unrouted)} calls", "0", not report.unrouted)
    calm = report.without_router_in_calm
    yield Promise("without a router in calm", f"{calm} calls", "0", not calm)
    slow = int(report.offered * MOST_SLOW)
    yield Promise(
        "router too slow, busy machine", f"{len(report.slow)} calls", f"1 in 200: {slow}", len(report.slow) <= slow
    )
    went, broken = report.shares.get("went"), report.shares.get("broken")
    ways = ", ".join(f"{way} {count}" for way, count in went.items()) if isinstance(went, dict) else "no call"
    out = len(broken) if isinstance(broken, list) else 0
    yield Promise("share of 50/50", f"{ways}; {out} out of turn", "0 out of turn", not out)
    yield Promise("left over", "; ".join(report.left_over) or "nothing", "nothing", not report.left_over)
    yield _memory(report)


def _delays(delays: Delays) -> str:
    if not delays.calls:
        return "no call"
    return f"p50 {round(delays.p50_ms)} ms, p99 {round(delays.p99_ms)} ms, max {round(delays.max_ms)} ms"


def _memory(report: Report) -> Promise:
    lives = [told for life in report.memory if (told := growth(life, report.setting.rate)) is not None]
    found = "; ".join(dict.fromkeys(text for text, _ in lives)) or f"no life of {WATCHED_S // 60} minutes to tell by"
    return Promise("memory grows by", found, GROWTH_LIMIT, all(kept for _, kept in lives))


def _excuse(busy: Busy) -> str:
    """Return what a machine that is busy with other things makes of a verdict; nothing where it was not."""
    if busy.late_s < BUSY_LATE_S and busy.load < BUSY_LOAD * busy.cores:
        return ""
    return (
        f". The machine was busy: a load average of {busy.load:g} on {busy.cores} cores, and the run itself was held "
        f"up for {busy.late_s:g} s; run it again with nothing else about"
    )


def verdict(report: Report) -> str:
    """Return the last line: whether all was kept, or what was not, and where it is promised."""
    not_kept = broken(report)
    if not_kept:
        told = "; ".join(f"{each.what}: {each.found} (promised: {each.limit})" for each in not_kept)
        return f"BROKEN: {told}. What was promised: {WHERE}{_excuse(report.busy)}"
    hole = report.added_in_black_hole
    times = f"nobody waited longer than {report.added_elsewhere.max_ms:,.0f} ms"
    if hole.calls:
        times += f", {hole.max_ms:,.0f} ms in a black hole"
    return (
        f"PASSED: {report.offered:,} calls, {len(report.lost)} lost, {times}; {len(report.unrouted)} without a router "
        f"that was there, no place above its capacity, shares exact, nothing left over"
    )
