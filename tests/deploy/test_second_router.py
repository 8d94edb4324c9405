"""The second router beside the first: its unit and its settings fit each other, and share what must be shared."""

import subprocess
from pathlib import Path

from ccrouter.config.load import load_settings
from ccrouter.config.settings import compile_settings

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy" / "ccrouter.service"
DROP_IN = ROOT / "deploy" / "ccrouter-2.conf"
SETTINGS = ROOT / "configs" / "settings.yaml"
SECOND = ROOT / "configs" / "settings-2.yaml"
PROGRAM = "/opt/ccrouter/bin/ccrouter"


def values(*files: Path) -> dict[str, str]:
    """Return what units set in the end, by key: the last word counts."""
    lines = (line for file in files for line in file.read_text().splitlines() if not line.startswith("#"))
    return {key: value for key, sign, value in (line.partition("=") for line in lines) if sign}


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    """A unit and its drop-in are read one after the other."""
    unit = tmp_path / "ccrouter-2.service"
    unit.write_text((UNIT.read_text() + DROP_IN.read_text()).replace(PROGRAM, "/bin/true"))
    ended = subprocess.run(  # noqa: S603 - our own script
        [ROOT / "scripts" / "systemd-analyze", "verify", unit], capture_output=True, text=True, check=False, timeout=110
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_both_settings_go_together() -> None:
    """The same state, rules and PABXs; another rank, other ports, another socket."""
    first, second = (load_settings(file, {"CCROUTER_AMI_SECRET": "s3cret"}) for file in (SETTINGS, SECOND))
    assert (first.router, second.router) == (1, 2)
    assert (first.state_dir, first.routing, first.journal) == (second.state_dir, second.routing, second.journal)
    assert [pabx.name for pabx in first.pabxs] == [pabx.name for pabx in second.pabxs]
    assert first.control != second.control
    assert len({first.agi.port, second.agi.port, first.http.port, second.http.port}) == 4


def test_both_keep_one_file_of_compiled_rules(tmp_path: Path) -> None:
    """Whoever takes the `#` away in both has what the manual asks for: the second keeps it while the first is dead."""
    kept = "{file: /var/lib/ccrouter/fallback.conf}"
    for file in (SETTINGS, SECOND):
        text = file.read_text("utf-8")
        assert text.count(f"# fallback: {kept}") == 1
        text = text.replace(f"# fallback: {kept}", f"fallback: {{file: {tmp_path}/fallback.conf}}")
        made = compile_settings(text.encode(), tmp_path / file.name, {"CCROUTER_AMI_SECRET": "s3cret"})
        assert made.fallback == tmp_path / "fallback.conf"
    manual = (ROOT / "docs" / "operations.md").read_text("utf-8")
    section = manual[manual.index("## Two routers") : manual.index("## The control socket")]
    assert "the same `fallback:` into the settings of both" in section


def test_the_unit_fits_its_settings() -> None:
    """The command's socket is the daemon's; user and state folder are those of the first unit."""
    first, second = values(UNIT), values(UNIT, DROP_IN)
    settings = load_settings(SECOND, {"CCROUTER_AMI_SECRET": "s3cret"})
    assert second["Environment"] == f"CCROUTER_SOCKET={settings.control}"
    assert Path("/run", second["RuntimeDirectory"]) == settings.control.parent
    assert second["ExecStart"].endswith("--settings /etc/ccrouter/settings-2.yaml")
    assert [first[key] for key in ("User", "StateDirectory", "DynamicUser")] == [
        second[key] for key in ("User", "StateDirectory", "DynamicUser")
    ]
    assert settings.state_dir == Path("/var/lib", second["StateDirectory"])
