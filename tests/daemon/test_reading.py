"""Reading a file that others may be writing: a version that was saved whole, or none."""

import fcntl
import os
import threading
from pathlib import Path

import pytest

from ccrouter.app import reading
from ccrouter.app.reading import StillWrittenError, glance, mark_of, read_whole
from ccrouter.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a file with a line in it."""
    file = tmp_path / "routing.yaml"
    file.write_bytes(b"whole\n")
    return file


def untold(*_: object) -> None:
    """Fail as fcntl does for a lease on another user's file."""
    raise PermissionError(13, "Permission denied")


def test_a_file_at_rest_is_read(file: Path) -> None:
    """With the mark that it has, and its owner."""
    found = read_whole(file)
    assert (b"whole\n", mark_of(file), os.getuid()) == (found.content, found.mark, found.owner)


def test_what_a_program_has_open_is_not_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have written half; the refusal tells how to get out of it, and that way works."""
    monkeypatch.setattr(reading, "AGAIN_S", 0.001)
    with file.open("ab") as writer:
        writer.write(b"half of the next")
        writer.flush()
        assert glance(file).written
        with pytest.raises(StillWrittenError, match=r"cp .* && mv"):
            read_whole(file)
        copy = file.with_suffix(".new")
        copy.write_bytes(file.read_bytes())
        copy.replace(file)
        assert read_whole(file).content == b"whole\nhalf of the next"
    assert not glance(file).written


def test_a_writer_who_closes_is_waited_for(file: Path) -> None:
    """A read that comes in the middle of a save gives the whole save."""
    writer = file.open("ab")
    writer.write(b"first half, ")
    writer.flush()

    def finish() -> None:
        writer.write(b"second half\n")
        writer.close()

    timer = threading.Timer(0.15, finish)
    timer.start()
    assert read_whole(file).content == b"whole\nfirst half, second half\n"
    timer.join()


def test_without_the_kernels_word_a_changing_file_is_not_taken(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user's file can't be leased: what changed while it was read is read again."""
    monkeypatch.setattr(fcntl, "fcntl", untold)
    real, turns = os.read, iter([b"torn", b"also torn"])

    def disturbed(handle: int, size: int) -> bytes:
        piece = real(handle, size)
        torn = next(turns, None) if piece else None
        if torn is not None:
            file.write_bytes(torn + b"\n")
        return piece

    monkeypatch.setattr(os, "read", disturbed)
    assert read_whole(file).content == b"also torn\n"


@pytest.mark.parametrize(("told", "gap_s", "reads"), [(True, 0.001, 300), (False, 0.1, 40)])
def test_readers_never_see_a_mixture(
    file: Path,
    told: bool,  # noqa: FBT001 - a parameter
    gap_s: float,
    reads: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Against a writer who truncates and writes in pieces, again and again, each read is one of the saves.

    With the kernel's word on writers or without it; then the writer must leave a gap that can be seen.
    """
    if not told:
        monkeypatch.setattr(fcntl, "fcntl", untold)
    saves = [bytes([65 + n]) * 9000 + b"\n" for n in range(5)]
    file.write_bytes(saves[0])
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            for content in saves:
                with file.open("wb", buffering=0) as writer:
                    for start in range(0, len(content), 1000):
                        writer.write(content[start : start + 1000])
                stop.wait(gap_s)  # without it, no instant would be left to read

    thread = threading.Thread(target=write)
    thread.start()
    try:
        seen = {read_whole(file).content for _ in range(reads)}
    finally:
        stop.set()
        thread.join()
    assert seen <= set(saves)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, make: type) -> None:
    """A named pipe must not hold the daemon, nor a folder crash it."""
    make(tmp_path / "routing.yaml")
    with pytest.raises(ConfigError):
        read_whole(tmp_path / "routing.yaml")
    assert not glance(tmp_path / "routing.yaml").finished


def test_what_is_not_there_has_no_mark(tmp_path: Path) -> None:
    """Nor has a link that leads nowhere."""
    link = tmp_path / "routing.yaml"
    assert (mark_of(link), glance(link).mark) == (None, None)
    link.symlink_to("nowhere")
    assert (mark_of(link), glance(link).mark) == (None, None)
    with pytest.raises(ConfigError, match="can't be read"):
        read_whole(link)


def test_a_writer_never_ends_the_reader(file: Path) -> None:
    """The kernel signals whoever holds a lease as a writer comes; by default that would be the process's end."""
    handle = os.open(file, os.O_RDONLY)
    with reading._held(handle) as held:
        assert held
        with pytest.raises(BlockingIOError):
            os.open(file, os.O_WRONLY | os.O_NONBLOCK)
    os.close(handle)
    file.write_bytes(b"and can be written again\n")
