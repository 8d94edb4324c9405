"""From a document to a checked model: pydantic's findings, told in the words of the file and at their place."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, model_validator
from pydantic.config import JsonDict
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import ErrorDetails

from ccrouter.config.cures import filled, missing
from ccrouter.config.document import Document, Path, Text
from ccrouter.config.problems import RefusedFileError, nearest, suggest
from ccrouter.config.values import fail


@dataclass(slots=True)
class Context:
    """What a validation hands along: what each mapping of the file was taken for, by its identity."""

    models: dict[int, type[BaseModel]] = field(default_factory=dict)

    def keys_of(self, mapping: object) -> list[str]:
        """Return the keys that a mapping of the file may have."""
        model = self.models.get(id(mapping), BaseModel)
        return [known.alias or name for name, known in model.model_fields.items()]


class Strict(BaseModel):
    """A mapping of the file, with the keys that it may have and no others."""

    # Deferred, the models of a file are built once, as parts of the whole, and those of other files not at all.
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, arbitrary_types_allowed=True, defer_build=True)

    short: ClassVar[str] = ""
    """The key that is meant where a text alone stands for the mapping; empty where none may."""

    instead: ClassVar[str] = ""
    """How to write it where somebody gave the level alone, or the name alone; empty where that means nothing."""

    @classmethod
    def forms(cls, whole: JsonSchemaValue) -> list[JsonSchemaValue]:
        """Return the forms in which it can be written, as JSON Schema; `whole` is that of the mapping."""
        return [whole["properties"][cls.short], whole] if cls.short else [whole]

    @model_validator(mode="before")
    @classmethod
    def _is_mapping(cls, data: object, info: ValidationInfo) -> object:
        if isinstance(data, Text) and not data:
            fail("K103", "nothing stands here", "Write what belongs here, or remove the key")
        if cls.short and isinstance(data, Text):
            data = {Text(cls.short, plain=True): data}
        if cls.instead and isinstance(data, Text):
            level, name = (data, None) if data[0].isdigit() else ("5", data)
            cure = re.sub("<level>", level, cls.instead)
            cure = cure if name is None else re.sub("<[a-z]+>", name, cure)
            fail(
                "L109", f"`{data[:60]}` alone is no condition: it takes a level, and what is measured", f"Write {cure}"
            )
        if not isinstance(data, dict):
            what = "a list" if isinstance(data, list) else f"`{str(data)[:60]}`"
            fail(
                "K104",
                f"`key: value` lines are expected here, not {what}",
                "Write each key on a line of its own, indented",
            )
        if isinstance(info.context, Context):
            info.context.models[id(data)] = cls
        return data


AS_LIST: Final = "[list]"
AS_MAPPING: Final = "[mapping]"
"""Tags of the two forms that one value may have; pydantic puts them into paths, where the file has no such step."""


def path_of(error: ErrorDetails) -> Path:
    """Return where in the file a finding is; `[key]` at its end stands for the key, not the value."""
    return tuple(step for step in error["loc"] if step not in {AS_LIST, AS_MAPPING})


def one_of(*keys: str) -> JsonDict:
    """Return what an editor may know of a mapping that has exactly one of these keys."""
    return {"oneOf": [{"required": [key]} for key in keys]}


_TOLD: Final[Mapping[str, tuple[str, str, str]]] = {
    "list_type": ("K105", "a list is expected here", "Write it as [one, two], or one `- ` line for each"),
    "dict_type": ("K104", "`name: value` lines are expected here", "Write each name on a line of its own, indented"),
    "too_short": ("K108", "there is nothing in it", "Write at least one entry"),
}

Model = TypeVar("Model", bound=BaseModel)


def shape(document: Document, model: type[Model]) -> Model:
    """Return the document as a model.

    Raises:
        RefusedFileError: it can't be one; the error holds what was found wrong before, too.

    """
    context = Context()
    try:
        return model.model_validate(document.value, context=context)
    except ValidationError as error:
        meant = set[Path]()
        for found in sorted(error.errors(include_url=False), key=lambda found: found["type"] == "missing"):
            if found["type"] != "missing" or path_of(found) not in meant:
                _blame(document, found, context, meant)
        raise RefusedFileError(document.problems, whole=False) from None


def _blame(document: Document, error: ErrorDetails, context: Context, meant: set[Path]) -> None:
    """Note one finding; `meant` takes the keys that unknown ones probably stand for."""
    path, key = path_of(error), False
    if path and path[-1] == "[key]":
        path, key = path[:-1], True
    details: dict[str, Any] = error.get("ctx", {})
    if error["type"] == "refused":
        path = document.as_written((*path, *details["at"]))
        offset, hidden = details["offset"], details["hidden"]
        cure = filled(document, details["cure"]) if details["code"] == "L109" else details["cure"]
        document.blame(path, details["code"], details["message"], cure, key=key, offset=offset, hidden=hidden)
    elif error["type"] == "missing":
        message = f"`{path[-1]}` is missing{_where(path)}"
        document.blame(path[:-1], "K102", message, missing(document, str(path[-1])), key=True)
    elif error["type"] == "extra_forbidden":
        path = document.as_written(path)
        known = context.keys_of(document.get(path[:-1]))
        before, colon, after = str(path[-1]).partition(":")
        if colon and before in known:
            meant.add((*path[:-1], before))
            cure = f"Write `{before}: {after}`"
            document.blame(path, "Y125", "a space is missing after the `:`", cure, key=True, offset=len(before))
            return
        load = document.get((*path[:-1], "load"))
        if "load" in known and "=" in str(path[-1]) and isinstance(load, Text):
            cure = f'Write it in quotes: load: "{load},{path[-1]}"'
            document.blame(path, "K101", f"`{path[-1]}` stands behind a `,`, which ends the load", cure, key=True)
            return
        meant.add((*path[:-1], nearest(str(path[-1]), known) or ""))
        document.blame(path, "K101", f"`{path[-1]}` is not known here", suggest(str(path[-1]), known), key=True)
    else:
        value = document.get(path)
        code, message, cure = _TOLD.get(
            error["type"], ("K106", error["msg"], "Compare with the reference in docs/routing.md")
        )
        if isinstance(value, Text) and not value:
            code, message, cure = "K103", "nothing stands here", "Write what belongs here, or remove the key"
        document.blame(path, code, message, cure, key=key)


def _where(path: Path) -> str:
    parents = [str(step) for step in path[:-1] if isinstance(step, str)]
    return f" in `{parents[-1]}`" if parents else ""
