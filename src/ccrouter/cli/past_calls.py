"""ccrouter explain --call: why a past call went where it went, as the journal keeps it."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from ccrouter.cli.printing import show
from ccrouter.cli.seen import journalled, seen
from ccrouter.errors import CcrouterError
from ccrouter.outlook.circumstances import head, moment, past
from ccrouter.outlook.words import Line, Tone, lines, reasons, summary
from ccrouter.routing.records import CallEnd, decision_of
from ccrouter.routing.rules import Rules
from ccrouter.web.journal import JournalEntry


def tell_past_call(uniqueid: str, socket: Path, *, as_json: bool) -> None:
    """Print all decisions of a call, oldest first, each with what came of it.

    Raises:
        CcrouterError: the journal knows no such call, or was written by another version.

    """
    entries = journalled(socket, uniqueid)
    if not entries:
        raise CcrouterError(f"the journal knows no call {uniqueid}; `ccrouter journal` lists those that it keeps")
    if as_json:
        click.echo(json.dumps([asdict(entry) for entry in entries], ensure_ascii=False))
        return
    rules = seen(socket).rules()
    for i, entry in enumerate(entries):
        if i:
            show([Line("")])
        try:
            show(_told(entry, rules))
        except (KeyError, TypeError, ValueError) as error:
            raise CcrouterError(f"the journal's record of {uniqueid} can't be read: {error}") from error


def _told(entry: JournalEntry, rules: Rules) -> Iterator[Line]:
    decision = decision_of(entry.record)
    same = decision.rules_version == rules.version
    yield from head(rules, decision.call)
    yield from summary(decision)
    yield Line("")
    yield from past(decision, rules.zone, same=same)
    if entry.outcome is not None:
        yield from lines(_outcome(entry.outcome, rules), first="  outcome    ", tone=Tone.HEAD)
    yield Line("")
    yield from reasons(decision, rules if same else None)


def _outcome(outcome: CallEnd, rules: Rules) -> str:
    at = f" at {outcome.target}" if outcome.target else ""
    talked = "" if outcome.talked_s is None else f", talked {outcome.talked_s:.0f} s"
    ended = moment(outcome.at, rules.zone)
    return f"{outcome.outcome}{at}; waited {outcome.waited_s:.0f} s{talked}; ended {ended}"
