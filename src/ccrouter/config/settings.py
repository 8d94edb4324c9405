"""The settings file: connections, addresses, where things lie. A change needs a restart.

A secret never stands in the file: it is named, by an environment variable or by a file that only few may read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr, model_validator

from ccrouter.config.document import Document, Text
from ccrouter.config.document import Path as Where
from ccrouter.config.reads import Reads
from ccrouter.config.shape import Strict, one_of, shape
from ccrouter.config.surroundings import Surroundings
from ccrouter.config.values import Name, Truth, choice, fail, matching, text, whole, word
from ccrouter.config.yaml import read

Level = Literal["debug", "info", "warning", "error"]
Form = Literal["json", "console"]


# --- the file as it is written ----------------------------------------------------------------------------------------

Host = Annotated[str, matching("S109", r"[A-Za-z0-9_.:-]+", "host", "Write a name or an address: 127.0.0.1")]
Port = Annotated[int, whole(least=1, most=65535)]
ListenPort = Annotated[int, whole(most=65535)]
Group = Annotated[str, matching("S117", r"[a-z_][a-z0-9_-]*", "group", "Write its name: telephony")]
File = Annotated[Path, Reads(lambda value: Path(text(value)), "path")]


class SecretSource(Strict, json_schema_extra=one_of("env", "file")):
    """Where a secret is kept."""

    env: (
        Annotated[str, matching("S111", r"[A-Za-z_][A-Za-z0-9_]*", "environment variable", "Write its name alone")]
        | None
    ) = Field(None, description="an environment variable", examples=["CCROUTER_AMI_SECRET"])
    file: File | None = Field(
        None,
        description="a file that holds the secret alone and that others than its owner and group can't touch",
        examples=["ami.secret"],
    )

    @model_validator(mode="before")
    @classmethod
    def _is_no_secret(cls, data: object) -> object:
        if isinstance(data, Text) and data:
            cure = "Write {env: CCROUTER_AMI_SECRET}, or {file: ami.secret} with the secret alone in that file"
            fail("S101", "a secret must not stand in this file", cure, hidden=True)
        return data

    @model_validator(mode="after")
    def _is_one(self) -> "SecretSource":
        if (self.env is None) == (self.file is None):
            fail("K110", "a secret is kept in one of `env` and `file`", "Write one of them")
        return self


class WrittenTls(Strict):
    """How the PABX's certificate is checked."""

    ca_file: File | None = Field(
        None,
        description="certificates to trust (PEM); by default those that the machine trusts",
        examples=["/etc/ccrouter/ca.pem"],
    )
    server_name: Host | None = Field(
        None, description="name in the PABX's certificate; by default its `host`", examples=["pabx.example.org"]
    )


class WrittenPabx(Strict):
    """A PABX as the file has it."""

    name: Name = Field(description="what it is called in logs, metrics and commands", examples=["main"])
    host: Host = Field(description="where its manager interface (AMI) listens", examples=["127.0.0.1"])
    port: Port = Field(5038, description="and on which port")
    username: Annotated[str, matching("S110", r"[\w.@-]+", "user name", "Use letters, digits and . _ - @")] = Field(
        description="user in manager.conf", examples=["ccrouter"]
    )
    secret: SecretSource = Field(
        description="where that user's secret is kept; the secret itself is refused here",
        examples=[{"env": "CCROUTER_AMI_SECRET"}, {"file": "ami.secret"}],
    )
    tls: WrittenTls | None = Field(
        None, description="talk over TLS; `{}` trusts the certificates that the machine trusts", examples=[{}]
    )


class WrittenAgi(Strict):
    """Where calls ask."""

    host: Host = Field("127.0.0.1", description="address to listen at")
    port: ListenPort = Field(4573, description="port to listen at; 0 takes a free one")


class WrittenHttpTls(Strict):
    """By what HTTP is encrypted."""

    certificate: File = Field(
        description="certificate with those that lead to its authority (PEM)", examples=["/etc/ccrouter/http.pem"]
    )
    key: File = Field(
        description="its private key, in a file that others than its owner and group can't touch",
        examples=["/etc/ccrouter/http.key"],
    )


class WrittenHttp(Strict):
    """Where metrics and health are read, and where the API is with tokens."""

    host: Host = Field("127.0.0.1", description="address to listen at")
    port: ListenPort = Field(9470, description="port to listen at; 0 takes a free one")
    tokens: File | None = Field(
        None,
        description="file of the tokens of the API, see `ccrouter token`; without it there is no API here",
        examples=["/etc/ccrouter/tokens"],
    )
    tls: WrittenHttpTls | None = Field(None, description="serve HTTPS")
    in_clear: Truth = Field(
        default=False, description="listen beyond this machine without TLS: whoever is on the way reads the tokens"
    )
    names: list[Host] = Field(
        default_factory=list,
        description="names besides the loopback's by which clients call a server that listens on it",
        examples=[["router.example.org"]],
    )


class WrittenLog(Strict):
    """How log lines look."""

    form: Annotated[Form, choice("json", "console")] = Field(
        "json", alias="format", description="`json` for machines, `console` for people"
    )
    level: Annotated[Level, choice("debug", "info", "warning", "error")] = Field(
        "info", description="the least that is written"
    )
    mask_callers: Truth = Field(True, description="callers' numbers are masked")  # noqa: FBT003 - the default


_AGE_S: Final = {"d": 86_400, "h": 3600, "min": 60}


def _age(value: object) -> int:
    found = word(value)
    if found == "off":
        return 0
    age = re.fullmatch(r"(\d{1,4})(d|h|min)", found)
    if age is None or not int(age[1]):
        fail("S114", f"`{found}` is no age", "Write 30d, 12h, 10min, or off")
    return int(age[1]) * _AGE_S[age[2]]


Age = Annotated[int, Reads(_age, "age", pattern=r"^(0*[1-9]\d*(d|h|min)|off)$", maxLength=7)]
"""Seconds; 0 for `off`."""


class WrittenJournal(Strict):
    """What is kept of calls."""

    keep: Age = Field(
        30 * _AGE_S["d"],
        description="age at which a decision is deleted; `off` keeps no journal",
        examples=["90d", "12h", "10min", "off"],
        json_schema_extra={"default": "30d"},
    )
    mask_callers: Truth = Field(True, description="callers' numbers are masked")  # noqa: FBT003 - the default


class WrittenFallback(Strict):
    """The compiled rules, which the PABX's own dialplan goes by while no router answers."""

    file: File = Field(
        description="file of dialplan that is kept up to date; docs/fallback.md tells how the PABX gets it",
        examples=["/var/lib/ccrouter/fallback.conf"],
    )


class SettingsFile(Strict):
    """The whole settings file."""

    router: Annotated[int, whole(least=1, most=2)] = Field(
        1, description="rank of this router where two serve the same PABXs: calls ask 2 where 1 does not answer"
    )
    pabxs: list[WrittenPabx] = Field(min_length=1, description="each Asterisk")
    agi: WrittenAgi = Field(WrittenAgi(), description="where Asterisk asks for each call")
    http: WrittenHttp = Field(WrittenHttp(), description="where metrics and health are read")
    control: File = Field(Path("/run/ccrouter/control.sock"), description="the socket that ccrouter's commands talk to")
    control_group: Group | None = Field(
        None,
        description="group whose members may use that socket with all its rights; by default ccrouter's user and root",
        examples=["telephony"],
    )
    log: WrittenLog = Field(WrittenLog(), description="how log lines look")
    journal: WrittenJournal = Field(WrittenJournal(), description="what is kept of each call and its decisions")
    fallback: WrittenFallback | None = Field(
        None, description="compile the rules into dialplan, for the time without a router; without it they are not"
    )
    routing: File = Field(description="the routing file", examples=["routing.yaml"])
    reload_on_save: Truth = Field(
        default=True,
        description="take the routing file as soon as it is saved; without, on `ccrouter reload` and SIGHUP",
    )
    state_dir: File = Field(
        Path("/var/lib/ccrouter"),
        description="folder of what survives a restart: modes, the audit journal, the versions of the routing file",
    )


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
class HttpTls:
    """Files of the certificate chain and of the key (PEM)."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Http:
    """Where HTTP is served.

    Attributes:
        tokens: file of the API's tokens; None serves no API.
        tls: None serves in the clear.
        names: by which clients may call a server that listens on the loopback, besides the loopback's own.

    """

    host: str
    port: int
    tokens: Path | None = None
    tls: HttpTls | None = None
    names: tuple[str, ...] = ()

    @property
    def local(self) -> bool:
        """Tell whether only this machine reaches it."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address; a name other than localhost may be any."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Form and level of log lines, and whether callers' numbers are masked in them."""

    form: Form = "json"
    level: Level = "info"
    mask_callers: bool = True


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """Age at which a decision leaves the journal (0: there is none), and whether callers' numbers are masked."""

    keep_s: int = 30 * _AGE_S["d"]
    mask_callers: bool = True


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings with all paths absolute and all secrets read.

    Attributes:
        router: rank of this router, from 1.
        control: path of the control socket.
        control_group: may use it too; empty for nobody.
        routing: path of the routing file.
        reload_on_save: it is taken as soon as it is saved.
        state_dir: folder for what must survive a restart.
        fallback: file of the compiled rules; None compiles none.

    """

    router: int
    pabxs: tuple[Pabx, ...]
    agi: Listen
    http: Http
    control: Path
    log: LogSettings
    journal: JournalSettings
    routing: Path
    reload_on_save: bool
    state_dir: Path
    control_group: str = ""
    fallback: Path | None = None


def compile_settings(data: bytes, path: Path, environment: Mapping[str, str]) -> Settings:
    """Return the settings in `data`; `path` names the file, and relative paths start in its folder.

    Raises:
        RefusedFileError: they can't be used; the error holds every problem found.

    """
    return settings_of(read(data, str(path)), path, environment)


def settings_of(document: Document, path: Path, environment: Mapping[str, str], *, elsewhere: bool = False) -> Settings:
    """Return the settings of a file that was read.

    With `elsewhere`, the daemon may run on another machine: what this one lacks is noted in the document, no more.

    Raises:
        RefusedFileError: they can't be used; the error holds every problem found.

    """
    written = shape(document, SettingsFile)
    around = Surroundings(document, path.absolute().parent, environment, elsewhere)
    pabxs = tuple(_pabx(around, each, ("pabxs", i)) for i, each in enumerate(written.pabxs))
    names = [pabx.name for pabx in pabxs]
    for i, name in enumerate(names):
        if name in names[:i]:
            message = f"there are two PABXs `{name}`"
            document.blame(("pabxs", i, "name"), "S108", message, "Give one of them another name")
    control = around.place(written.control, ("control",), parent=True)
    state_dir = around.place(written.state_dir, ("state_dir",))
    http = _http(around, written.http)
    fallback = None
    if written.fallback is not None:
        fallback = around.place(written.fallback.file, ("fallback", "file"), parent=True)
    document.refuse()
    return Settings(
        router=written.router,
        pabxs=pabxs,
        agi=Listen(written.agi.host, written.agi.port),
        http=http,
        control=control,
        log=LogSettings(written.log.form, written.log.level, written.log.mask_callers),
        journal=JournalSettings(written.journal.keep, written.journal.mask_callers),
        routing=around.folder / written.routing,
        reload_on_save=written.reload_on_save,
        state_dir=state_dir,
        control_group=written.control_group or "",
        fallback=fallback,
    )


def _http(around: Surroundings, written: WrittenHttp) -> Http:
    tls = None
    if written.tls is not None:
        where = ("http", "tls")
        certificate = around.file(written.tls.certificate, (*where, "certificate"))
        tls = HttpTls(certificate, around.closed_file(written.tls.key, (*where, "key")))
    tokens = None if written.tokens is None else around.closed_file(written.tokens, ("http", "tokens"))
    if tls is None and not written.in_clear and not is_loopback(written.host):
        around.document.blame(
            ("http", "host"),
            "S115",
            f"{written.host} is heard beyond this machine, and nothing is encrypted",
            "Add tls: {certificate: ..., key: ...}, or listen at 127.0.0.1, or say in_clear: true where only a network "
            "that you trust reaches it",
        )
    return Http(written.host, written.port, tokens, tls, tuple(written.names))


def _pabx(around: Surroundings, written: WrittenPabx, path: Where) -> Pabx:
    tls = None
    if written.tls is not None:
        named = written.tls.ca_file
        tls = Tls(named and around.file(named, (*path, "tls", "ca_file")), written.tls.server_name or "")
    secret = around.secret(written.secret.env, written.secret.file, (*path, "secret"))
    return Pabx(written.name, written.host, written.port, written.username, secret, tls)
