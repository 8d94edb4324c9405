"""What is left of a file once its faulty pieces are taken out, so that the names in the rest can be checked, too.

Whoever mends a file wants to hear of all that is wrong with it at once. A faulty value is replaced by one that says
nothing, or it is left out with as little as possible around it; what was touched is remembered, and nothing is said of
what only follows from that.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ccrouter.config.document import Document, Losses, Path, Text, Value
from ccrouter.config.problems import nearest
from ccrouter.config.shape import Context, path_of

MOST_PASSES: Final = 12
"""A piece that is left out can make what is around it faulty, level by level."""

_COUNTS: Final = frozenset({"waiting", "ready", "logged_in", "site_calls", "free_lines", "call_rate", "share"})
_TIMES: Final = frozenset({"longest_wait", "estimated_wait"})
_SHARES: Final = frozenset({"occupancy", "service_level"})
_LEVELS: Final = frozenset({"at_least", "at_most"})

_STAND_INS: Final = {
    "timezone": "UTC",
    "max_wait": "1min",
    "answer_within": "1min",
    "answered_within": "1min",
    "target": "80%",
    "name": "unnamed",
}

Model = TypeVar("Model", bound=BaseModel)


def salvage(document: Document, model: type[Model]) -> tuple[Document, Model] | None:
    """Return the rest of a document that is no `model` as it stands, with the model; None where too little is left.

    The rest knows where each piece stood, and takes its problems down with those of the whole.
    """
    repair = _Repair()
    for _ in range(MOST_PASSES):
        origin: dict[Path, Path] = {}
        value = repair.built(document.value, (), (), origin)
        context = Context()
        try:
            found = model.model_validate(value, context=context)
        except ValidationError as error:
            rest = Document(document.file, value, {}, {})
            if not all(repair.mend(rest, each, context, origin) for each in error.errors(include_url=False)):
                return None
        else:
            losses = Losses(frozenset(repair.touched), frozenset(repair.strange), origin)
            return document.without(value, losses), found
    return None


@dataclass(slots=True)
class _Repair:
    """What is done to a file, by paths of the file as it was."""

    out: set[Path] = field(default_factory=set)
    instead: dict[Path, Value] = field(default_factory=dict)
    renamed: dict[Path, str] = field(default_factory=dict)
    added: dict[Path, dict[str, Value]] = field(default_factory=dict)
    strange: set[Path] = field(default_factory=set)

    @property
    def touched(self) -> Iterator[Path]:
        """Yield the paths of all that is not as the file has it; what has another name only is."""
        yield from (*self.out, *self.instead)
        yield from ((*path, key) for path, keys in self.added.items() for key in keys)

    def built(self, value: Value, old: Path, new: Path, origin: dict[Path, Path]) -> Value:
        """Return a piece of the file with all that was done to it; `origin` takes where each piece comes from."""
        origin[new] = old
        if old in self.instead:
            return self.instead[old]
        if isinstance(value, list):
            kept = [(i, each) for i, each in enumerate(value) if (*old, i) not in self.out]
            return [self.built(each, (*old, i), (*new, at), origin) for at, (i, each) in enumerate(kept)]
        if isinstance(value, dict):
            mapping: dict[Text, Value] = {}
            for key, each in value.items():
                if (*old, key) not in self.out:
                    name = self.renamed.get((*old, key), key)
                    called = Text(name, plain=key.plain)
                    mapping[called] = self.built(each, (*old, key), (*new, called), origin)
            for name, each in self.added.get(old, {}).items():
                mapping.setdefault(Text(name, plain=True), each)
            return mapping
        return value

    def mend(self, rest: Document, error: ErrorDetails, context: Context, origin: Mapping[Path, Path]) -> bool:
        """Do something about one finding; tell whether there is something to do."""
        path, key = path_of(error), False
        if path[-1:] == ("[key]",):
            path, key = path[:-1], True
        elif error["type"] == "refused":
            path = (*path, *error.get("ctx", {}).get("at", ()))
        path = rest.as_written(path)
        if error["type"] == "missing":
            return self._add(rest, path, origin)
        if error["type"] == "extra_forbidden" and path in origin:
            meant = nearest(str(path[-1]), context.keys_of(rest.get(path[:-1])))
            if meant is not None and rest.get((*path[:-1], meant)) is None:
                self.renamed[origin[path]] = meant
                return True
            key = True
        while path not in origin:
            path = path[:-1]
        old = origin[path]
        stand_in = self._stand_in(rest, old)
        if key or stand_in is None or old in self.instead:
            if key:
                self.strange.add(old)
            return self._leave_out(path, origin)
        self.instead[old] = stand_in
        return True

    def _add(self, rest: Document, path: Path, origin: Mapping[Path, Path]) -> bool:
        parent = path[:-1]
        if parent not in origin:
            return self._leave_out(parent, origin)
        stand_in = self._stand_in(rest, (*origin[parent], path[-1]))
        if stand_in is None or not isinstance(rest.get(parent), dict):
            return self._leave_out(parent, origin)
        self.added.setdefault(origin[parent], {})[str(path[-1])] = stand_in
        return True

    def _leave_out(self, path: Path, origin: Mapping[Path, Path]) -> bool:
        while path not in origin:
            path = path[:-1]
        if not path:
            return False
        old = origin[path]
        self.instead.pop(old, None)
        self.out.add(old)
        if isinstance(path[-1], int):  # an item of a list has no name of its own
            self.strange.add(old)
        return True

    def _stand_in(self, rest: Document, path: Path) -> Value | None:
        key, around = str(path[-1]) if path else "", path[-2] if len(path) > 1 else ""
        if key in _STAND_INS:
            return Text(_STAND_INS[key], plain=True)
        if key in _LEVELS or around == "share":
            unit = {"": _COUNTS, "min": _TIMES, "%": _SHARES}
            return next((Text(f"1{sign}", plain=True) for sign, measures in unit.items() if around in measures), None)
        if key in {"to", "otherwise"}:
            last = next(iter(_names(rest, "messages") or _names(rest, "sites")), None)
            return None if last is None else [last]
        if path == ("numbers",):
            service = next(iter(_names(rest, "services")), None)
            return None if service is None else {Text("112", plain=False): {Text("service", plain=True): service}}
        return None


def _names(document: Document, section: str) -> list[Text]:
    value = document.get((section,))
    return list(value) if isinstance(value, dict) else []
