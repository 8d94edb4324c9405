"""Every surface that takes what others send keeps its promises, whatever that is.

CI tries the same inputs each time; `scripts/fuzz` tries others for as long as one likes, led by the code they reach.
"""

import os
from typing import Final

import pytest
from hypothesis import given, settings

from support.fuzz.all import TARGETS

MORE: Final = float(os.environ.get("CCROUTER_FUZZ", "1"))


@pytest.mark.parametrize("name", TARGETS)
def test_inputs_that_once_broke_something(name: str) -> None:
    """Good inputs and all that were ever found to break a promise keep it."""
    target = TARGETS[name]
    for data in [*target.seeds(), *target.kept()]:
        target.check(data)


@pytest.mark.parametrize("name", TARGETS)
def test_any_input(name: str) -> None:
    """Good inputs changed anyhow, and bytes that were never good, keep every promise of their target."""
    target = TARGETS[name]

    @settings(max_examples=max(1, int(target.tries * MORE)), derandomize=True, database=None)
    @given(target.inputs())
    def any_input(data: bytes) -> None:
        target.check(data)

    any_input()
