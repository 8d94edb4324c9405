"""The versions of the routing file in their database: what is kept, how long, and what is found damaged."""

import resource
import sqlite3
from pathlib import Path

import pytest

from ccrouter.errors import StoreError
from ccrouter.store.audit import Audit, Deed
from ccrouter.store.database import Database
from ccrouter.store.versions import Change, Versions, changed_lines, hash_of

FILE = "/etc/ccrouter/routing.yaml"


def keep(versions: Versions, content: bytes, before: bytes = b"", at: float = 0.0) -> None:
    """Keep a version."""
    versions.keep(Change(at, "alice", FILE, content, before), Deed(at, "alice", "reload"))


def test_nothing_was_kept_at_first(database: Database) -> None:
    """An empty store says so, and does not fail."""
    versions = Versions(database)
    assert (versions.latest(), list(versions.all())) == (None, [])
    with pytest.raises(KeyError):
        versions.content(1)


def test_the_latest_comes_back_to_the_byte(database: Database) -> None:
    """Also with line ends and signs that text would change."""
    versions = Versions(database)
    contents = [b"a: 1\n", "name: \u00e9t\u00e9\r\n\ufeff".encode(), b""]
    for content in contents:
        keep(versions, content)
        latest = versions.latest()
        assert latest is not None
        assert (hash_of(content), content) == (latest[0].hash, latest[1])
    assert contents == [versions.content(version.id) for version in reversed(versions.all())]


def test_the_oldest_give_way(database: Database) -> None:
    """So many are kept and no more, numbers go on, and texts that nobody names go too."""
    versions = Versions(database, most=3)
    for n in range(10):
        keep(versions, f"{n}\n".encode())
    assert [version.id for version in versions.all()] == [10, 9, 8]
    with database.reading() as connection:
        assert connection.execute("select count(*) from texts").fetchone() == (3,)
    assert versions.content(8) == b"7\n"


def test_a_text_that_comes_back_is_kept_once(database: Database) -> None:
    """Going to and fro does not fill the disk."""
    versions = Versions(database)
    for n in range(10):
        keep(versions, f"{n % 2}\n".encode())
    with database.reading() as connection:
        assert connection.execute("select count(*) from texts").fetchone() == (2,)


@pytest.mark.parametrize("packed", [b"", b"nonsense", b"x\x9cK\xe4\x02\x00\x00m\x00l"])
def test_a_damaged_text_is_never_given(database: Database, packed: bytes) -> None:
    """Its hash is checked; the text tells which version it is."""
    versions = Versions(database)
    keep(versions, b"good\n")
    with database.writing() as connection:
        connection.execute("update texts set packed = ?", (packed,))
    with pytest.raises(StoreError, match="version 1 is damaged"):
        versions.latest()
    keep(versions, b"good\n")  # whole again with the same text
    assert versions.content(1) == b"good\n"


def test_a_full_disk_keeps_neither_version_nor_deed(tmp_path: Path, database: Database) -> None:
    """And all that was kept before stays readable. A limit on the size of files stands for the full disk."""
    versions, audit = Versions(database), Audit(database)
    keep(versions, b"first\n")
    database.close()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    try:
        noise = bytes(range(256)) * 4
        with pytest.raises(StoreError, match=str(tmp_path)):
            keep(versions, b"".join(noise[n % 256 :] + noise[: n % 251] for n in range(500)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [version.id for version in versions.all()] == [1]
    assert len(audit.latest(10)) == 1
    keep(versions, b"second\n")
    assert [version.id for version in versions.all()] == [2, 1]


def test_another_program_that_holds_the_file_is_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell with a transaction open costs the version, with a cure, and nothing else."""
    monkeypatch.setattr("ccrouter.store.database.BUSY_S", 0.05)
    versions = Versions(database)
    keep(versions, b"first\n")
    database.close()
    holder = sqlite3.connect(database.path, isolation_level=None)
    holder.execute("begin immediate")
    with pytest.raises(StoreError, match="another program holds it"):
        keep(versions, b"second\n")
    holder.close()
    keep(versions, b"second\n")


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("a\nb\nc\n", "a\nB\nc\n", (1, 1)),
        ("", "a\nb\n", (2, 0)),
        ("a\nb\n", "", (0, 2)),
        ("a\nb\n", "b\na\n", (0, 0)),
        ("a\na\n", "a\n", (0, 1)),
    ],
)
def test_changed_lines_are_counted(before: str, after: str, lines: tuple[int, int]) -> None:
    """Came and went; one that moved is neither."""
    assert lines == changed_lines(before.encode(), after.encode())
