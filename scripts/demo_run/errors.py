"""What can go wrong in the demo, told as scripts/lib.sh tells it: the step that failed and what to do."""

from pathlib import Path

LAST_LINES = 15


class DemoError(Exception):
    """A step failed.

    Attributes:
        step: what was being done.
        advice: what the person who started the demo can do.
        detail: lines of a log that tell more; may be empty.

    """

    def __init__(self, step: str, advice: str, detail: str = "") -> None:
        super().__init__(f"{step}\n{advice}\n{detail}")
        self.step = step
        self.advice = advice
        self.detail = detail


def last_lines(path: Path) -> str:
    """Return the end of a log, or a word that there is none."""
    if not path.exists():
        return f"({path.name} was never written)"
    return "\n".join(path.read_text(errors="replace").splitlines()[-LAST_LINES:])
