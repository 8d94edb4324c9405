"""The systemd unit: what systemd itself says of it, and that it fits the daemon's own defaults."""

import subprocess
from pathlib import Path

import pytest

from ccrouter.cli.options import SETTINGS, SOCKET
from ccrouter.config.settings_file import SettingsFile

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy" / "ccrouter.service"
PROGRAM = "/opt/ccrouter/bin/ccrouter"

MOST_EXPOSED = 13
"""Tenths: 1.3 of 10. What is left open is the network and other users' names, which the daemon needs."""


def systemd_analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze, which the script gets where the machine has none."""
    return subprocess.run(  # noqa: S603 - our own script
        [ROOT / "scripts" / "systemd-analyze", *arguments], capture_output=True, text=True, check=False, timeout=110
    )


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the unit with a program that exists here, and systemd-analyze ready for use."""
    copy = tmp_path_factory.mktemp("unit") / UNIT.name
    copy.write_text(UNIT.read_text().replace(PROGRAM, "/bin/true"))
    ready = systemd_analyze("--version")
    assert ready.returncode == 0, ready.stderr
    return copy


def settings() -> dict[str, list[str]]:
    """Return what the unit sets, by key."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        key, sign, value = line.partition("=")
        if sign and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def test_systemd_finds_nothing_wrong(unit: Path) -> None:
    """No unknown key, no value that it ignores: it says such things on stderr and goes on."""
    ended = systemd_analyze("verify", unit)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_systemd_would_find_a_mistake(unit: Path) -> None:
    """The test above can fail."""
    wrong = unit.with_name("wrong.service")
    wrong.write_text(unit.read_text().replace("WatchdogSec", "WatchdgoSec"))
    assert "Unknown key" in systemd_analyze("verify", wrong).stderr


def test_little_is_left_open(unit: Path) -> None:
    """By systemd's own measure of exposure."""
    ended = systemd_analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", unit)
    assert ended.returncode == 0, ended.stdout


def test_the_unit_fits_the_daemons_defaults() -> None:
    """Socket, state and settings are where the daemon and the commands look for them without being told."""
    unit = settings()
    control, state = (SettingsFile.model_fields[name].default for name in ("control", "state_dir"))
    assert Path("/run", *unit["RuntimeDirectory"]) == SOCKET.parent == control.parent
    assert Path("/var/lib", *unit["StateDirectory"]) == state
    assert Path("/etc", *unit["ConfigurationDirectory"]) == SETTINGS.parent
    assert unit["ExecStart"] == [f"{PROGRAM} run --settings {SETTINGS}"]
    assert unit["ExecReload"] == [f"{PROGRAM} reload"]
    assert f"CCROUTER_SOCKET={SOCKET}" in unit["Environment"][0]


def test_the_daemon_may_learn_who_writes_the_routing_file() -> None:
    """The file is root's, so the kernel tells of its writers only who may lease it; no other right is given."""
    unit = settings()
    assert (unit["CapabilityBoundingSet"], unit["AmbientCapabilities"]) == (["CAP_LEASE"], ["CAP_LEASE"])


def test_a_telephone_line_is_never_given_up() -> None:
    """It is started again whatever happened and however often, and a loop that hangs counts as a death."""
    unit = settings()
    assert (unit["Type"], unit["Restart"], unit["StartLimitIntervalSec"]) == (["notify"], ["always"], ["0"])
    assert 2 <= int(unit["WatchdogSec"][0]) <= 10


def test_a_leak_ends_the_daemon_before_it_takes_the_machine() -> None:
    """Asterisk may run beside it; and calls never wait for a daemon that is slowed down, or for swap."""
    unit = settings()
    assert (unit.get("MemoryHigh"), unit["MemoryMax"], unit["MemorySwapMax"]) == (None, ["1G"], ["0"])


def test_the_daemon_is_nobody_and_stays_it() -> None:
    """A user of its own, no new rights, a system that is read-only, and only the calls and addresses that it needs."""
    unit = settings()
    wanted = {
        "DynamicUser": "yes",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateDevices": "yes",
        "MemoryDenyWriteExecute": "yes",
        "RestrictSUIDSGID": "yes",
        "RestrictNamespaces": "yes",
        "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
        "SystemCallArchitectures": "native",
        "UMask": "0077",
        "StateDirectoryMode": "0700",
    }
    assert {key: unit[key] for key in wanted} == {key: [value] for key, value in wanted.items()}
    assert unit["SystemCallFilter"] == ["@system-service", "~@privileged @resources"]


def test_the_password_comes_by_file_and_not_by_environment() -> None:
    """The environment of a process is shown to its user and to root, and handed on to its children."""
    unit = settings()
    assert unit["LoadCredential"] == ["ami-secret:/etc/ccrouter/ami-secret"]
    assert [value for value in unit["Environment"] if "SECRET" in value or "TOKEN" in value] == []
