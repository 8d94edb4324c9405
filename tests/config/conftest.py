"""What the tests of files share: how to load a text, and what it was refused with."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ccrouter.config.load import compile_text
from ccrouter.config.problems import Problem, RefusedFileError
from ccrouter.routing.rules import Rules

BASE = """\
timezone: Europe/Paris
calendars:
  office: {hours: "Mo-Fr 08:30-18:30"}
sites:
  paris: {in_house: {queue: support, max_wait: 2min}}
  tunis: {external: {dial: PJSIP/+21671000000@trunk-tunis, answer_within: 25s, max_calls: 30}}
messages:
  closed: {play: ccrouter/closed}
modes: [crisis]
numbers:
  "0800 123 456": {service: support}
services:
  support:
    rules:
      - {name: asked, when: {mode: crisis}, to: [tunis, closed]}
    otherwise: [paris, closed]
"""

Load = Callable[..., Rules]


@pytest.fixture
def base() -> str:
    """Return a small good routing file."""
    return BASE


@pytest.fixture
def load() -> Load:
    """Return what loads the small file after replacing pieces of it, given as pairs (old, new)."""

    def loaded(*pairs: tuple[str, str]) -> Rules:
        text = BASE
        for old, new in pairs:
            assert old in text, f"{old!r} is not in the file"
            text = text.replace(old, new)
        return compile_text(text.encode(), "routing.yaml")

    return loaded


@pytest.fixture
def refused() -> Callable[[bytes], tuple[Problem, ...]]:
    """Return what tells the problems of a routing file that must be refused."""

    def told(data: bytes) -> tuple[Problem, ...]:
        with pytest.raises(RefusedFileError) as raised:
            compile_text(data, "routing.yaml")
        return raised.value.problems

    return told


@pytest.fixture(scope="session")
def house() -> Path:
    """Return the folder of the checkout."""
    return Path(__file__).parents[2]
