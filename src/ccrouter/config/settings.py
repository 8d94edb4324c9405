"""The settings: connections, addresses, where things lie. A change needs a restart.

A secret never stands in the file: it is named, by an environment variable or by a file that only few may read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from ccrouter.config.document import Document
from ccrouter.config.document import Path as Where
from ccrouter.config.settings_file import (
    KEEP_S,
    PAUSE_REASONS,
    Form,
    Level,
    SettingsFile,
    ShowCaller,
    WrittenHttp,
    WrittenPabx,
)
from ccrouter.config.shape import shape
from ccrouter.config.surroundings import Surroundings, is_loopback
from ccrouter.config.webhooks import Webhook, webhook_of
from ccrouter.config.yaml import read


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
        origins: of pages elsewhere that may ask the API from a browser.

    """

    host: str
    port: int
    tokens: Path | None = None
    tls: HttpTls | None = None
    names: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()

    @property
    def local(self) -> bool:
        """Tell whether only this machine reaches it."""
        return is_loopback(self.host)


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Form and level of log lines, and whether callers' numbers are masked in them."""

    form: Form = "json"
    level: Level = "info"
    mask_callers: bool = True


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """Age at which a decision leaves the journal (0: there is none), and whether callers' numbers are masked."""

    keep_s: int = KEEP_S
    mask_callers: bool = True


@dataclass(frozen=True, slots=True)
class PositionSettings:
    """How much an agent sees of a caller's number, and which reasons of a pause the agent's page offers."""

    show_caller: ShowCaller = "whole"
    pause_reasons: tuple[str, ...] = PAUSE_REASONS


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
        webhooks: receivers that are told what happens to calls.

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
    webhooks: tuple[Webhook, ...] = ()
    positions: PositionSettings = PositionSettings()


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
    _once(document, "pabxs", [pabx.name for pabx in pabxs], "S108", "PABXs")
    control = around.place(written.control, ("control",), parent=True)
    state_dir = around.place(written.state_dir, ("state_dir",))
    http = _http(around, written.http)
    fallback = None
    if written.fallback is not None:
        fallback = around.place(written.fallback.file, ("fallback", "file"), parent=True)
    webhooks = tuple(webhook_of(around, each, ("webhooks", i)) for i, each in enumerate(written.webhooks))
    _once(document, "webhooks", [webhook.name for webhook in webhooks], "S123", "webhooks")
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
        webhooks=webhooks,
        positions=PositionSettings(written.positions.show_caller, tuple(written.positions.pause_reasons)),
    )


def _once(document: Document, key: str, names: Sequence[str], code: str, what: str) -> None:
    for i, name in enumerate(names):
        if name in names[:i]:
            message = f"there are two {what} `{name}`"
            document.blame((key, i, "name"), code, message, "Give one of them another name")


def _http(around: Surroundings, written: WrittenHttp) -> Http:
    tls = None
    if written.tls is not None:
        where = ("http", "tls")
        certificate = around.file(written.tls.certificate, (*where, "certificate"))
        tls = HttpTls(certificate, around.closed_file(written.tls.key, (*where, "key")))
    tokens = None if written.tokens is None else around.tokens(written.tokens, ("http", "tokens"))
    if tls is None and not written.in_clear and not is_loopback(written.host):
        around.document.blame(
            ("http", "host"),
            "S115",
            f"{written.host} is heard beyond this machine, and nothing is encrypted",
            "Add tls: {certificate: ..., key: ...}, or listen at 127.0.0.1, or say in_clear: true where only a network "
            "that you trust reaches it",
        )
    return Http(written.host, written.port, tokens, tls, tuple(written.names), tuple(written.origins))


def _pabx(around: Surroundings, written: WrittenPabx, path: Where) -> Pabx:
    tls = None
    if written.tls is not None:
        named = written.tls.ca_file
        tls = Tls(named and around.file(named, (*path, "tls", "ca_file")), written.tls.server_name or "")
    secret = around.secret(written.secret.env, written.secret.file, (*path, "secret"))
    return Pabx(written.name, written.host, written.port, written.username, secret, tls)
