"""A short form of loadtests/survival: no call is lost while the router is killed and stopped."""

import json
import subprocess
from pathlib import Path

import pytest

SURVIVAL = Path(__file__).parent.parent.parent / "loadtests" / "survival"
SECONDS = 12
RATE = 20


@pytest.mark.parametrize("version", [22, 16])
def test_every_call_survives_a_router_that_is_killed_and_stopped(version: int, tmp_path: Path) -> None:
    """All reach a position, a site or a message; none waits more than 1.5 s longer than in calm."""
    result = tmp_path / "survival.json"
    options = f"--version {version} --seconds {SECONDS} --rate {RATE} --faults kill,stop --json {result}"
    done = subprocess.run(  # noqa: S603 - our own command
        [SURVIVAL, *options.split()], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(result.read_text())
    phases = found["phases"]
    assert found["setting"]["asterisk"].startswith(f"{version}.")
    assert (found["offered"], found["lost"], found["broken"]) == (SECONDS * RATE, [], [])
    assert sum(found["reached"].values()) == SECONDS * RATE
    assert {"message", "position", "tunis"} <= found["reached"].keys()
    # The faults were there: the PABX went by its stored plans, and by the router's again afterwards.
    assert phases["calm"]["routed"] == phases["calm"]["calls"]
    assert phases["kill"]["stored"] > 0
    assert phases["stop"]["stored"] > 0
