"""Puts the text of a kept version back into the routing file, by the rights of the user who asks, and has it taken.

The daemon itself may not write the file: as systemd starts it, its configuration is read-only to it.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ccrouter.cli.own_file import OwnFile, reached, trusted_users
from ccrouter.config.load import compile_text
from ccrouter.config.problems import RefusedFileError
from ccrouter.errors import CcrouterError
from ccrouter.store.files import Replacement
from ccrouter.store.versions import hash_of
from ccrouter.web.client import Client, read
from ccrouter.web.versions import IN_FORCE, TEXT, VERSIONS, KeptVersion, RulesInForce
from ccrouter.web.wire import OUTCOME

REFUSED = 422
"""Status of an answer that tells problems."""

NEW_FILE_MODE = 0o644
"""Where the routing file is gone: the daemon must be able to read it, and it holds no secret."""


async def back(client: Client, routing: Path, number: int | None, reason: str, person: str) -> Sequence[str]:
    """Put a version back, by default as `one_before` says, and return what is told of it.

    Args:
        client: of the daemon.
        routing: the routing file by the settings; the daemon's own word is only compared with it.
        number: of the version.
        reason: kept in the audit journal.
        person: behind a shared user.

    Raises:
        CcrouterError: it was not done, and the file is as it was; or the daemon did not answer, as the text tells.

    """
    rules = read(IN_FORCE, await client.ask("GET", "/rules"))
    _check_agreed(routing, rules)
    with reached(routing, trusted_users()) as file:
        return await _back(client, file, rules, _Asked(number, reason, person))


@dataclass(frozen=True, slots=True)
class _Asked:
    number: int | None
    reason: str
    person: str


def _check_agreed(routing: Path, rules: RulesInForce) -> None:
    named = os.path.normpath(routing.absolute())
    if named != os.path.normpath(rules.file):
        raise CcrouterError(
            f"the settings name the routing file {named}, but this daemon reads {rules.file}; nothing was changed. "
            "Name the daemon's settings with --settings, or its socket with --socket"
        )


async def _back(client: Client, file: OwnFile, rules: RulesInForce, asked: _Asked) -> Sequence[str]:
    kept = read(VERSIONS, await client.ask("GET", "/versions"))
    held = _held(file)
    target = _wanted(kept, asked.number, rules, None if held is None else hash_of(held))
    content = read(TEXT, await client.ask("GET", f"/versions/{target.id}")).encode()
    try:
        compile_text(content, rules.file)
    except RefusedFileError as error:
        raise CcrouterError(f"{error}\nversion {target.id} would be refused today; nothing was changed") from None
    aside = None if held in (None, content) else _put_aside(file, held or b"")
    if held != content:
        write(file, content)
    try:
        body = {"id": target.id, "reason": asked.reason, "author": asked.person}
        outcome = read(OUTCOME, await client.ask("POST", "/rollback", body, accepted=(REFUSED,)))
    except CcrouterError as error:
        told = f"{file.shown} holds version {target.id} again, but the daemon was not heard: {error}"
        raise type(error)(told) from error
    if outcome.problems:
        if held is not None and _held(file) == content:
            write(file, held)
        problems = "\n".join(outcome.problems)
        raise CcrouterError(f"{problems}\nversion {target.id} was refused; version {outcome.version} stays in force")
    if outcome.version != target.hash:
        raise CcrouterError(f"the file was saved by somebody else meanwhile; version {outcome.version} is in force")
    lines = [f"version {target.id} ({target.hash}) is in force" + ("" if outcome.changed else ", as before")]
    if aside is not None:
        lines.append(f"what the file held is kept as {aside}")
    return [*lines, *outcome.remarks]


def one_before(kept: Sequence[KeptVersion], in_force: str) -> KeptVersion | None:
    """Return the version before the one in force; after a rollback, the one before that which was brought back.

    So who rolls back twice gets further back, and never to what was left the first time.

    Args:
        kept: newest first.
        in_force: hash of the version in force.

    """
    numbered = {version.id: version for version in kept}
    current = next((version for version in kept if version.hash == in_force), None)
    while current is not None and current.restores in numbered:
        current = numbered[current.restores]
    return next(
        (version for version in kept if version.hash != in_force and (current is None or version.id < current.id)), None
    )


def _wanted(kept: Sequence[KeptVersion], number: int | None, rules: RulesInForce, held: str | None) -> KeptVersion:
    if number is not None:
        found = next((version for version in kept if version.id == number), None)
        if found is None:
            raise CcrouterError(f"no version {number} is kept; `ccrouter versions` lists those that are")
        return found
    if held != rules.version:
        found = next((version for version in kept if version.hash == rules.version), None)
        if found is None:
            raise CcrouterError("the version in force was not kept; choose a number from `ccrouter versions`")
        return found
    found = one_before(kept, rules.version)
    if found is None:
        raise CcrouterError("no version before this one is kept; `ccrouter versions` lists those that are")
    return found


def _held(file: OwnFile) -> bytes | None:
    """Return what the file holds; None where there is none."""
    try:
        handle = os.open(file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as opened:
            return opened.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refusal(file, error) from None


def _put_aside(file: OwnFile, content: bytes) -> Path:
    aside = file.beside(f"{file.shown.name}.rejected-{hash_of(content)}")
    write(aside, content, like=file)
    return aside.shown


def write(file: OwnFile, content: bytes, like: OwnFile | None = None) -> None:
    """Write a file at one stroke, with owner, mode and attributes of the one in its place, or of another one."""
    try:
        replacement = Replacement(file.path, content, partial(_dress, (like or file).path))
        try:
            replacement.commit()
        finally:
            replacement.discard()
    except OSError as error:
        raise _refusal(file, error) from None


def _dress(like: Path, handle: int) -> None:
    try:
        found = like.lstat()
    except FileNotFoundError:
        os.fchmod(handle, NEW_FILE_MODE)
        return
    os.fchown(handle, found.st_uid, found.st_gid)
    os.fchmod(handle, found.st_mode & 0o7777)
    for name in os.listxattr(like):  # an access list is one
        os.setxattr(handle, name, os.getxattr(like, name))


def _refusal(file: OwnFile, error: OSError) -> CcrouterError:
    return CcrouterError(
        f"{file.shown} can't be written: {error.strerror}; nothing was changed. Type it as a user who may: "
        "sudo ccrouter rollback. Where nobody may, `ccrouter versions show NUMBER` prints the text to put there"
    )
