"""Differences on a page of text: for which numbers, when, in which situations, what before and what after."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import tzinfo

from ccrouter.outlook.behaviour import Way
from ccrouter.outlook.changed import Change, Differences, Group, Pair
from ccrouter.outlook.recurring import Span, hours, recurring

WIDTH = 80
MOST_TIMES = 4
MOST_SITUATIONS = 6


def lines(found: Differences, window: Span, zone: tzinfo) -> Iterator[str]:
    """Yield the differences of pairs of numbers; `window` is the time that was looked at."""
    for nth, pair in enumerate(found.pairs):
        if nth:
            yield ""
        yield f"{', '.join(pair.numbers)} ({_service(pair)})"
        for queues, groups in _by_queue(pair):
            if queues != ("",):
                yield from _wrapped(f"callers who wait in the queue {' or '.join(queues)}", "  ")
            yield from _by_time(groups, window, zone)


def times(spans: Sequence[Span], window: Span, zone: tzinfo) -> list[str]:
    """Return times in words, those that take most hours first."""
    if list(spans) == [window]:
        return ["at any time"]
    found = recurring(spans, zone)
    told = [f"{each.text}; {each.hours:,.4g} h" for each in found[:MOST_TIMES]]
    rest = [span for each in found[MOST_TIMES:] for span in each.spans]
    return [*told, *([f"and {len(rest)} more times, {hours(rest):,.4g} h in all"] if rest else [])]


def _service(pair: Pair) -> str:
    before, after = pair.services
    if before == after:
        return before or "in neither file"
    if before is None:
        return f"new: {after}"
    return f"no longer in the file, was: {before}" if after is None else f"moved: {before} -> {after}"


def _by_queue(pair: Pair) -> Iterator[tuple[tuple[str, ...], list[Group]]]:
    """Yield the groups of calls that arrive, then those of waiting callers; queues with the same changes together."""
    queues: dict[object, list[str]] = {}
    groups: dict[object, list[Group]] = {}
    for waiting in dict.fromkeys(group.waiting for group in pair.groups):
        own = [group for group in pair.groups if group.waiting == waiting]
        told = (not waiting, tuple((group.situations, group.changes) for group in own))
        queues.setdefault(told, []).append(waiting)
        groups[told] = own
    for same, own in groups.items():
        yield tuple(queues[same]), own


def _by_time(groups: Sequence[Group], window: Span, zone: tzinfo) -> Iterator[str]:
    """Yield changes, those at the same times together: first in quiet, then in other situations."""
    by_time: dict[tuple[Span, ...], dict[tuple[Way, Way], Group]] = {}
    for group, change in _told_once(groups):
        same = by_time.setdefault(change.spans, {})
        way = change.before, change.after
        known = same.get(way)
        same[way] = Group((*(known.found if known else ()), *group.found), (known.changes[0] if known else change,))
    for spans, changes in by_time.items():
        for told in times(spans, window, zone):
            yield from _wrapped(told, "  ")
        for group in changes.values():
            change = group.changes[0]
            situations = [each for each in group.situations if each]
            if "" not in group.situations:
                yield from _wrapped("; or ".join(_few(situations)), "    when ", "         ")
            yield from _wrapped(change.before.text, "      ")
            yield from _wrapped(change.after.text, "      -> ", "         ")


def _told_once(groups: Sequence[Group]) -> Iterator[tuple[Group, Change]]:
    """Yield changes of groups; those of a situation without the times at which the quiet one changes the same way."""
    quiet = {
        (change.before, change.after): change.spans
        for group in groups
        for change in group.changes
        if "" in group.situations
    }
    for group in groups:
        for change in group.changes:
            same = () if "" in group.situations else quiet.get((change.before, change.after), ())
            if spans := tuple(_outside(change.spans, same)):
                yield group, replace(change, spans=spans)


def _outside(spans: Sequence[Span], others: Sequence[Span]) -> Iterator[Span]:
    """Yield the parts of times that lie in none of some others; both are in order, and none overlap."""
    for start, end in spans:
        left = start
        for first, last in others:
            if first < end and last > left:
                if first > left:
                    yield left, first
                left = last
        if left < end:
            yield left, end


def _few(situations: Sequence[str]) -> list[str]:
    more = len(situations) - MOST_SITUATIONS
    return [*situations[:MOST_SITUATIONS], *([f"in {more} more situation{'s' * (more > 1)}"] if more > 0 else [])]


def _wrapped(text: str, head: str, below: str | None = None) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=head, subsequent_indent=head if below is None else below, break_long_words=False
    )  # fmt: skip
