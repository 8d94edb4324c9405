"""What a settings file names outside itself: secrets, files, folders."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path as File
from typing import Final

from pydantic import SecretStr

from ccrouter.config.document import Document, Path

LARGEST_SECRET: Final = 512
"""Signs; Asterisk refuses a line of about 1,000."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a settings file is looked at.

    Attributes:
        document: takes down what is wrong.
        folder: where relative paths begin.
        environment: variables that may hold secrets.
        elsewhere: the daemon may run on another machine, or as another user: what is missing here is a note.

    """

    document: Document
    folder: File
    environment: Mapping[str, str]
    elsewhere: bool = False

    def secret(self, env: str | None, file: File | None, path: Path) -> SecretStr:
        """Return the secret that an environment variable or a file holds; empty where a problem was noted."""
        if env is not None:
            where, source = (*path, "env"), f"the environment variable {env}"
            found = self.environment.get(env)
            if found is None:
                cure = "Set it for the user who runs ccrouter"
                self.document.blame(where, "S103", f"{source} is not set", cure, forgiven=self.elsewhere)
        else:
            where, source = (*path, "file"), f"the file {self.folder / (file or '')}"
            found = self._secret_in(self.folder / (file or ""), where)
        if found is None:
            return SecretStr("")
        if not 0 < len(found) <= LARGEST_SECRET or not found.isprintable():
            cure = f"It must hold the secret alone, on one line of at most {LARGEST_SECRET} signs, in UTF-8"
            self.document.blame(where, "S105", f"{source} holds no secret", cure)
        return SecretStr(found)

    def file(self, written: File, path: Path) -> File:
        """Return the absolute path of a file that must be there."""
        file = self.folder / written
        if not file.is_file():
            self.document.blame(path, "S107", f"there is no file {file}", "Check the path", forgiven=self.elsewhere)
        return file

    def closed_file(self, written: File, path: Path) -> File:
        """Return the absolute path of a file that must be there, and that not everybody may touch."""
        file = self.file(written, path)
        try:
            mode = stat.S_IMODE(file.stat().st_mode)
        except OSError:
            return file
        if mode & 0o007:
            self.document.blame(path, "S106", f"everybody may touch the file {file}", f"Close it: chmod o= {file}")
        return file

    def tokens(self, written: File, path: Path) -> File:
        """Return the absolute path of the file of tokens.

        It is no reason to refuse the settings, for calls are not concerned: without one nobody is let in over HTTP.
        """
        file = self.folder / written
        if self.elsewhere and not file.is_file():
            cure = f"Make it: install -m 0640 -g GROUP /dev/null {file}, with a group that the daemon is in"
            self.document.blame(path, "S119", f"there is no file {file}: nobody would be let in over HTTP", cure)
        elif self.elsewhere and not os.access(file, os.R_OK):
            cure = "Check it as the user who runs ccrouter, or as root"
            self.document.blame(path, "S104", f"the file {file} can't be read by you", cure, forgiven=True)
        return file

    def place(self, written: File, path: Path, *, parent: bool = False) -> File:
        """Return the absolute path of a folder in which the daemon writes, or of a file whose folder is one."""
        place = self.folder / written
        folder = place.parent if parent else place
        if self.elsewhere and not folder.is_dir():
            cure = f"Make it where ccrouter runs: install -d -o ccrouter {folder}; the systemd unit does so by itself"
            self.document.blame(path, "S112", f"there is no folder {folder} here", cure)
        elif self.elsewhere and not os.access(folder, os.W_OK | os.X_OK):
            cure = f"The user who runs ccrouter must: chown ccrouter {folder}"
            self.document.blame(path, "S113", f"you may not write in {folder}", cure)
        return place

    def _secret_in(self, file: File, where: Path) -> str | None:
        try:
            with file.open("rb") as opened:
                mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
                data = opened.read(LARGEST_SECRET + 2)
        except OSError as error:
            cure = "Check the path, and that the user who runs ccrouter may read it"
            message = f"the file {file} can't be read: {error.strerror}"
            self.document.blame(where, "S104", message, cure, forgiven=self.elsewhere)
            return None
        if mode & 0o007:
            self.document.blame(where, "S106", f"everybody may touch the file {file}", f"Close it: chmod o= {file}")
            return None
        return data.decode(errors="surrogateescape").removesuffix("\n").removesuffix("\r")


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address; a name other than localhost may be any."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
