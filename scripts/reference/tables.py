"""Tables of the keys of a file, from its JSON Schema: the words that an editor shows are those of the reference."""

import re
from collections.abc import Iterable
from typing import Any, Final

from ccrouter.config.conditions import When
from ccrouter.config.schema import FILES, schema_of

Schema = dict[str, Any]

_LEVELS: Final = ("at_least", "at_most", "until_below", "until_above", "for")
_NEEDS_QUOTES: Final = re.compile(r"\+?[\d ]+|(?!\d{4}-).*[:#,\[\]{}].*")


class Reference:
    """The tables of one file."""

    def __init__(self, file: str) -> None:
        """Take the name of a file's schema: routing, settings, cases."""
        self._top: Schema = schema_of(FILES[file])

    def keys(self, name: str) -> str:
        """Return the table of the keys of a mapping, by the name of its model; `File` is that of the whole file."""
        mapping = self._top if name == "File" else self._mapping(self._top["$defs"][name])
        required = mapping.get("required", ())
        rows = (
            (f"`{key}`", self._kind(each) + ", mandatory" * (key in required) + _default(each), _meaning(each))
            for key, each in mapping["properties"].items()
        )
        return _table(("key", "value", ""), rows)

    def conditions(self) -> str:
        """Return the table of conditions that are no measures, as they are written."""
        rows = (
            (", ".join(f"`{key}: {written(example)}`" for example in each["examples"]), each["description"])
            for key, each in self._conditions()
            if not self._is_measure(each) and "examples" in each
        )
        return _table(("condition", "holds when"), rows)

    def measures(self) -> str:
        """Return the table of measures: of what, and in which unit."""
        rows = []
        for key, each in self._conditions():
            if self._is_measure(each):
                mapping = self._mapping(each)
                of = [name for name in mapping["properties"] if name not in _LEVELS]
                kind = self._kind(mapping["properties"]["at_least"])
                rows.append((f"`{key}`", ", ".join(f"`{name}`" for name in of), kind, each["description"]))
        return _table(("measure", "of", "level", "value"), rows)

    def _conditions(self) -> Iterable[tuple[str, Schema]]:
        properties: dict[str, Schema] = self._top["$defs"][When.__name__]["properties"]
        return properties.items()

    def _is_measure(self, schema: Schema) -> bool:
        return "at_least" in self._mapping(schema).get("properties", {})

    def _mapping(self, schema: Schema) -> Schema:
        """Return the form of a schema that is a mapping, or the schema itself where it has none."""
        if "$ref" in schema:
            return self._mapping(self._top["$defs"][schema["$ref"].rpartition("/")[2]])
        forms = [self._mapping(each) for each in schema.get("anyOf", ())]
        return next((form for form in forms if "properties" in form), schema)

    def _kind(self, schema: Schema) -> str:  # noqa: PLR0911 - a line for each form
        """Return in a word or two what is written as a value."""
        match schema:
            case {"$ref": str(ref)}:
                return self._kind(self._top["$defs"][ref.rpartition("/")[2]])
            case {"enum": [*words]}:
                *first, last = (f"`{word}`" for word in words)
                return f"{', '.join(first)} or {last}"
            case {"const": word}:
                return f"`{word}`"
            case {"title": str(title)}:
                return title
            case {"properties": _}:
                return "mapping"
            case {"anyOf": [one, {"type": "array"}]}:
                return f"{self._kind(one)}, or a list"
            case {"anyOf": [*forms]} | {"oneOf": [*forms]}:
                return ", or ".join(dict.fromkeys(map(self._kind, forms)))
            case {"type": "array", "items": each}:
                return f"list of {self._kind(each)}s"
            case {"additionalProperties": each, "propertyNames": {"title": name}}:
                return f"by {name}: {self._kind(each)}"
            case _:
                return "anything"


def written(value: object) -> str:
    """Return a value as one writes it in the file, on one line."""
    match value:
        case dict():
            return f"{{{', '.join(f'{written(key)}: {written(each)}' for key, each in value.items())}}}"
        case list():
            return f"[{', '.join(map(written, value))}]"
        case str() if _NEEDS_QUOTES.fullmatch(value):
            return f'"{value}"'
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def _default(schema: Schema) -> str:
    return f", by default `{written(schema['default'])}`" if "default" in schema else ""


def _meaning(schema: Schema) -> str:
    shown = [f"`{written(example)}`" for example in schema.get("examples", ())]
    return f"{schema['description']}{': ' if shown else ''}{', '.join(shown)}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(row)} |".replace("  ", " ") for row in (head, *rows)]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:]])
