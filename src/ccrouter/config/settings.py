"""The settings file: connections, addresses, where things lie. A change needs a restart.

A secret never stands in the file: it is named, by an environment variable or by a file that only few may read.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from ccrouter.config.document import Document, Text
from ccrouter.config.document import Path as Where
from ccrouter.config.shape import Strict, shape
from ccrouter.config.values import Name, Truth, choice, fail, matching, number, text
from ccrouter.config.yaml import read

Level = Literal["debug", "info", "warning", "error"]
Form = Literal["json", "console"]

LARGEST_SECRET: Final = 512
"""Signs; Asterisk refuses a line of about 1,000."""


# --- the file as it is written ----------------------------------------------------------------------------------------

Host = Annotated[str, matching(r"[A-Za-z0-9_.:-]+", "host", "Write a name or an address: 127.0.0.1")]
Port = Annotated[int, BeforeValidator(lambda value: number(value, least=1, most=65535))]
ListenPort = Annotated[int, BeforeValidator(lambda value: number(value, most=65535))]
File = Annotated[Path, BeforeValidator(lambda value: Path(text(value)))]


class SecretSource(Strict):
    """Where a secret is kept."""

    env: Annotated[str, matching(r"[A-Za-z_][A-Za-z0-9_]*", "environment variable", "Write its name alone")] | None = (
        None
    )
    file: File | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_no_secret(cls, data: object) -> object:
        if isinstance(data, Text) and data:
            cure = "Write {env: CCROUTER_AMI_SECRET}, or {file: ami.secret} with the secret alone in that file"
            fail("a secret must not stand in this file", cure, hidden=True)
        return data

    @model_validator(mode="after")
    def _is_one(self) -> "SecretSource":
        if (self.env is None) == (self.file is None):
            fail("a secret is kept in one of `env` and `file`", "Write one of them")
        return self


class WrittenTls(Strict):
    """How the PABX's certificate is checked."""

    ca_file: File | None = None
    server_name: Host | None = None


class WrittenPabx(Strict):
    """A PABX as the file has it."""

    name: Name
    host: Host
    port: Port = 5038
    username: Annotated[str, matching(r"[\w.@-]+", "user name", "Use letters, digits and . _ - @")]
    secret: SecretSource
    tls: WrittenTls | None = None


class WrittenAgi(Strict):
    """Where calls ask."""

    host: Host = "127.0.0.1"
    port: ListenPort = 4573


class WrittenHttp(Strict):
    """Where metrics and health are read."""

    host: Host = "127.0.0.1"
    port: ListenPort = 9470


class WrittenLog(Strict):
    """How log lines look."""

    form: Annotated[Form, choice("json", "console")] = Field("json", alias="format")
    level: Annotated[Level, choice("debug", "info", "warning", "error")] = "info"
    mask_callers: Truth = True


class SettingsFile(Strict):
    """The whole settings file."""

    pabxs: Annotated[list[WrittenPabx], Field(min_length=1)]
    agi: WrittenAgi = WrittenAgi()
    http: WrittenHttp = WrittenHttp()
    control: File = Path("/run/ccrouter/control.sock")
    log: WrittenLog = WrittenLog()
    routing: File
    state_dir: File = Path("/var/lib/ccrouter")


# --- what the daemon is given -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tls:
    """A link over TLS; `ca_file` None trusts what the machine trusts, `server_name` empty means the host's name."""

    ca_file: Path | None = None
    server_name: str = ""


@dataclass(frozen=True, slots=True)
class Pabx:
    """One Asterisk: where its AMI listens and who logs in."""

    name: str
    host: str
    port: int
    username: str
    secret: SecretStr
    tls: Tls | None = None


@dataclass(frozen=True, slots=True)
class Listen:
    """An address to listen at."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Form and level of log lines, and whether callers' numbers are masked in them."""

    form: Form = "json"
    level: Level = "info"
    mask_callers: bool = True


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings with all paths absolute and all secrets read.

    Attributes:
        control: path of the control socket.
        routing: path of the routing file.
        state_dir: folder for what must survive a restart.

    """

    pabxs: tuple[Pabx, ...]
    agi: Listen
    http: Listen
    control: Path
    log: LogSettings
    routing: Path
    state_dir: Path


def compile_settings(data: bytes, path: Path, environment: Mapping[str, str]) -> Settings:
    """Return the settings in `data`; `path` names the file, and relative paths start in its folder.

    Raises:
        RefusedFileError: they can't be used; the error holds every problem found.

    """
    document = read(data, str(path))
    written = shape(document, SettingsFile)
    folder = path.absolute().parent
    pabxs = tuple(_pabx(document, each, ("pabxs", i), folder, environment) for i, each in enumerate(written.pabxs))
    names = [pabx.name for pabx in pabxs]
    for i, name in enumerate(names):
        if name in names[:i]:
            message = f"there are two PABXs `{name}`"
            document.blame(("pabxs", i, "name"), message, "Give one of them another name")
    document.refuse()
    return Settings(
        pabxs=pabxs,
        agi=Listen(written.agi.host, written.agi.port),
        http=Listen(written.http.host, written.http.port),
        control=folder / written.control,
        log=LogSettings(written.log.form, written.log.level, written.log.mask_callers),
        routing=folder / written.routing,
        state_dir=folder / written.state_dir,
    )


def _pabx(document: Document, written: WrittenPabx, path: Where, folder: Path, environment: Mapping[str, str]) -> Pabx:
    tls = None
    if written.tls is not None:
        ca_file = None if written.tls.ca_file is None else folder / written.tls.ca_file
        if ca_file is not None and not ca_file.is_file():
            document.blame((*path, "tls", "ca_file"), f"there is no file {ca_file}", "Check the path")
        tls = Tls(ca_file, written.tls.server_name or "")
    secret = _secret(document, written.secret, (*path, "secret"), folder, environment)
    return Pabx(written.name, written.host, written.port, written.username, secret, tls)


def _secret(
    document: Document, written: SecretSource, path: Where, folder: Path, environment: Mapping[str, str]
) -> SecretStr:
    if written.env is not None:
        where, source = (*path, "env"), f"the environment variable {written.env}"
        found = environment.get(written.env)
        if found is None:
            document.blame(where, f"{source} is not set", "Set it for the user who runs ccrouter")
            return SecretStr("")
    else:
        file = folder / (written.file or "")
        where, source = (*path, "file"), f"the file {file}"
        found = _secret_in(document, file, where)
        if found is None:
            return SecretStr("")
    if not 0 < len(found) <= LARGEST_SECRET or not found.isprintable():
        cure = f"It must hold the secret alone, on one line of at most {LARGEST_SECRET} signs, in UTF-8"
        document.blame(where, f"{source} holds no secret", cure)
    return SecretStr(found)


def _secret_in(document: Document, file: Path, where: Where) -> str | None:
    try:
        with file.open("rb") as opened:
            mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
            data = opened.read(LARGEST_SECRET + 2)
    except OSError as error:
        cure = "Check the path, and that the user who runs ccrouter may read it"
        document.blame(where, f"the file {file} can't be read: {error.strerror}", cure)
        return None
    if mode & 0o007:
        document.blame(where, f"everybody may touch the file {file}", f"Close it: chmod o= {file}")
        return None
    return data.decode(errors="surrogateescape").removesuffix("\n").removesuffix("\r")
