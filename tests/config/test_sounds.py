"""Sound files that a message or an announcement names, looked for as Asterisk looks for them."""

from pathlib import Path

import pytest

from ccrouter.config.load import load_text
from ccrouter.config.sounds import missing_sounds


def told(text: str, *folders: Path) -> list[str]:
    """Return the problems of a file, each with its place."""
    loaded = load_text(text.encode(), "routing.yaml")
    return [f"{each.line}: {each.message}" for each in missing_sounds(loaded.document, loaded.written, folders)]


@pytest.mark.parametrize("there", ["en/ccrouter/closed.gsm", "fr_CA/ccrouter/closed.wav", "ccrouter/closed.slin16"])
def test_file_counts_in_any_language_and_format(base: str, tmp_path: Path, there: str) -> None:
    """A file is there in the folder of any language, or of none, in whatever format."""
    (tmp_path / there).parent.mkdir(parents=True)
    (tmp_path / there).touch()
    assert told(base, tmp_path) == []


@pytest.mark.parametrize("there", ["en/closed.gsm", "en/ccrouter/closed-now.gsm", "en/ccrouter/closed", "nothing"])
def test_missing_file_is_told_with_its_place(base: str, tmp_path: Path, there: str) -> None:
    """A file of another name or in another place, or without an ending, is not what Asterisk would play."""
    (tmp_path / there).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / there).touch()
    problem = f"8: there is no sound file `ccrouter/closed` in {tmp_path}: its callers would hear a tone and no more"
    assert [problem] == told(base, tmp_path)


def test_announcement_is_looked_for_too(base: str, tmp_path: Path) -> None:
    """What a service or a number plays at entry must be there as well."""
    (tmp_path / "ccrouter").mkdir()
    (tmp_path / "ccrouter" / "closed.gsm").touch()
    text = base.replace("{service: support}", "{service: support, announcement: ccrouter/hello}")
    assert [
        f"11: there is no sound file `ccrouter/hello` in {tmp_path}: its callers would hear a tone and no more"
    ] == (told(text, tmp_path))


def test_nothing_is_said_where_no_folder_is_known(base: str) -> None:
    """On a machine without Asterisk, a sound file is not missed."""
    assert told(base) == []
