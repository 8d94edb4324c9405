"""Which kind of file a file is, by its keys; where these leave it open, by what they are like, or by its name."""

from collections.abc import Collection
from pathlib import Path
from typing import Final, Literal

from ccrouter.config.document import Document, Value
from ccrouter.config.models import RoutingFile
from ccrouter.config.problems import nearest

Kind = Literal["routing", "settings", "cases", "tokens", ""]

_OF_SETTINGS: Final = frozenset({"pabxs", "routing", "state_dir", "control", "agi", "http"})
_OF_A_TOKEN: Final = frozenset({"role", "sha256"})


def kind_of(document: Document, file: Path) -> Kind:
    """Return what a file that was read is to be checked as: a routing file, unless something speaks against it."""
    keys = {str(key) for key in document.value} if isinstance(document.value, dict) else set[str]()
    if "cases" in keys:
        return "cases"
    if "tokens" in keys:
        return "tokens"
    if keys & _OF_SETTINGS:
        return "settings"
    if keys & RoutingFile.model_fields.keys():
        return "routing"
    if bare_tokens(document.value):
        return "tokens"
    return kind_named(file) or _kind_like(keys)


def kind_named(file: Path) -> Kind:
    """Return the kind that the name of a file tells; empty where it tells none."""
    match file.stem:
        case "tokens":
            return "tokens"
        case "settings":
            return "settings"
        case _:
            return ""


def bare_tokens(value: Value) -> bool:
    """Tell whether a file has lines of tokens, and no `tokens:` above them."""
    return isinstance(value, dict) and any(
        isinstance(each, dict) and not _OF_A_TOKEN.isdisjoint(map(str, each)) for each in value.values()
    )


def _kind_like(keys: Collection[str]) -> Kind:
    """Return what most of these keys, none of which is known, are like."""
    from ccrouter.config.settings_file import SettingsFile  # noqa: PLC0415 - who asks a routing file needs no such models

    like = {
        kind: sum(nearest(key, model.model_fields, cutoff=0.75) is not None for key in keys)
        for kind, model in (("settings", SettingsFile), ("routing", RoutingFile))
    }
    return "settings" if like["settings"] > like["routing"] else "routing"
