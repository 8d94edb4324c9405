"""What is wrong with the fields that a client gave, in words: which field, what is expected there, which there are."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

ONE_LINE: Final = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]*$"
"""A text for people: on one line, without signs that steer a terminal."""

_KINDS: Final[Mapping[object, str]] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
}

_WORDS: Final[Mapping[str, str]] = {
    "bool_parsing": "it must be true or false",
    "bool_type": "it must be true or false",
    "float_parsing": "it must be a number",
    "float_type": "it must be a number",
    "greater_than": "it must be greater than {gt:.15g}",
    "greater_than_equal": "it must be {ge:.15g} or more",
    "int_from_float": "it must be a whole number",
    "int_parsing": "it must be a whole number",
    "int_type": "it must be a whole number",
    "less_than_equal": "it must be {le:.15g} or less",
    "list_type": 'it must be a list: ["...", "..."]',
    "string_pattern_mismatch": "it must be on one line, without signs that steer a terminal",
    "string_too_long": "it must have {max_length} signs at most",
    "string_too_short": "it must not be empty",
    "string_type": "it must be a text in quotes",
    "too_long": "it must have {max_length} entries at most",
    "too_short": "it must have {min_length} entry at least",
    "value_error": "{error}",
}


def fault(error: ValidationError, model: type[BaseModel], unsaid: Collection[str] = ()) -> str:
    """Return the first fault of what should have been this model, without anything that the client wrote there.

    Nothing is said of the fields `unsaid`, which this client may not give.
    """
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "body"
    return f"{place}: {_words(first, model, unsaid)}"


def _words(first: ErrorDetails, model: type[BaseModel], unsaid: Collection[str]) -> str:
    context: dict[str, Any] = first.get("ctx", {})
    known = [field.alias or name for name, field in model.model_fields.items() if name not in unsaid]
    match first["type"]:
        case "missing":
            name = str(first["loc"][-1])
            said = f"it is missing, and must be {_expected(model, name)}"
        case "extra_forbidden":
            near = get_close_matches(str(first["loc"][-1]), known, n=1)
            return f"there is no such field; {f'did you mean `{near[0]}`? ' if near else ''}{_listed(known)}"
        case "model_type" | "model_attributes_type":
            said = "it must be a JSON object, {...}"
        case "json_invalid":
            said = f"it is no JSON ({context.get('error', 'unreadable')})"
        case "string_pattern_mismatch" if context["pattern"] != ONE_LINE:
            return f"it must be {_described(model, str(first['loc'][0]))}"
        case kind:
            return _WORDS.get(kind, "it is not what is expected here").format_map(context)
    return f"{said}; {_listed(known)}"


def _expected(model: type[BaseModel], name: str) -> str:
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    return _KINDS.get(fields[name].annotation, "a list of texts")


def _described(model: type[BaseModel], name: str) -> str:
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    return fields[name].description or "written otherwise"


def _listed(known: list[str]) -> str:
    return f"fields here: {', '.join(f'`{each}`' for each in known)}"
