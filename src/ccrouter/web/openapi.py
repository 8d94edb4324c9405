"""The API's description of itself (OpenAPI 3.1), made from the operations and from the models that read and write."""

import asyncio
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core import core_schema

from ccrouter.web.control import PROBLEM, Problem, json_answer
from ccrouter.web.holders import Role
from ccrouter.web.operations import ASKED_WRONGLY, EVENT_STREAM, Operation, Refusal

VERSION: Final = "1"
"""Of the API, as in its path: what is here stays, and what comes on top breaks no client (docs/api.md)."""

JSON: Final = "application/json"
_REFERENCE: Final = "#/components/schemas/{model}"

ABOUT: Final = """\
Decides calls for Asterisk: this is how programs see and steer it. Instants are seconds since 1970-01-01 UTC, times \
are seconds, shares are 0 to 1; null stands for what is not known. Objects may gain further properties: ignore those \
that you do not know."""

BEARER: Final = """\
A token of `ccrouter token new`, in the header alone: one in an address is refused, for logs keep addresses. Which of \
the roles an operation takes stands beside it; `switch` has the rights of `read`, and `administer` those of both. \
Tokens with the role `position` or `site` are good for what is of that position or site."""

ALWAYS: Final[tuple[Refusal, ...]] = (
    ASKED_WRONGLY,
    (401, "no token was shown, or one that is unknown, revoked or ended"),
    (403, "the token's role is not enough, or this belongs to another position or site; nothing was done"),
    (421, "the server was called by a name that is not its own"),
    (429, "too many requests; `Retry-After` tells after how many seconds to ask again"),
    (500, "a fault of ccrouter's own; its log tells more"),
    (503, "too much is asked at once; `Retry-After` tells after how many seconds to ask again"),
)
"""What any operation may answer."""

WITH_BODY: Final[tuple[Refusal, ...]] = ((413, "the body has more than 16 kB"),)
WITH_PATH: Final[tuple[Refusal, ...]] = ((404, "there is nothing of this name"),)

OF_STREAMS: Final = {
    "change": {"type": "object", "description": "`at`, and the sections of the first event that changed, each whole"},
    "pulse": {"type": "object", "properties": {"at": {"type": "number"}}, "description": "each second"},
}
"""Events that each stream has beside its own: the JSON in their `data`."""

_PARAMETER: Final = re.compile(r"{(\w+)(?::((?:[^{}]|{[^{}]*})*))?}")


def described(operations: Iterable[Operation]) -> list[Operation]:
    """Return these operations with one on top, that tells of all of them."""
    made: list[bytes] = []

    async def tell(_: web.Request) -> web.Response:
        if not made:
            # In a thread, for it takes a tenth of a second, and calls are decided in this one.
            made.append(await asyncio.to_thread(lambda: text(all_).encode()))
        return json_answer(made[0])

    own = Operation(
        method="GET",
        path="/openapi.json",
        name="get_description",
        does="Describes this API (OpenAPI 3.1).",
        handler=tell,
        least=Role.READ,
        scoped=(Role.POSITION, Role.SITE),
        answer=dict[str, Any],
    )
    all_ = [*operations, own]
    return all_


def text(operations: Sequence[Operation]) -> str:
    """Return the description as it is served and kept."""
    return f"{json.dumps(document(operations), indent=2, ensure_ascii=False)}\n"


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """Return the description."""
    types, components = _schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        paths.setdefault(each.template, {})[each.method.lower()] = _operation(each, types, components)
    for model in {each.query for each in operations if each.query is not None}:
        components.pop(model.__name__, None)  # its parameters stand where they are asked for
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "info": {"title": "ccrouter", "version": VERSION, "description": ABOUT},
        "servers": [{"url": "/api/v1"}],
        "security": [{"bearer": []}],
        "paths": {path: paths[path] for path in sorted(paths)},
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": BEARER}},
            "responses": {
                str(status): _problem(status, words)
                for status, words in sorted(dict((*ALWAYS, *WITH_BODY, *WITH_PATH)).items())
            },
            "schemas": {name: components[name] for name in sorted(components)},
        },
    }


class _AsTold(GenerateJsonSchema):
    """An answer has all of its properties, also those that are mostly as they are by default."""

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,  # noqa: FBT001 - the library's own signature
    ) -> bool:
        """Tell whether a property is always there."""
        return self.mode == "serialization" or super().field_is_required(field, total)

    def field_title_should_be_set(self, schema: object) -> bool:
        """Set none: it would be the name of the property once more."""
        del schema
        return False


def _schemas(operations: Sequence[Operation]) -> tuple[Mapping[int, Any], dict[str, Any]]:
    """Return the schema of each type, by its identity, and what these refer to."""
    asked: dict[int, tuple[int, JsonSchemaMode, TypeAdapter[Any]]] = {}
    for kind, mode in _types(operations):
        asked.setdefault(id(kind), (id(kind), mode, TypeAdapter(kind)))
    found, shared = TypeAdapter.json_schemas(asked.values(), ref_template=_REFERENCE, schema_generator=_AsTold)
    components: dict[str, Any] = shared.get("$defs", {})
    for each in components.values():
        _tell_properties(each)
    for operation in operations:
        if operation.body is not None:
            # For the control socket alone: over HTTP the author is the token's name.
            components[operation.body.__name__]["properties"].pop("author", None)
    return {key: schema for (key, _), schema in found.items()}, components


def _types(operations: Sequence[Operation]) -> Iterator[tuple[Any, JsonSchemaMode]]:
    yield Problem, "serialization"
    for each in operations:
        if each.answer is not None:
            yield each.answer, "serialization"
        for kind in each.events.values():
            yield kind, "serialization"
        for model in (each.body, each.query):
            if model is not None:
                yield model, "validation"


def _operation(each: Operation, types: Mapping[int, Any], components: Mapping[str, Any]) -> dict[str, Any]:
    roles = [*([each.least] if each.least is not None else []), *sorted(each.scoped)]
    made: dict[str, Any] = {
        "operationId": each.name,
        "tags": [each.path.split("/")[1].removesuffix(".json")],
        "summary": each.does,
        "description": f"Wants a token with the role {each.needs}.",
        # The roles that do, as OpenAPI 3.1 lets them be told for any kind of security.
        "security": [{"bearer": [role.name.lower()]} for role in roles],
    }
    parameters = [*_in_path(each), *_in_query(each.query, types, components)]
    if parameters:
        made["parameters"] = parameters
    if each.body is not None:
        made["requestBody"] = {"required": not each.body_optional, "content": {JSON: {"schema": types[id(each.body)]}}}
    made["responses"] = _responses(each, types)
    return made


def _in_path(each: Operation) -> Iterator[dict[str, Any]]:
    for name, pattern in _PARAMETER.findall(each.path):
        schema = {"type": "string", **({"pattern": f"^{pattern}$"} if pattern else {"minLength": 1})}
        told = {"description": each.named[name]} if name in each.named else {}
        yield {"name": name, "in": "path", "required": True, **told, "schema": schema}


def _in_query(
    model: type[BaseModel] | None, types: Mapping[int, Any], components: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    if model is None:
        return
    schema = types[id(model)]
    if "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    for name, each in schema["properties"].items():
        told = {"description": each["description"]} if "description" in each else {}
        inner = {key: value for key, value in each.items() if key not in {"title", "description"}}
        yield {"name": name, "in": "query", "required": name in schema.get("required", ()), **told, "schema": inner}


def _responses(each: Operation, types: Mapping[int, Any]) -> dict[str, Any]:
    made: dict[int, Any] = {}
    content: dict[str, Any] = {each.media: {}}
    if each.media == EVENT_STREAM:
        events = {**{name: types[id(kind)] for name, kind in each.events.items()}, **OF_STREAMS}
        content = {EVENT_STREAM: {"schema": {"type": "string"}, "x-events": events}}
    elif each.answer is not None:
        content = {each.media: {"schema": types[id(each.answer)]}}
    made[each.status] = {"description": HTTPStatus(each.status).phrase, "content": content}
    for status, words in each.declines:
        made[status] = {"description": words, "content": content}
    told = dict(each.refusals)
    always = dict((*ALWAYS, *(WITH_BODY if each.body else ()), *(WITH_PATH if "{" in each.path else ())))
    for status in sorted({*always, *told} - set(made)):
        if status in told and told[status] != always.get(status):
            made[status] = _problem(status, told[status])
        else:
            made[status] = {"$ref": f"#/components/responses/{status}"}
    return {str(status): made[status] for status in sorted(made)}


def _problem(status: int, words: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "description": words,
        "content": {PROBLEM: {"schema": {"$ref": _REFERENCE.format(model=Problem.__name__)}}},
    }
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        made["headers"] = {"Retry-After": {"description": "seconds", "schema": {"type": "integer", "minimum": 1}}}
    if status == HTTPStatus.UNAUTHORIZED:
        made["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return made


_ATTRIBUTES: Final = re.compile(r"\s*\n\s*Attributes:\n(.*)", re.DOTALL)
_ATTRIBUTE: Final = re.compile(r"(\w+(?:, \w+)*): (.*)")


def _tell_properties(schema: dict[str, Any]) -> None:
    """Give properties the words that the docstring of their class has for them, and take these out of its own."""
    found = _ATTRIBUTES.search(schema.get("description", ""))
    if found is None:
        return
    schema["description"] = schema["description"][: found.start()].strip()
    lines, told = found[1].split("\n"), dict[str, str]()
    least = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    names: list[str] = []
    for line in lines:
        begun = _ATTRIBUTE.fullmatch(line[least:])
        if begun is not None:
            names = begun[1].split(", ")
            told.update(dict.fromkeys(names, begun[2]))
        elif line.strip():
            told.update({name: f"{told[name]} {line.strip()}" for name in names})
        else:
            break
    for name, words in told.items():
        each = schema.get("properties", {}).get(name)
        if each is not None and "description" not in each:
            each["description"] = words
