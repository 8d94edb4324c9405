"""Small files at one stroke, by several writers and after a crash."""

import os
from pathlib import Path

import pytest

from ccrouter.store.files import LEFT_S, Replacement, write_public


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file that is there."""
    path = tmp_path / "fallback.conf"
    write_public(path, b"old\n")
    return path


def test_of_two_writers_neither_puts_the_others_half_in_place(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two routers keep one file: what stands there is whole at every instant, and both writes are done."""
    whole, seen, sync = (b"first\n", b"second\n"), [], os.fsync

    def another_comes(handle: int) -> None:
        monkeypatch.setattr(os, "fsync", sync)
        sync(handle)
        write_public(file, whole[1])
        seen.append(file.read_bytes())

    monkeypatch.setattr(os, "fsync", another_comes)
    write_public(file, whole[0])
    assert [*seen, file.read_bytes()] == [whole[1], whole[0]]

    one = Replacement(file, b"third\n", lambda _: None)

    def the_first_is_done(_: int) -> None:
        one.commit()
        one.discard()
        seen.append(file.read_bytes())

    two = Replacement(file, b"fourth\n", the_first_is_done)
    two.commit()
    assert [seen[-1], file.read_bytes()] == [b"third\n", b"fourth\n"]
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_what_a_crash_left_behind_goes(file: Path) -> None:
    """The next write takes it away, but not what somebody is writing now, nor anything else."""
    left, young, other = (file.with_name(f".{name}.new") for name in (f"{file.name}.1", f"{file.name}.2", "other.1"))
    for each in (left, young, other):
        each.write_bytes(b"half")
    for each in (left, other):
        os.utime(each, (each.stat().st_mtime - LEFT_S - 60,) * 2)
    write_public(file, b"new\n")
    assert {each.name for each in file.parent.iterdir()} == {file.name, young.name, other.name}


def test_what_can_not_be_taken_away_keeps_nothing_from_being_written(file: Path) -> None:
    """A folder under such a name is nobody's half file."""
    strange = file.with_name(f".{file.name}.1.new")
    strange.mkdir()
    os.utime(strange, (0, 0))
    write_public(file, b"new\n")
    assert (file.read_bytes(), strange.is_dir()) == (b"new\n", True)
