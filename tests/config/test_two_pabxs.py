"""The example of settings with two PABXs."""

from pathlib import Path

from ccrouter.config.settings import settings_of
from ccrouter.config.yaml import read

EXAMPLE = Path(__file__).parents[2] / "configs" / "settings-two-pabxs.yaml"


def test_the_example_serves_two_pabxs() -> None:
    """It is accepted, and names on its first lines what each PABX calls itself when it asks."""
    environment = {"CCROUTER_AMI_SECRET_PARIS": "one", "CCROUTER_AMI_SECRET_LYON": "two"}
    settings = settings_of(read(EXAMPLE.read_bytes(), str(EXAMPLE)), EXAMPLE, environment, elsewhere=True)
    assert [pabx.name for pabx in settings.pabxs] == ["paris", "lyon"]
    for pabx in settings.pabxs:
        assert f"agi://{settings.agi.host}:{settings.agi.port}/route/{pabx.name}\n" in EXAMPLE.read_text()
