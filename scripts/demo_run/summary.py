"""The end of the show: what became of the calls, scene by scene, and whether all was well."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

from demo_run.accounts import REACHED, Fate, Outcome, count
from demo_run.scenes import SCENES

TITLE_WIDTH: Final = 22
COLUMNS: Final = {
    Fate.POSITION: " position",
    Fate.OUTSOURCER: " outsourcer",
    Fate.BACKUP: " backup",
    Fate.MESSAGE: " message",
    Fate.GAVE_UP: " gave up",
    Fate.LOST: " LOST",
}
MOST_TOLD: Final = 10


def summary(outcomes: Sequence[Outcome], withdrawn: int, *, complete: bool) -> Iterator[str]:
    """Yield the lines of the summary.

    Args:
        outcomes: of all calls.
        withdrawn: how many callers were taken out of a queue, by Asterisk's queue_log.
        complete: the show was played to its end.

    """
    under_way = count(outcomes)[Fate.UNDER_WAY]
    yield "What became of the calls, as their callers and those who answered them saw it:"
    yield ""
    yield f"{'':<{TITLE_WIDTH}} offered" + "".join(COLUMNS.values())
    for place, scene in enumerate(SCENES):
        played = [outcome for outcome in outcomes if outcome.scene == place]
        if played:
            yield _row(scene.title, played)
    yield _row("all", outcomes)
    yield ""
    waits = sorted(outcome.waited_s for outcome in outcomes if outcome.waited_s is not None)
    if waits:
        yield f"Half of the answers came within {median(waits):.1f} s, the slowest after {waits[-1]:.1f} s."
    yield f"Callers taken out of the queue while they waited, by Asterisk's queue_log: {withdrawn}."
    if under_way:
        yield f"Calls under way when it was ended: {under_way}."
    lost = [outcome for outcome in outcomes if outcome.fate is Fate.LOST]
    for outcome in lost[:MOST_TOLD]:
        yield f"LOST: {outcome.caller}, in `{SCENES[outcome.scene].title}`: {outcome.why}"
    missing = unreached(outcomes) if complete else []
    yield from (f"NEVER REACHED: {fate}" for fate in missing)
    if not lost and not missing:
        yield "No call was lost." if complete else "No call was lost so far."


def unreached(outcomes: Sequence[Outcome]) -> list[Fate]:
    """Return the kinds of destinations that no call reached."""
    reached = count(outcomes)
    return [fate for fate in REACHED if not reached[fate]]


def _row(title: str, outcomes: Sequence[Outcome]) -> str:
    fates = count(outcomes)
    cells = (f"{fates[fate] or '-':>{len(heading)}}" for fate, heading in COLUMNS.items())
    return f"{title:<{TITLE_WIDTH}}{len(outcomes):>8}" + "".join(cells)
