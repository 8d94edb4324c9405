"""docs/api.md against a real daemon: its requests do what it says, and its bounds are those that are kept."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from ccrouter.app.positions import ORDERS_AT_ONCE, ORDERS_HZ
from ccrouter.web import attempts, control, entrance, limits, stream
from ccrouter.web.holders import Role
from support.api_house import ApiHouse, api_house

GUIDE: Final = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
AT: Final = "http://127.0.0.1:9470/api/v1"


@pytest.fixture(scope="module")
def house() -> Iterator[ApiHouse]:
    """Give a house for all of them."""
    with api_house() as made:
        yield made


def test_each_request_of_the_guide_is_answered(house: ApiHouse) -> None:
    """In the order of the page, with a token of the role that the table has for it."""
    asked = [shlex.split(line) for line in re.findall(r"(?m)^    (curl .*)$", GUIDE)]
    assert len(asked) > 8
    for words in asked:
        body = json.loads(words[words.index("-d") + 1]) if "-d" in words else None
        method = words[words.index("-X") + 1] if "-X" in words else "GET" if body is None else "POST"
        path = next(word for word in words if word.startswith(AT)).removeprefix(AT)
        role = Role.READ if method == "GET" or path == "/explain" else Role.SWITCH
        assert house.ask(method, path, role, body)[0] == 200, words
    assert house.ask("GET", "/sites/tunis/calls", Role.SITE)[0] == 200


def test_the_guide_tells_the_bounds_that_are_kept() -> None:
    """By the numbers in the code."""
    for told in (
        f"{limits.TOKEN_HZ:g} a second, and {limits.TOKEN_BURST} at once",
        f"{limits.ADDRESS_HZ:g} a second, and {limits.ADDRESS_BURST} at once",
        f"| {limits.IN_HAND}, streams apart; beyond, 429 |",
        f"| {limits.ALL_IN_HAND}; beyond, 503 |",
        f"| {ORDERS_AT_ONCE} at once after a rest, then one in {1 / ORDERS_HZ:g} s; beyond, 409 |",
        f"| {attempts.MOST} a minute;",
        f"| {stream.MOST} of all; {stream.MOST_OF_ONE} with one token, {stream.MOST_OF_OWN} with that of a position;",
        f"| {entrance.MOST}; of more",
        f"{control.MAX_BODY_BYTES // 1024} kB within {control.BODY_WITHIN_S:g} s",
        f"first {limits.IPV6_NETWORK} bits",
    ):
        assert told in GUIDE, told
