"""Which version the daemon says that it is."""

from importlib.metadata import PackageNotFoundError, version
from unittest.mock import MagicMock

import pytest

from ccrouter.app import controls
from ccrouter.app.controls import Control

PARTS = ("router", "state", "rules_file", "mode_switch", "override_switch", "entry", "writer", "take", "degraded")


def test_the_version_told_is_that_of_the_code_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """An upgrade takes the package's files away and puts others there; the daemon runs on with what it began with."""
    control = Control(**{part: MagicMock() for part in PARTS}, links={}, started_at=0.0)

    def away(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(controls, "version", away)
    assert control.status().version == version("ccrouter")
