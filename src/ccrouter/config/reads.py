"""How a value is read from a text of the file, and what an editor may know of such texts."""

from collections.abc import Callable
from typing import Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from ccrouter.config.document import Text


class Reads:
    """Marks a type by what reads it; `schema` is JSON Schema for the text that is read, a string unless it says so.

    Its `title` is the name of the kind in the reference: "time", "percentage".
    """

    def __init__(self, read: Callable[[object], object], title: str, **schema: object) -> None:
        self._read = read
        self._schema: JsonSchemaValue = {"title": title, **({} if "enum" in schema else {"type": "string"}), **schema}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        """Read, then check the type."""
        return core_schema.no_info_before_validator_function(self._read, handler(source))

    def __get_pydantic_json_schema__(self, _: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return a copy: pydantic adds to it what the field says."""
        return dict(self._schema)


class _OneOrMore:
    """Lets a single thing stand for a list of one."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        """Make a list of what is none, then check it."""
        return core_schema.no_info_before_validator_function(_as_list, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return both forms."""
        several = handler(schema)
        return {"anyOf": [several["items"], several]}


OneOrMore: Final = _OneOrMore()


def _as_list(value: Any) -> Any:  # noqa: ANN401 - whatever the file holds
    return [value] if isinstance(value, Text | dict) and value != "" else value
