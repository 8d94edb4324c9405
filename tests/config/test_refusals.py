"""One bad file for each refusal, with exactly what a person is told of it."""

from base64 import b64encode
from pathlib import Path

import pytest

from ccrouter.config.load import compile_text
from ccrouter.config.problems import RefusedFileError, render
from ccrouter.config.settings import compile_settings
from ccrouter.config.tokens import compile_tokens

BAD = Path(__file__).parent / "bad"
ENVIRONMENT = {
    "CCROUTER_AMI_SECRET": "a secret",
    "CCROUTER_EMPTY": "",
    "CCROUTER_TWO_LINES": "a\r\nb",
    "CCROUTER_HOOK_SECRET": f"whsec_{b64encode(bytes(32)).decode()}",
    "CCROUTER_SHORT_SECRET": f"whsec_{b64encode(bytes(16)).decode()}",
}


def compiled(name: str, data: bytes) -> object:
    """Return what a file is to the daemon: its name tells of which kind it is."""
    if name.startswith("settings_"):
        return compile_settings(data, Path("/etc/ccrouter") / name, ENVIRONMENT)
    return compile_tokens(data, name) if name.startswith("tokens_") else compile_text(data, name)


def told_of(file: Path) -> str:
    """Return what a person is told of a file that must be refused."""
    data = file.read_bytes()
    with pytest.raises(RefusedFileError) as raised:
        _ = compiled(file.name, data)
    source = data.decode(errors="replace")
    return "".join(f"{render(problem, source)}\n" for problem in raised.value.problems)


@pytest.mark.parametrize("name", sorted(file.stem for file in BAD.glob("*.yaml")))
def test_bad_file_is_told_exactly(name: str) -> None:
    """A bad file is refused with file, line, column, what is wrong, and how to mend it."""
    assert (BAD / f"{name}.txt").read_text("utf-8") == told_of(BAD / f"{name}.yaml")


def test_every_expectation_has_its_file() -> None:
    """No expected text is left without the file that it belongs to."""
    assert {file.stem for file in BAD.glob("*.yaml")} == {file.stem for file in BAD.glob("*.txt")}


def test_plain_secret_is_never_shown() -> None:
    """What stands where a secret's source belongs is kept out of the message and of the shown lines."""
    file = BAD / "settings_plain_secret.yaml"
    assert "hunter2" in file.read_text("utf-8")
    assert "hunter2" not in told_of(file)
