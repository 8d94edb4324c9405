"""The key of FastAGI in the state folder."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ccrouter.store.key import KEY, NAME, kept_key


def test_it_is_made_once(tmp_path: Path) -> None:
    """A restart keeps it, and nobody else can read it, however the file was left."""
    key, why_not = kept_key(tmp_path)
    assert (KEY.fullmatch(key) is not None, why_not) == (True, "")
    (tmp_path / NAME).chmod(0o644)
    assert kept_key(tmp_path) == (key, "")
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [tmp_path / NAME]


def test_routers_that_start_together_have_the_same(tmp_path: Path) -> None:
    """Whoever is first makes it, and no half of a file is ever read."""
    for number in range(20):
        folder = tmp_path / str(number)
        folder.mkdir()
        with ThreadPoolExecutor(8) as together:
            told = set(together.map(kept_key, [folder] * 8))
        assert len(told) == 1
        assert list(folder.iterdir()) == [folder / NAME]


@pytest.mark.parametrize("content", [b"", b"0" * 31, b"G" * 32, b"\xff" * 32, b"0" * 33, b"0" * 32 + b"\n" + b"1" * 99])
def test_what_holds_no_key_is_left_alone(tmp_path: Path, content: bytes) -> None:
    """The router runs on a key of this run, and says why."""
    (tmp_path / NAME).write_bytes(content)
    key, why_not = kept_key(tmp_path)
    assert KEY.fullmatch(key)
    assert "holds no key" in why_not
    assert key not in why_not
    assert (tmp_path / NAME).read_bytes() == content


def test_a_folder_that_is_not_there_and_a_link_give_a_key_of_this_run(tmp_path: Path) -> None:
    """No file elsewhere is read, or changed, in its place."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("0" * 32)
    elsewhere.chmod(0o644)
    (tmp_path / NAME).symlink_to(elsewhere)
    for folder in (tmp_path / "nowhere", tmp_path):
        first, second = kept_key(folder), kept_key(folder)
        assert first[0] != second[0] != "0" * 32
        assert first[1] == second[1] != ""
    assert elsewhere.stat().st_mode & 0o777 == 0o644
