"""The small PABX as a process: it starts, ends, and starts again with what it kept."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from small_pabx import Layout, PabxError, SmallPabx


@pytest.fixture(params=[22, 16], ids=lambda version: f"asterisk{version}")
def pabx(request: pytest.FixtureRequest) -> Iterator[SmallPabx]:
    """Hand out a PABX that does not run yet."""
    folder = Path(tempfile.mkdtemp(prefix="ccrouter-"))
    pabx = SmallPabx(Layout(version=request.param, positions={"agent1": ("support",)}), folder)
    yield pabx
    pabx.kill()
    shutil.rmtree(folder)


def test_it_keeps_its_memory_over_a_restart(pabx: SmallPabx) -> None:
    """AstDB, where plans are stored, and the members of queues survive; nothing of it stays running."""
    with pabx:
        first = psutil.Process(pabx.pid)
        pabx.cli("database put ccrouter 0800 plan")
        pabx.cli("queue add member PJSIP/agent1 to support")
    assert not first.is_running()
    pabx.start()
    assert "plan" in pabx.cli("database get ccrouter 0800")
    assert "PJSIP/agent1" in pabx.cli("queue show support")


def test_it_starts_again_after_a_crash(pabx: SmallPabx) -> None:
    """What a killed Asterisk leaves behind does not hinder the next."""
    pabx.start()
    pabx.kill()
    with pytest.raises(PabxError):
        pabx.cli("core show version")
    pabx.start()
    assert f"Asterisk {pabx.layout.version}." in pabx.cli("core show version")


def test_it_tells_why_it_does_not_start(pabx: SmallPabx) -> None:
    """A configuration that can't work is told with the end of Asterisk's log."""
    (pabx.conf / "modules.conf").write_text("[modules]\nautoload=no\nrequire => not_there.so\n")
    with pytest.raises(PabxError, match="not_there"):
        pabx.start()


def test_it_loads_each_module_once(pabx: SmallPabx) -> None:
    """A module that is named twice is none that was meant."""
    lines = (pabx.conf / "modules.conf").read_text().splitlines()
    loads = [line for line in lines if line.startswith("load")]
    assert [line for line in set(loads) if loads.count(line) > 1] == []


def test_nobody_else_reads_its_secrets(pabx: SmallPabx) -> None:
    """Every file with a secret in it is its owner's alone, and no two PABXs have the same secret."""
    holders = [path for path in (*pabx.conf.iterdir(), pabx.ami_secret_file) if pabx.ami_secret in path.read_text()]
    assert {path.name for path in holders} == {"manager.conf", "ami.secret"}
    assert {path.stat().st_mode & 0o777 for path in holders} == {0o600}
    other = SmallPabx(pabx.layout, pabx.folder / "other")
    assert {other.ami_secret, other.sip_secret}.isdisjoint({pabx.ami_secret, pabx.sip_secret})
