"""Sound files that a PABX on this machine lacks. The manager interface tells nobody whether a file is there."""

from collections.abc import Iterator, Sequence
from pathlib import Path as Folder
from typing import Final

from ccrouter.config.document import Document, Path
from ccrouter.config.models import RoutingFile
from ccrouter.config.problems import Problem

USUAL: Final = (Folder("/usr/share/asterisk/sounds"), Folder("/var/lib/asterisk/sounds"))
"""Where Asterisk's packages and its own installation put sounds."""


def usual_folders() -> tuple[Folder, ...]:
    """Return the usual folders of sounds that are on this machine."""
    return tuple(folder for folder in USUAL if folder.is_dir())


def missing_sounds(document: Document, written: RoutingFile, folders: Sequence[Folder]) -> Iterator[Problem]:
    """Yield the sound files of a good routing file that are in none of these folders, in no language and no format."""
    for path, file in _named(written) if folders else ():
        if not any(_is_there(folder, file) for folder in folders):
            where = " or ".join(str(folder) for folder in folders)
            message = f"there is no sound file `{file}` in {where}: its callers would hear a tone and no more"
            cure = f"Put it there, in any language and format ({folders[0]}/LANGUAGE/{file}.wav), or mend the name"
            yield document.problem(path, "M161", message, cure)


def _named(written: RoutingFile) -> Iterator[tuple[Path, str]]:
    for name, message in written.messages.items():
        if message.play is not None:
            yield ("messages", name, "play"), message.play
    for section, treated in (("numbers", written.numbers), ("services", written.services)):
        for name, each in treated.items():
            if each.announcement:
                yield (section, name, "announcement"), each.announcement


def _is_there(folder: Folder, file: str) -> bool:
    """Tell whether a file is there: below the folder of a language, in the folder itself, or with the language last."""
    inside, name = folder / Folder(file).parent, Folder(file).name
    places = [inside, *(each / Folder(file).parent for each in _folders(folder)), *_folders(inside)]
    return any(found.is_file() for place in places for found in _with_ending(place, name))


def _folders(folder: Folder) -> list[Folder]:
    return [each for each in folder.iterdir() if each.is_dir()] if folder.is_dir() else []


def _with_ending(folder: Folder, name: str) -> Iterator[Folder]:
    if folder.is_dir():
        yield from (each for each in folder.iterdir() if each.name.rpartition(".")[0] == name)
