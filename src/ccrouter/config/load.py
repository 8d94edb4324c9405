"""Load the two files: the same way for the daemon, for a reload and for `check`."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ccrouter.config.compile import compile_routing
from ccrouter.config.document import Document
from ccrouter.config.models import RoutingFile
from ccrouter.config.problems import Problem, RefusedFileError
from ccrouter.config.salvage import salvage
from ccrouter.config.shape import shape
from ccrouter.config.yaml import read
from ccrouter.config.yaml_faults import MAX_BYTES
from ccrouter.routing.rules import Rules

if TYPE_CHECKING:
    from ccrouter.config.settings import Settings


def load_routing(path: Path | str) -> Rules:
    """Return the compiled rules of a routing file.

    Raises:
        RefusedFileError: it can't be used; the error holds every problem found.

    """
    return compile_text(read_file(Path(path)), str(path))


@dataclass(frozen=True, slots=True)
class Loaded:
    """A good routing file: as it stands, as it is meant, and what it is compiled to."""

    document: Document
    written: RoutingFile
    rules: Rules


def compile_text(data: bytes, file: str) -> Rules:
    """Return the compiled rules of a routing file that was read already; `file` names it in messages.

    Raises:
        RefusedFileError: it can't be used; the error holds every problem found.

    """
    return load_text(data, file).rules


def load_text(data: bytes, file: str) -> Loaded:
    """Return a routing file with its compiled rules.

    Raises:
        RefusedFileError: it can't be used; the error holds every problem found, those of names in the rest, too.

    """
    return load_document(read(data, file), data)


def load_document(document: Document, data: bytes) -> Loaded:
    """Return a routing file that was read, with its compiled rules; `data` is what was read.

    Raises:
        RefusedFileError: it can't be used; the error holds every problem found, those of names in the rest, too.

    """
    version = hashlib.sha256(data).hexdigest()[:12]
    try:
        written = shape(document, RoutingFile)
    except RefusedFileError:
        rest = salvage(document, RoutingFile)
        if rest is None:
            raise RefusedFileError(document.problems, whole=False) from None
        compile_routing(*rest, version)  # raises, with all problems
        raise
    return Loaded(document, written, compile_routing(document, written, version))


def load_settings(path: Path | str, environment: Mapping[str, str] = os.environ) -> "Settings":
    """Return the settings of a file, with its secrets.

    Raises:
        RefusedFileError: they can't be used; the error holds every problem found.

    """
    from ccrouter.config.settings import compile_settings  # noqa: PLC0415 - who asks a routing file needs no such models

    return compile_settings(read_file(Path(path)), Path(path), environment)


def routing_named_by(path: Path) -> Path:
    """Return the absolute path of the routing file that a settings file names; no secret is looked at.

    Raises:
        RefusedFileError: the settings are not well-formed.

    """
    from ccrouter.config.settings_file import SettingsFile  # noqa: PLC0415 - who asks a routing file needs no such models

    written = shape(read(read_file(path), str(path)), SettingsFile)
    return path.absolute().parent / written.routing


def read_file(path: Path) -> bytes:
    """Return the content of a file, or a little more than the most that is accepted.

    Raises:
        RefusedFileError: it can't be read.

    """
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: OSError) -> RefusedFileError:
    """Return what is told of a file that the system does not let us read."""
    why = error.strerror or str(error)
    cure = "Check the path, and that the user who runs ccrouter may read it"
    return RefusedFileError([Problem(str(path), 1, 1, "Y101", f"the file can't be read: {why}", cure)])
