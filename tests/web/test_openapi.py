"""The API's description of itself: valid, whole, and the same in docs/."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from ccrouter.web.holders import Holder, Role
from ccrouter.web.openapi import ALWAYS, document, text
from ccrouter.web.operations import EVENT_STREAM, Operation
from reference.api import examples, operations

KEPT: Final = Path(__file__).parents[2] / "docs" / "openapi.json"
DOCUMENT: Final = document(operations())
EACH: Final = [pytest.param(each, id=each.name) for each in operations()]


def resolved(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a schema with what it refers to in place, as far as one step goes."""
    if isinstance(schema, dict) and "$ref" in schema:
        place = DOCUMENT
        for step in schema["$ref"].removeprefix("#/").split("/"):
            place = place[step]
        return place
    return schema


def test_what_is_kept_is_current() -> None:
    """docs/openapi.json is what the code says; `scripts/docs` writes it anew."""
    assert KEPT.read_text("utf-8") == text(operations())


def test_it_is_openapi_3_1() -> None:
    """By the schema that the makers of OpenAPI publish; and each schema in it is one of JSON Schema."""
    OPENAPI_31_VALIDATOR.validate(DOCUMENT)
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_to_something() -> None:
    """And nothing is kept that nothing refers to."""
    told = json.dumps(DOCUMENT)
    for kind in ("schemas", "responses"):
        for name in DOCUMENT["components"][kind]:
            assert f'"#/components/{kind}/{name}"' in told

    def walk(node: object) -> None:
        if isinstance(node, dict):
            resolved(node)
            for each in node.values():
                walk(each)
        elif isinstance(node, list):
            for each in node:
                walk(each)

    walk(DOCUMENT)


def test_names_and_routes_are_given_once() -> None:
    """No operation hides another one."""
    assert Counter(each.name for each in operations()).most_common(1)[0][1] == 1
    assert Counter((each.method, each.template) for each in operations()).most_common(1)[0][1] == 1


@pytest.mark.parametrize("operation", EACH)
def test_roles_are_those_that_the_doors_go_by(operation: Operation) -> None:
    """Each role beside the operation may use it, and each other one may not, but for those above it."""
    told = DOCUMENT["paths"][operation.template][operation.method.lower()]
    named = {Role[role.upper()] for each in told["security"] for role in each["bearer"]}
    for role in Role:
        above = role >= Role.READ and any(Role.READ <= least <= role for least in named)
        assert operation.allows(Holder("x", role, "x")) is (role in named or above)


@pytest.mark.parametrize("operation", EACH)
def test_an_operation_is_described_whole(operation: Operation) -> None:
    """Its answer, its refusals with problem details, its parameters and its body; and its sentence is one."""
    told = DOCUMENT["paths"][operation.template][operation.method.lower()]
    assert operation.does.endswith(".")
    assert {str(status) for status, _ in ALWAYS} <= set(told["responses"])
    for status, response in told["responses"].items():
        [(media, content)] = resolved(response)["content"].items()
        if int(status) in {operation.status, *(each for each, _ in operation.declines)}:
            assert media == operation.media
            assert (media == EVENT_STREAM) == ("x-events" in content)
            assert content["schema"]
        else:
            assert media == "application/problem+json"
    named = {each["name"] for each in told.get("parameters", ()) if each["in"] == "path"}
    assert named == {part[1:-1] for part in operation.template.split("/") if part.startswith("{")}
    assert ("requestBody" in told) == (operation.body is not None)
    assert (operation.method in {"POST", "PUT", "DELETE"}) or operation.body is None


def test_nobody_but_the_token_is_the_author() -> None:
    """Over HTTP a body has no `author`; the control socket takes one."""
    assert not [
        name
        for name, schema in DOCUMENT["components"]["schemas"].items()
        if name.endswith("Body") and "author" in schema.get("properties", {})
    ]


@pytest.mark.parametrize("name", sorted(examples()))
def test_an_example_is_good(name: str) -> None:
    """By the model that reads it, and by the schema that is told of it."""
    [operation] = [each for each in operations() if each.name == name]
    assert operation.body is not None
    operation.body.model_validate_json(examples()[name])
    schema = {**DOCUMENT["components"]["schemas"][operation.body.__name__], "components": DOCUMENT["components"]}
    Draft202012Validator(schema).validate(json.loads(examples()[name]))
