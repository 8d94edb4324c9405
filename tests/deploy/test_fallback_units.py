"""The units that put the compiled rules into force: what systemd says of them, and that they fit the manual."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
NAMES = ("ccrouter-fallback.path", "ccrouter-fallback.service")
WRITTEN = "/var/lib/ccrouter/fallback.conf"
TAKEN = "/etc/asterisk/ccrouter/fallback.conf"
MOST_EXPOSED = 25
"""Tenths: 2.5 of 10. It must read a closed folder and speak to a closed socket."""


def systemd_analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze, which the script gets where the machine has none."""
    return subprocess.run(  # noqa: S603 - our own script
        [ROOT / "scripts" / "systemd-analyze", *arguments], capture_output=True, text=True, check=False, timeout=110
    )


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Give the units with programs that exist here, and systemd-analyze ready for use."""
    folder = tmp_path_factory.mktemp("units")
    for name in NAMES:
        text = (DEPLOY / name).read_text()
        for program in ("/opt/ccrouter/bin/ccrouter", "/usr/sbin/asterisk"):
            text = text.replace(program, "/bin/true")
        (folder / name).write_text(text)
    assert systemd_analyze("--version").returncode == 0
    return [folder / name for name in NAMES]


def test_systemd_finds_nothing_wrong(units: list[Path]) -> None:
    """No unknown key, no value that it ignores."""
    ended = systemd_analyze("verify", *units)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_little_is_left_open(units: list[Path]) -> None:
    """By systemd's own measure of exposure."""
    ended = systemd_analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", units[1])
    assert ended.returncode == 0, ended.stdout


def test_units_and_manual_name_the_same_files() -> None:
    """What is watched is what is taken and what the settings of the manual write; what is taken is included."""
    path, service = ((DEPLOY / name).read_text() for name in NAMES)
    manual = (ROOT / "docs" / "fallback.md").read_text("utf-8")
    assert f"PathChanged={WRITTEN}\n" in path
    assert f"ConditionPathExists={WRITTEN}\n" in service
    assert f" fallback --take {WRITTEN} --output {TAKEN}\n" in service
    assert f"fallback: {{file: {WRITTEN}}}" in manual
    assert "#tryinclude ccrouter/fallback.conf" in manual
    assert "ReadWritePaths=/etc/asterisk/ccrouter\n" in service
