"""JSON Schema of the files, for editors that complete keys and tell what is wrong while an admin types.

It knows less than `ccrouter check`: no schema sees which names exist, what has quotes, and which rules can be reached.
"""

import json
from collections.abc import Iterator, Mapping
from inspect import get_annotations
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from ccrouter.config.cases import CaseFile
from ccrouter.config.models import RoutingFile
from ccrouter.config.settings_file import SettingsFile
from ccrouter.config.shape import Strict

DIALECT: Final = GenerateJsonSchema.schema_dialect


FILES: Final[Mapping[str, type[Strict]]] = MappingProxyType(
    {"routing": RoutingFile, "settings": SettingsFile, "cases": CaseFile}
)
"""The files that people write, by the name of their schema."""


def schema_text(file: str) -> str:
    """Return the JSON Schema of one of FILES as it is printed and kept."""
    return f"{json.dumps(schema_of(FILES[file]), indent=2, ensure_ascii=False)}\n"


def schema_of(model: type[BaseModel]) -> JsonSchemaValue:
    """Return the JSON Schema (draft 2020-12) of the texts that a file of this model is made of."""
    found = model.model_json_schema(schema_generator=_AsWritten)
    return {"$schema": DIALECT, **found}


class _AsWritten(GenerateJsonSchema):
    """Tells of values as they stand in the file, where `null` is never one."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Return the schema of what is there when it is there."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Return the schema with the default as one would write it; empty ones, and those of whole mappings, go."""
        found = super().default_schema(schema)
        default = found.pop("default", None)
        if isinstance(default, int) and found.get("title") == "time":
            default = _time(default)
        return found if default in (None, "") or isinstance(default, dict) else {**found, "default": default}

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Return the forms in which a mapping can be written."""
        found = super().model_schema(schema)
        found.pop("title", None)
        model: type[BaseModel] = schema["cls"]
        properties = found.get("properties", {})
        found["properties"] = {key: properties[key] for key in _own_first(model) if key in properties}
        forms = model.forms(found) if issubclass(model, Strict) else [found]
        return found if forms == [found] else {"anyOf": forms}

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Return a schema that refuses keys which are no names, where pydantic's would let them pass unseen."""
        found: dict[str, Any] = {"type": "object", "additionalProperties": self.generate_inner(schema["values_schema"])}
        found["propertyNames"] = self.generate_inner(schema["keys_schema"])
        return found | ({"minProperties": schema["min_length"]} if "min_length" in schema else {})

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:  # noqa: ARG002
        """Keep the order of the models, which is that of a file."""
        return value

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002
        """Let no field be titled after its key."""
        return False


def _own_first(model: type[BaseModel]) -> Iterator[str]:
    """Yield the keys of a mapping: its own ones before those that it shares with others."""
    for each in model.__mro__:
        for name in get_annotations(each):
            if name in model.model_fields:
                yield model.model_fields[name].alias or name


def _time(seconds: int) -> str:
    """Return a length of time as one would write it."""
    size, unit = next((size, unit) for size, unit in ((3600, "h"), (60, "min"), (1, "s")) if seconds % size == 0)
    return f"{seconds // size}{unit}"
