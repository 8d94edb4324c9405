"""What ccrouter is made of: the bill of materials, and the look for known vulnerabilities."""

import json
import os
import subprocess
from pathlib import Path
from typing import Final
from zipfile import ZipFile

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from supply.advisories import MEMBER, snapshot_in
from supply.bill import LOCK, bill_of
from supply.locked import pins_of

ROOT: Final = Path(__file__).parents[2]


def test_the_bill_is_cyclonedx_and_names_all_that_is_locked() -> None:
    """By the schema; each package with its version and with the hashes by which it is installed."""
    text = bill_of(LOCK)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "ccrouter")
    found = {(each["name"], each["version"]): {one["content"] for one in each["hashes"]} for each in bill["components"]}
    assert found == {(pin.name, str(pin.version)): set(pin.hashes) for pin in pins_of(LOCK)}
    assert all(found.values())


def test_the_same_lock_gives_the_same_bill() -> None:
    """To the byte, so that two can be compared."""
    assert bill_of(LOCK) == bill_of(LOCK)


def test_a_line_that_is_none_is_not_passed_over(tmp_path: Path) -> None:
    """A package that was misread would be in no bill, and looked up nowhere."""
    lock = tmp_path / "lock.txt"
    lock.write_text("aiohttp==3.14.5\naiohttp @ https://example.org/aiohttp.whl\n")
    with pytest.raises(ValueError, match=r"lock.txt:2: this is no line of a lock"):
        pins_of(lock)


def audit(*locks: Path) -> subprocess.CompletedProcess[str]:
    """Run scripts/audit on these locks, by its snapshot alone."""
    return subprocess.run(  # noqa: S603 - our own script
        [ROOT / "scripts" / "audit", "--offline", *locks], capture_output=True, text=True, check=False, timeout=110
    )


def test_what_is_locked_has_no_known_vulnerability() -> None:
    """And the age of what is known is told, and who was not asked."""
    ended = audit()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "days old" in ended.stdout
    assert "NOT ASKED: OSV" in ended.stdout


def test_a_version_with_a_known_vulnerability_is_found(tmp_path: Path) -> None:
    """The test above can fail: aiohttp 3.8.0 can be made to take one request for two."""
    lock = tmp_path / "old.txt"
    lock.write_text(f"PyYAML==6.0.3\naiohttp==3.8.0 \\\n    --hash=sha256:{'0' * 64}\n")
    ended = audit(lock)
    assert ended.returncode == 1
    assert "aiohttp 3.8.0: GHSA-qvrw-v9rv-5rjx" in ended.stdout
    assert "pyyaml" not in ended.stdout.lower()


@pytest.mark.parametrize("held", [None, "{}", "[]", '{"aiohttp": [{"id": "x"}]}', "no json"])
def test_a_snapshot_of_another_form_is_no_clean_bill(tmp_path: Path, held: str | None) -> None:
    """Who can't read what is known does not know that there is nothing."""
    archive = tmp_path / "db.whl"
    with ZipFile(archive, "w") as opened:
        opened.writestr("other", "")
        if held is not None:
            opened.writestr(MEMBER, held)
    with pytest.raises(ValueError, match="holds no advisories"):
        snapshot_in(archive)


def test_ci_runs_the_audit() -> None:
    """As a stage of its own, which fails the run."""
    assert os.access(ROOT / "scripts" / "audit", os.X_OK)
    assert 'stage "audit" "$SCRIPTS/audit"' in (ROOT / "scripts" / "test").read_text()
