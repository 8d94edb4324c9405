"""Ways in which people and programs save a file. All of them block; `pause_s` is what they rest in the middle."""

import time
from collections.abc import Callable
from pathlib import Path

Save = Callable[[Path, str, float], None]
"""Saves a text in a file."""


def in_place(path: Path, text: str, pause_s: float = 0.0) -> None:  # noqa: ARG001 - as the others
    """Truncate and write, as `echo >` does."""
    path.write_text(text)


def by_rename(path: Path, text: str, pause_s: float = 0.0) -> None:  # noqa: ARG001 - as the others
    """Write beside it and rename, as sed -i and many editors do."""
    new = path.with_name(f".{path.name}.swp")
    new.write_text(text)
    new.replace(path)


def with_backup(path: Path, text: str, pause_s: float = 0.0) -> None:
    """Move the old one away and write a new one, as emacs and vim may."""
    path.replace(path.with_name(f"{path.name}~"))
    time.sleep(pause_s / 10)
    path.write_text(text)


def after_a_while_without(path: Path, text: str, pause_s: float = 0.0) -> None:
    """Remove it, and write it anew later."""
    path.unlink()
    time.sleep(pause_s)
    path.write_text(text)


def in_two_writes(path: Path, text: str, pause_s: float = 0.0) -> None:
    """Write the first half of the lines, and the others after a pause, without closing between."""
    lines = text.splitlines(keepends=True)
    with path.open("w") as file:
        file.write("".join(lines[: len(lines) // 2]))
        file.flush()
        time.sleep(pause_s)
        file.write("".join(lines[len(lines) // 2 :]))


def in_two_goes(path: Path, text: str, pause_s: float = 0.0) -> None:
    """Write half of it, up to the middle of a line, and close; open again and append the rest."""
    half = text[: len(text) // 2].rstrip("\n")
    path.write_text(half)
    time.sleep(pause_s)
    with path.open("a") as file:
        file.write(text[len(half) :])


def by_a_link(path: Path, text: str, pause_s: float = 0.0) -> None:  # noqa: ARG001 - as the others
    """Put a release into a folder of its own and switch a link to it, as configuration management does."""
    releases = path.parent / "releases"
    releases.mkdir(exist_ok=True)
    release = releases / f"{len(list(releases.iterdir()))}.yaml"
    release.write_text(text)
    link = path.with_name(f"{path.name}.link")
    link.symlink_to(release)
    link.replace(path)


WAYS: tuple[Save, ...] = (
    in_place,
    by_rename,
    with_backup,
    after_a_while_without,
    in_two_writes,
    in_two_goes,
    by_a_link,
)
