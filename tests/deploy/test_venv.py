"""The virtual environment that the scripts make: which Python it is made with, and kept with."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


def chosen(venv: Path, **environment: str) -> str:
    """Return the Python that counts for this environment."""
    script = f'source "{SCRIPTS}/lib.sh"; keep_python; echo "$PYTHON"'
    told = subprocess.run(  # noqa: S603 - our own script
        ["bash", "-c", script],  # noqa: S607 - the bash of whoever tests
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"], "HOME": str(venv), "CCROUTER_VENV": str(venv), **environment},
    )
    return told.stdout.strip()


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """Give an environment that was made with the Python `made-by`."""
    (tmp_path / "bin").mkdir()
    for name in ("bin/python", "made-by"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o755)
    (tmp_path / ".stamp-python").write_text(f"{tmp_path}/made-by\n")
    return tmp_path


def test_what_works_is_kept_whatever_comes_first_in_the_path(venv: Path) -> None:
    """A second demo, started from an activated environment, must not take the ground from under the first."""
    assert chosen(venv) == f"{venv}/made-by"


def test_a_python_that_is_named_counts(venv: Path) -> None:
    """CCROUTER_PYTHON is meant so."""
    assert chosen(venv, CCROUTER_PYTHON="python3.12") == "python3.12"


@pytest.mark.parametrize("gone", ["made-by", "bin/python", ".stamp-python"])
def test_what_is_broken_is_made_anew_with_the_python_of_the_path(venv: Path, gone: str) -> None:
    """An environment whose Python was taken away is of no use."""
    (venv / gone).unlink()
    assert chosen(venv) == "python3"
