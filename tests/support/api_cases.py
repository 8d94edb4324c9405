"""Requests to the API made from its own description, and what each answer must be."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import schemathesis
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

Described = APIOperation[Any, Any, Any, Any]
Request = Case[Any]

DESCRIPTION: Final = Path(__file__).parents[2] / "docs" / "openapi.json"

CHECKS: Final = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
"""No fault of the server's own, and each answer is one that the description has for its status."""

KNOWN: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "modes": {"name": ("crisis",)},
    "sites": {"name": ("tunis", "desk")},
    "positions": {"technology": ("PJSIP",), "name": ("101",), "queue": ("support",)},
    "journal": {"uniqueid": ("1795297266.0", "1795297266.1")},
    "waiting": {"uniqueid": ("1795297266.1",)},
    "versions": {"number": ("1",)},
}
"""What is there, by the first part of the path: drawn names alone would all be answered by 404."""


@cache
def drawn_operations() -> tuple[Described, ...]:
    """Return the operations that have an end: a stream has none."""
    described = json.loads(DESCRIPTION.read_text("utf-8"))
    # A token is shown by whoever asks; drawn ones would all be answered by 401.
    del described["security"], described["components"]["securitySchemes"]
    for path in described["paths"].values():
        for each in path.values():
            del each["security"]
    made = []
    for found in schemathesis.openapi.from_dict(described).get_all_operations():
        assert isinstance(found, Ok)
        made.append(found.ok())
    return tuple(each for each in made if "text/event-stream" not in str(each.definition.raw["responses"]["200"]))


_EVERY_OTHER: Final = st.booleans()


@st.composite
def cases(draw: st.DrawFn, operation: Described, mode: GenerationMode) -> Request:
    """Return a request, as described or otherwise; every other time about something that is there."""
    case: Request = draw(operation.as_strategy(generation_mode=mode))
    known: Mapping[str, Sequence[str]] = KNOWN.get(operation.path.split("/")[1], {})
    about_known = draw(_EVERY_OTHER)
    if about_known:
        for name in case.path_parameters:
            if name in known:
                case.path_parameters[name] = draw(st.sampled_from(known[name]))
    return case


def tries() -> list[tuple[Described, GenerationMode]]:
    """Return each operation with each way to ask for it: wrongly only where something can be wrong."""
    return [
        (each, mode)
        for each in drawn_operations()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        if mode is GenerationMode.POSITIVE or len(each.body) or len(each.query)
    ]


def all_cases() -> st.SearchStrategy[Request]:
    """Return a strategy for requests to any operation."""
    return st.one_of([cases(each, mode) for each, mode in tries()])
