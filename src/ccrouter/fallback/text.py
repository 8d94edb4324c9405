"""Dialplan as text. Nothing that comes from a routing file reaches it but through `plain`."""

from dataclasses import dataclass, field

from ccrouter.routing.plan import SAFE_TEXT

PREFIX = "ccrouter-fallback"
"""The context that calls come to, and the begin of the name of every other one."""

MARKED = PREFIX.replace("-", "\x7f")
"""Stands for PREFIX in a value, until the contexts have the version in their names; no value may hold a \x7f."""

LONGEST_LINE = 3500
"""Asterisk 16 carries out lines of up to 4,096 characters; what its functions return needs room, too."""


def plain(value: str) -> str:
    """Return a value that stands for itself in a line of dialplan.

    Raises:
        ValueError: it holds a sign that would change what the line says; no plan could carry it either.

    """
    if not SAFE_TEXT.fullmatch(value):
        raise ValueError(f"dialplan can't carry {value!r}")
    return value.replace(PREFIX, MARKED)


def amount(value: float) -> str:
    """Return a number as an expression reads it."""
    return f"{value:.12g}"


@dataclass(slots=True)
class Context:
    """One context: extensions with their steps, in order."""

    name: str
    lines: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Add a comment."""
        self.lines.append(f"; {plain(text)}")

    def extension(self, extension: str, *steps: str) -> None:
        """Begin an extension with its first steps."""
        first, *others = steps
        self._add(f"exten => {extension},1,{first}")
        for each in others:
            self.step(each)

    def step(self, step: str, label: str = "") -> None:
        """Add a step to the extension that was begun last."""
        self._add(f" same => n{f'({label})' * bool(label)},{step}")

    def text(self) -> str:
        """Return the context as it stands in the file."""
        return "\n".join([f"[{self.name}]", *self.lines, ""])

    def _add(self, line: str) -> None:
        if len(line.encode()) > LONGEST_LINE:
            raise ValueError(f"a line of {len(line.encode())} bytes is too long for a PABX: {line[:120]}...")
        self.lines.append(line)
