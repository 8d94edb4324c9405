"""The command line: any words behind `ccrouter`."""

import os
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import click
from click.testing import CliRunner

from ccrouter.cli import main
from support.configs import CONFIGS
from support.fuzz.target import Drawn, Target


@cache
def folder() -> Path:
    """Return a folder with files to name, and no daemon."""
    made = Path(mkdtemp(prefix="ccrouter-fuzz-"))
    for name in ("example.yaml", "minimal.yaml", "settings.yaml", "example.cases.yaml"):
        (made / name).write_bytes((CONFIGS / name).read_bytes())
    (made / "bad.yaml").write_text("a: [")
    (made / "bytes").write_bytes(bytes(range(256)))
    (made / "a folder").mkdir()
    return made


@cache
def names() -> tuple[str, ...]:
    """Return all commands and options that there are."""
    found = [""]

    def look(command: click.Command, path: str) -> None:
        for parameter in command.params:
            found.extend(each for each in parameter.opts if each.startswith("-"))
        if isinstance(command, click.Group):
            for name, each in command.commands.items():
                found.append(f"{path} {name}".strip())
                look(each, f"{path} {name}".strip())

    look(main, "")
    return tuple(sorted(set(found)))


WORDS: Final = (
    *("example.yaml", "minimal.yaml", "bad.yaml", "example.cases.yaml", "settings.yaml", "bytes", "a folder", "nosuch"),
    *(
        "",
        "-",
        "--",
        "--help",
        "x",
        "0",
        "-1",
        "7",
        "9" * 30,
        "9" * 5000,
        "1e9",
        "NaN",
        "\udcff",
        "\udcff.yaml",
        "\u0663",
    ),
    *(
        "0800 123 456",
        "0612345678",
        "anonymous",
        "support",
        "crisis",
        "tunis",
        "paris",
        "closed",
        "office",
        "fr",
        "EUR",
    ),
    *("now", "tomorrow 8:00", "2026-12-24 18:00", "2026-03-29 02:30", "2199-12-31 23:59", "2h", "90s", "0s", "99999d"),
    *(
        "waiting=6,ready=0",
        "waiting=",
        "=",
        "unknown",
        "tunis=down",
        "waiting=9999999999",
        "ready=-1",
        "x=" * 50,
        "a\0b",
    ),
    *("json", "text", "junit", "github", "sarif", "/dev/null", "/", ".", "..", "a\nb", "\x1b[31m", "%s%n", "${X}", "'"),
)

NEVER: Final = frozenset({"run"})
"""Starts a daemon, which takes the signals and the log of this process."""


def drawn_words(drawn: Drawn) -> list[str]:
    """Return the words of a command."""
    words = drawn.one_of([name for name in names() if name and not name.startswith("-")]).split()
    options = [name for name in names() if name.startswith("-")]
    for _ in range(drawn.below(7)):
        kind = drawn.below(8)
        if kind < 3:
            words.append(drawn.one_of(options))
        elif kind < 7:
            words.append(drawn.one_of(WORDS))
        else:
            words.append(drawn.text(12).replace("\0", ""))  # which no word of a command can hold
    return words


def check(data: bytes) -> None:
    """Check that any words end with one of the declared exit codes, and never with a traceback."""
    words = drawn_words(Drawn(data))
    if words[0] in NEVER or "--watch" in words:
        return
    before = Path.cwd()
    os.chdir(folder())
    try:
        environment = {"CCROUTER_SOCKET": str(folder() / "nobody.sock"), "NO_COLOR": "1"}
        result = CliRunner(env=environment).invoke(main, words, prog_name="ccrouter")
    finally:
        os.chdir(before)
    raised = result.exception
    if raised is not None and not isinstance(raised, SystemExit):
        raise raised
    assert result.exit_code in {0, 1, 2, 3}, (words, result.exit_code)
    assert "Traceback" not in result.output
    if result.exit_code:
        assert result.output.strip(), words


def seeds() -> list[bytes]:
    """Return each command with some words."""
    commands = [name for name in names() if name and not name.startswith("-")]
    pairs = ((0, 20), (0, 33), (1, 20), (2, 16), (4, 0))
    return [
        *(bytes([n, 2, 3, word, 3, other]) for n in range(len(commands)) for word, other in pairs),
        *(bytes([n, 0]) for n in range(len(commands))),
    ]


COMMAND: Final = Target("command", check, seeds, most=120, tries=40)
