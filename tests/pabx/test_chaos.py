"""A short form of loadtests/chaos: no call is lost, late or unaccounted for while everything around it fails."""

import json
import subprocess
from pathlib import Path

import pytest

CHAOS = Path(__file__).parent.parent.parent / "loadtests" / "chaos"
SECONDS = 16
RATE = 20


@pytest.mark.parametrize("version", [22, 16])
def test_every_call_is_accounted_for_while_all_around_it_fails(version: int, tmp_path: Path) -> None:
    """All reach a position, a site or a message; no site has more calls than it takes; nothing is left over."""
    result = tmp_path / "chaos.json"
    options = f"--version {version} --seconds {SECONDS} --rate {RATE} --seed 1 --faults kill,trunk-dead --json {result}"
    done = subprocess.run(  # noqa: S603 - our own command
        [CHAOS, *options.split()], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith(f"PASSED: {SECONDS * RATE} calls, 0 lost, ")
    found = json.loads(result.read_text())
    assert found["setting"]["asterisk"].startswith(f"{version}.")
    assert (found["offered"], found["lost"], found["broken"]) == (SECONDS * RATE, [], [])
    assert sum(found["reached"].values()) == SECONDS * RATE
    assert {"message", "position of support", "tunis", "backup"} <= found["reached"].keys()
    # The faults were there: the PABX went by its stored plans, and the site's calls went elsewhere.
    assert found["by_fault"]["calm"]["entries"].keys() == {"routed"}
    assert found["by_fault"]["kill"]["entries"]["stored"] > 0
    assert found["by_fault"]["trunk-dead"]["times"] == 1
    assert found["by_fault"]["trunk-dead"]["entries"].keys() <= {"routed"}
    assert all(promise["kept"] for promise in found["promises"])
