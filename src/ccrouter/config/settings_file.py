"""The settings file as it is written: its keys, and what each may hold."""

import re
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from ccrouter.config.reads import Reads
from ccrouter.config.secret_source import File, SecretSource
from ccrouter.config.shape import Strict
from ccrouter.config.values import Name, Truth, choice, fail, matching, whole, word
from ccrouter.config.webhooks import WrittenWebhook

Level = Literal["debug", "info", "warning", "error"]
Form = Literal["json", "console"]

Host = Annotated[str, matching("S109", r"[A-Za-z0-9_.:-]+", "host", "Write a name or an address: 127.0.0.1")]
Origin = Annotated[
    str,
    matching(
        "S144",
        r"https?://[a-z0-9.-]+(:[0-9]{1,5})?",
        "origin of a page",
        "Write scheme, name and perhaps port, in small letters and without a path: https://wall.example.org",
    ),
]
Port = Annotated[int, whole(least=1, most=65535)]
ListenPort = Annotated[int, whole(most=65535)]
Group = Annotated[str, matching("S117", r"[a-z_][a-z0-9_-]*", "group", "Write its name: telephony")]


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
    origins: list[Origin] = Field(
        default_factory=list,
        description="pages of other servers that may ask the API from a browser (CORS), by scheme, name and port",
        examples=[["https://wall.example.org"]],
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


KEEP_S: Final = 30 * _AGE_S["d"]


class WrittenJournal(Strict):
    """What is kept of calls."""

    keep: Age = Field(
        KEEP_S,
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


ShowCaller = Literal["whole", "masked", "none"]

PAUSE_REASONS: Final = ("lunch", "break", "training", "meeting")

PauseReason = Annotated[
    str,
    matching(
        "S150",
        r"[^\x00-\x1f\x7f-\x9f|;\"\\${}]+",
        "reason of a pause",
        'Leave out | ; " \\ $ { }, and be short',
        longest=40,
    ),
]


class WrittenPositions(Strict):
    """What agents see on their page."""

    show_caller: Annotated[ShowCaller, choice("whole", "masked", "none")] = Field(
        "whole", description="the number of the caller for whom a position rings, on the page of that position"
    )
    pause_reasons: list[PauseReason] = Field(
        list(PAUSE_REASONS),
        description="reasons of a pause that the page offers; these four it says in the language of the page",
        examples=[["lunch", "break", "fire watch"]],
        max_length=20,
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
    positions: WrittenPositions = Field(WrittenPositions(), description="what agents see on their page")
    fallback: WrittenFallback | None = Field(
        None, description="compile the rules into dialplan, for the time without a router; without it they are not"
    )
    webhooks: list[WrittenWebhook] = Field(
        default_factory=list, description="receivers that are told what happens to calls: docs/webhooks.md"
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
