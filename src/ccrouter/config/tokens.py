"""The file of tokens: who may use the API over HTTP, for what, and until when.

    tokens:
      wallboard: {role: read, sha256: 9f86..., ends: 2027-02-20}
      anna: {role: position, position: PJSIP/101, sha256: 60303...}

A token is 256 random bits: nobody finds one by trying, however fast. So a plain SHA-256 keeps it as safe as a slow
hash with salt would: those are made for passwords, which people choose.
"""

import hashlib
import re
import secrets
import stat
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final

from pydantic import Field, model_validator

from ccrouter.config.document import Document
from ccrouter.config.kinds import bare_tokens
from ccrouter.config.problems import RefusedFileError
from ccrouter.config.reads import Reads
from ccrouter.config.shape import Strict, shape
from ccrouter.config.values import Day, Name, choice, fail, matching, word
from ccrouter.config.yaml import read

PREFIX: Final = "ccrouter_"
"""By which people and scanners of secrets know a token where it should not be."""

BYTES: Final = 32

START: Final = "Begin with `tokens:`; below it come the lines that `ccrouter token new NAME` prints: docs/operations.md"
"""The cure for an empty file."""

LARGEST: Final = 128 * 1024
"""Bytes of the file: some 1,000 tokens, one for each agent of a large house."""

ROLES: Final = ("read", "switch", "administer")
"""What a token is good for; each has the rights of those before it."""

SCOPED: Final = ("position", "site")
"""What a token is good for that is of one position, or of one site, alone. A key of the same name says which."""

_INTERFACE: Final = r"[A-Za-z0-9]+/[A-Za-z0-9_.@+/-]+"

Interface = Annotated[str, matching("S142", _INTERFACE, "position", "Write its interface in the queue: PJSIP/101")]


def _hash(value: object) -> str:
    found = word(value)
    if not re.fullmatch(r"[0-9a-f]{64}", found):
        # Hidden, for it may be the token itself.
        fail("S116", "this is no SHA-256 of a token", "Write the line that `ccrouter token new` prints", hidden=True)
    return found


class WrittenToken(Strict):
    """A token as the file has it."""

    role: Annotated[str, choice(*ROLES, *SCOPED)] = Field(
        description="`read`, `switch` or `administer`; or `position` or `site`, for one of these alone",
        examples=["read"],
    )
    position: Interface | None = Field(
        None, description="with `role: position`, which one: its interface in the queue", examples=["PJSIP/101"]
    )
    site: Name | None = Field(None, description="with `role: site`, which one: its name in the routing file")
    queues: list[Name] | None = Field(
        None,
        description="with `role: position`, the queues that it may log in to; by default those of all sites in house",
        examples=[["support"]],
    )
    sha256: Annotated[str, Reads(_hash, "SHA-256", pattern="^[0-9a-f]{64}$")]
    ends: Day | None = Field(None, description="the last day on which it is good, in UTC", examples=["2027-02-20"])

    @model_validator(mode="after")
    def _is_of_one(self) -> "WrittenToken":
        if self.role in SCOPED and not getattr(self, self.role):
            example = "PJSIP/101" if self.role == "position" else "tunis"
            message = f"a token with `role: {self.role}` says which {self.role} it is for"
            fail("S140", message, f"Add its name: {self.role}: {example}", at=("role",))
        for key in SCOPED:
            if key != self.role and getattr(self, key):
                message = f"a token with `role: {self.role}` is not for one {key} alone"
                fail("S141", message, f"Remove `{key}`, or write role: {key}", at=(key,))
        if self.queues is not None and self.role != "position":
            message = f"a token with `role: {self.role}` logs no position of its own in to queues"
            fail("S143", message, "Remove `queues`, or write role: position", at=("queues",))
        return self


class TokensFile(Strict):
    """The whole file."""

    tokens: dict[Name, WrittenToken] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Token:
    """A token that is known.

    Attributes:
        name: who it was made for, the author of what is done with it.
        role: one of ROLES or SCOPED.
        of: with one of SCOPED, which position (its interface) or site (its name); else empty.
        queues: that the position may log in to; None for those of all sites in house.
        sha256: of the token, in small hexadecimal digits.
        ends: the instant from which it is good no more, in seconds since 1970; None for never.

    """

    name: str
    role: str
    sha256: str
    ends: float | None = None
    of: str = ""
    queues: frozenset[str] | None = None


def compile_tokens(data: bytes, file: str) -> tuple[Token, ...]:
    """Return the tokens of a file; `file` names it in messages.

    Raises:
        RefusedFileError: it can't be used; the error holds every problem found.

    """
    return tokens_of(read(data, file, START))


def tokens_of(document: Document) -> tuple[Token, ...]:
    """Return the tokens of a file that was read.

    Raises:
        RefusedFileError: it can't be used; the error holds every problem found.

    """
    if bare_tokens(document.value) and document.get(("tokens",)) is None:
        cure = "Write `tokens:` on the first line, and indent all lines below it"
        document.blame((), "K102", "`tokens:` is missing above the tokens", cure)
        raise RefusedFileError(document.problems, whole=False)
    if document.get(("tokens",)) == "":
        cure = "Write below it the lines that `ccrouter token new NAME` prints; while there are none, `tokens: {}`"
        document.blame(("tokens",), "K103", "nothing stands here", cure)
        raise RefusedFileError(document.problems, whole=False)
    written = shape(document, TokensFile)
    seen: dict[str, str] = {}
    for name, token in written.tokens.items():
        first = seen.setdefault(token.sha256, name)
        if first != name:
            message = f"`{name}` has the token of `{first}`"
            document.blame(("tokens", name, "sha256"), "S118", message, "Make one for each: ccrouter token new NAME")
    document.refuse()
    return tuple(
        Token(
            name,
            token.role,
            token.sha256,
            None if token.ends is None else _end_of(token.ends),
            token.position or token.site or "",
            None if token.queues is None else frozenset(token.queues),
        )
        for name, token in written.tokens.items()
    )


def open_to_others(mode: int) -> bool:
    """Tell whether a file of tokens with this mode may be touched by everybody, or written by its group."""
    return bool(mode & (stat.S_IRWXO | stat.S_IWGRP))


def new_token() -> str:
    """Return a token of 256 random bits."""
    return PREFIX + secrets.token_urlsafe(BYTES)


def hash_of(token: str) -> str:
    """Return the form in which a token is kept."""
    return hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()


def _end_of(day: date) -> float | None:
    if day == date.max:  # what people write for never has no day after it
        return None
    return datetime.combine(day + timedelta(days=1), time(), UTC).timestamp()
