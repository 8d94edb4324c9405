"""What the tests of the store share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ccrouter.store.database import Database
from ccrouter.store.schema import state_database
from support.hand_clock import HandClock


@pytest.fixture
def clock() -> HandClock:
    """Give a clock that stands still."""
    return HandClock()


@pytest.fixture
def database(tmp_path: Path, clock: HandClock) -> Iterator[Database]:
    """Give the database of an empty state folder."""
    database = state_database(tmp_path, clock)
    yield database
    database.close()
