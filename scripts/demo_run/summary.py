"""The end of the show: what became of the calls, scene by scene, and whether all was well."""

from collections.abc import Iterator, Sequence
from typing import Final

from demo_run.accounts import REACHED, Fate, Outcome, count
from demo_run.scenes import SCENES

COLUMNS: Final = (
    (Fate.POSITION, "position"),
    (Fate.OUTSOURCER, "outsourcer"),
    (Fate.BACKUP, "backup"),
    (Fate.MESSAGE, "message"),
    (Fate.GAVE_UP, "gave up"),
    (Fate.LOST, "LOST"),
)
MOST_TOLD: Final = 10


def summary(outcomes: Sequence[Outcome], *, complete: bool) -> Iterator[str]:
    """Yield the lines of the summary; not `complete` where the show was ended early."""
    under_way = count(outcomes)[Fate.UNDER_WAY]
    yield "What became of the calls, as their callers and those who answered them saw it:"
    yield ""
    yield f"{'':<34}{'offered':>8}" + "".join(f"{title:>11}" for _, title in COLUMNS)
    for place, scene in enumerate(SCENES):
        yield _row(scene.title, [outcome for outcome in outcomes if outcome.scene == place])
    yield _row("all", outcomes)
    yield ""
    if under_way:
        yield f"{under_way} calls were under way when it was ended."
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
    return f"{title:<34}{len(outcomes):>8}" + "".join(f"{fates[fate] or '-':>11}" for fate, _ in COLUMNS)
