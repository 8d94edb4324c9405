"""Webhooks: receivers that are told what happens to calls, as settings write them and as the daemon takes them."""

import re
from base64 import b64decode
from dataclasses import dataclass
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from ccrouter.config.document import Path as Where
from ccrouter.config.reads import OneOrMore, Reads
from ccrouter.config.secret_source import SecretSource
from ccrouter.config.shape import Strict
from ccrouter.config.surroundings import Surroundings, is_loopback
from ccrouter.config.values import Name, Truth, choice, fail, text

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - how a secret begins, and none itself
KEY_BYTES: Final = (24, 64)
"""Least and most, by the specification of Standard Webhooks."""

HAPPENINGS: Final = ("offered", "routed", "ringing", "answered", "overflowed", "missed", "ended")
"""What a webhook may tell of a call, in the order in which it mostly happens."""

_RECEIVER: Final = r"https?://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+)(:\d{1,5})?(/[!-\"$-~]*)?"
LONGEST_URL: Final = 1000


def _receiver(value: object) -> str:
    found = text(value)
    if "@" in found.partition("?")[0]:
        cure = "Write it without; receivers know us by the signature, see docs/webhooks.md"
        fail("S120", "a name and a password must not stand in an address", cure, hidden=True)
    if not re.fullmatch(_RECEIVER, found) or len(found) > LONGEST_URL:
        fail("S120", f"`{found[:120]}` is no address of a receiver", "Write https://crm.example.org/hooks/ccrouter")
    return found


Receiver = Annotated[str, Reads(_receiver, "address", pattern=f"^{_RECEIVER}$", maxLength=LONGEST_URL)]


class WrittenWebhook(Strict):
    """A receiver that is told what happens to calls."""

    name: Name = Field(description="what it is called in logs, metrics and commands", examples=["crm"])
    url: Receiver = Field(
        description="where it is told, by POST; https but for this machine",
        examples=["https://crm.example.org/hooks/ccrouter"],
    )
    secret: SecretSource = Field(
        description="where the secret is kept with which it is signed: `whsec_` and base64, from `ccrouter webhook "
        "secret`",
        examples=[{"file": "crm.secret"}],
    )
    second_secret: SecretSource | None = Field(
        None,
        description="where another one is kept with which it is signed too, while the receiver changes its own",
        examples=[{"file": "crm.secret.new"}],
    )
    events: Annotated[list[Annotated[str, choice(*HAPPENINGS)]], OneOrMore] = Field(
        min_length=1,
        description="of what it is told",
        examples=[["offered", "answered", "ended"]],
    )
    services: Annotated[list[Name], OneOrMore] = Field(
        default_factory=list, description="of calls of these services alone; by default of all", examples=[["support"]]
    )
    caller: Annotated[Literal["none", "masked", "whole"], choice("none", "masked", "whole")] = Field(
        "masked", description="how much of the caller's number it is told"
    )
    in_clear: Truth = Field(
        default=False, description="tell it over the network without TLS: whoever is on the way reads it"
    )


@dataclass(frozen=True, slots=True)
class Webhook:
    """A receiver that is told what happens to calls.

    Attributes:
        secrets: with which what it is told is signed; the first is in use, a second one comes or goes.
        events: kinds that it is told of.
        services: of calls of these alone; empty for all.
        caller: how much of the caller's number it is told: none, masked or whole.

    """

    name: str
    url: str
    secrets: tuple[SecretStr, ...]
    events: frozenset[str]
    services: frozenset[str] = frozenset()
    caller: Literal["none", "masked", "whole"] = "masked"


def webhook_of(around: Surroundings, written: WrittenWebhook, path: Where) -> Webhook:
    """Return a webhook with its secrets; problems are noted, with empty secrets in place of those that are none."""
    address = urlsplit(written.url)
    if address.scheme == "http" and not written.in_clear and not is_loopback(address.hostname or ""):
        around.document.blame(
            (*path, "url"),
            "S121",
            f"what {written.name} is told would go over the network in the clear",
            "Write https://, or say in_clear: true where only a network that you trust lies between",
        )
    secrets = [_signing(around, written.secret, (*path, "secret"))]
    if written.second_secret is not None:
        secrets.append(_signing(around, written.second_secret, (*path, "second_secret")))
    events, services = frozenset(written.events), frozenset(written.services)
    return Webhook(written.name, written.url, tuple(secrets), events, services, written.caller)


def _signing(around: Surroundings, source: SecretSource, path: Where) -> SecretStr:
    secret = around.secret(source.env, source.file, path)
    found = secret.get_secret_value()
    if found and signing_key(found) is None:
        where = (*path, "env" if source.env is not None else "file")
        cure = "Make one with `ccrouter webhook secret`: whsec_ and 24 to 64 bytes in base64"
        around.document.blame(where, "S122", "what is kept there is no secret to sign with", cure)
    return secret


def signing_key(secret: str) -> bytes | None:
    """Return the bytes that a secret stands for by the rules of Standard Webhooks; None where it is none."""
    if not secret.startswith(SECRET_PREFIX):
        return None
    try:
        key = b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError:
        return None
    return key if KEY_BYTES[0] <= len(key) <= KEY_BYTES[1] else None
