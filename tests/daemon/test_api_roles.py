"""Each operation of the API with each kind of token, at a real daemon: what it may is done, and nothing else is."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from ccrouter.web.holders import Holder, Role
from ccrouter.web.operations import EVENT_STREAM, Operation
from reference.api import operations
from support.api_house import HOLDERS, POSITION, SITE, ApiHouse, api_house

DESCRIPTION: Final = Path(__file__).parents[2] / "docs" / "openapi.json"
TECHNOLOGY, NAME = POSITION.split("/")

ONCE: Final = frozenset({"send_waiting", "end_override", "test_webhook"})
"""Operations that find nothing to be done the second time, or in this house."""

OF_OTHERS: Final = (
    ("position", {"technology": TECHNOLOGY, "name": "102"}),
    ("position", {"technology": TECHNOLOGY, "name": "no-such"}),
    ("site", {"name": "desk"}),
    ("site", {"name": "no-such"}),
)


@pytest.fixture(scope="module")
def house() -> Iterator[ApiHouse]:
    """Give a house for all of them."""
    with api_house() as made:
        yield made


def named(operation: Operation, house: ApiHouse) -> dict[str, str]:
    """Return something that is there for each parameter of an operation's path."""
    first = operation.path.split("/")[1]
    values = {
        "modes": {"name": "crisis"},
        "sites": {"name": SITE},
        "positions": {"technology": TECHNOLOGY, "name": NAME, "queue": "support"},
        "journal": {"uniqueid": "1795297266.0"},
        "versions": {"number": "1"},
        "waiting": {"uniqueid": "1795297266.1"},
        "overrides": {"id": "none"},
        "webhooks": {"name": "none"},
    }
    if first == "overrides":
        set_ = house.ask("GET", "/overrides", Role.READ)[1]
        return {"id": set_[0]["id"]} if set_ else values[first]
    return values.get(first, {})


def body(operation: Operation) -> Any:  # noqa: ANN401 - JSON
    """Return a body that does something, by the model's own example."""
    if operation.body is None:
        return None
    found = dict(operation.body.model_json_schema()["examples"][0])
    if operation.name == "set_override":
        found["to"] = ["tunis", "nobody"]
    elif operation.name == "note_rollback":
        found["id"] = 1
    elif operation.name == "send_waiting":
        found["to"] = ["tunis"]
    return found


def ask(house: ApiHouse, operation: Operation, role: Role | None, values: dict[str, str]) -> tuple[int, Any]:
    """Ask for an operation."""
    return house.ask(operation.method, operation.template.format_map(values), role, body(operation))


def refused(operation: Operation) -> Sequence[Holder]:
    """Return who may not use an operation."""
    return [holder for holder in HOLDERS.values() if not operation.allows(holder)]


def test_what_a_token_is_not_good_for_is_refused_and_nothing_is_done(house: ApiHouse) -> None:
    """401 without a token, 403 with one of a role that is not enough, or for what is another's: all is as before."""
    before, tried = house.state(), 0
    for operation in operations():
        values = named(operation, house)
        status, told = ask(house, operation, None, values)
        assert (status, told["status"]) == (401, 401), operation.name
        for holder in refused(operation):
            status, told = ask(house, operation, holder.role, values)
            assert (status, told["status"]) == (403, 403), (operation.name, holder.role)
            tried += 1
        told_of_others = set()
        for role, other in OF_OTHERS:
            holder = HOLDERS[Role[role.upper()]]
            if operation.allows(holder) and "{" in operation.path:
                status, told = ask(house, operation, holder.role, {**values, **other})
                assert status == 403, (operation.name, other)
                told_of_others.add((role, json.dumps(told)))
                tried += 1
        assert len(told_of_others) in {0, 1}, operation.name
    assert tried > 60
    assert house.state() == before


def test_what_a_token_is_good_for_is_done(house: ApiHouse) -> None:
    """By each role that is enough, with the example of the description; a stream begins."""
    for operation in sorted(operations(), key=lambda each: (each.method != "GET", each.path)):
        for holder in HOLDERS.values():
            if not operation.allows(holder):
                continue
            status, told = ask(house, operation, holder.role, named(operation, house))
            # The caller who waits is sent on once, and the override is ended once: later there is none.
            expected = {operation.status, *((404, 409) if operation.name in ONCE else ())}
            assert status in expected, (operation.name, holder.role, told)
            if operation.media == EVENT_STREAM:
                assert told.startswith((b"retry:", b"id:", b"event:"))
    assert {order["Action"] for order in house.orders} >= {"QueueAdd", "QueuePause", "QueueWithdrawCaller"}


def test_the_daemon_describes_itself_as_docs_do(house: ApiHouse) -> None:
    """What is kept in docs/openapi.json is what is served, to any token; `scripts/docs` writes it anew."""
    for role in HOLDERS:
        status, told = house.ask("GET", "/openapi.json", role)
        assert (status, told) == (200, json.loads(DESCRIPTION.read_text("utf-8")))


def test_a_site_sees_its_own_calls_alone(house: ApiHouse) -> None:
    """Those at it, by the number that was dialled: not who calls, which channel that is, or what is elsewhere."""
    status, told = house.ask("GET", f"/sites/{SITE}/calls", Role.SITE)
    assert status == 200
    [call] = told["now"]
    assert (call["number"], call["label"], call["talked_s"], call["outcome"]) == (
        "0800 123 456",
        "After-sales",
        None,
        "",
    )
    assert (call["caller"], call["uniqueid"]) == (None, None)
    [seen] = house.ask("GET", f"/sites/{SITE}/calls", Role.READ)[1]["now"]
    assert (seen["caller"], seen["uniqueid"]) == ("061*******", "1795297266.2")
    [ended] = house.ask("GET", "/sites/desk/calls", Role.READ)[1]["ended"]
    assert (ended["uniqueid"], ended["outcome"], ended["talked_s"] is None) == ("1795297266.0", "answered", False)
    assert house.ask("GET", "/sites/none/calls", Role.READ)[0] == 404
