"""What happened as letters to webhooks: which are told, as what text, and by which id receivers know it again."""

import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Final

from ccrouter.app.happenings import seen_by
from ccrouter.config.webhooks import Webhook
from ccrouter.store.outbox import Letter
from ccrouter.telemetry.privacy import plain
from ccrouter.web.board import Happened

PING: Final = "ping"
RINGS: Final = frozenset({"ringing", "missed"})
"""What may happen to one call and one position again and again."""


def wants(webhook: Webhook, happened: Happened) -> bool:
    """Tell whether a webhook is told of this."""
    return happened.kind in webhook.events and (not webhook.services or happened.service in webhook.services)


def letters(webhooks: Iterable[Webhook], happened: Happened) -> Iterator[Letter]:
    """Yield what the webhooks are told that are told of this."""
    event, subject = _named(happened)
    call = f"{happened.pabx}/{happened.uniqueid}"
    for webhook in webhooks:
        if wants(webhook, happened):
            body = body_of(event, seen_by(happened, webhook.caller))
            yield Letter(webhook.name, event, subject, call, happened.at, body)


def ping(at: float) -> tuple[str, bytes]:
    """Return the id and the body of an event that nothing happened for."""
    event = f"ping_{secrets.token_hex(16)}"
    return event, body_of(event, Happened(PING, at, "", "", "", "", ""))


def body_of(event: str, happened: Happened) -> bytes:
    """Return the JSON that is sent."""
    told = {name: plain(each) if isinstance(each, str) else each for name, each in asdict(happened).items()}
    return json.dumps({"id": event, **told}, separators=(",", ":")).encode()


def _named(happened: Happened) -> tuple[str, str]:
    """Return an event's id, and its subject: two routers that see the same call agree on these.

    What comes once for a call, or with a decision, has an id that follows from that. What a position does may come
    again, so the instant makes the difference, which two routers do not see alike: its subject tells them apart. An end
    that was not seen may be followed by one that was.
    """
    detail = {"routed": happened.decision, "overflowed": happened.decision}.get(happened.kind, "")
    if happened.kind == "ended" and happened.outcome == "unknown":
        detail = happened.outcome
    if happened.kind in RINGS:
        detail = f"{happened.queue}/{happened.interface}"
    about = [happened.pabx, happened.uniqueid, happened.kind, detail]
    subject = _digest(about)
    if happened.kind in RINGS:
        return f"evt_{_digest([*about, f'{happened.at:.3f}'])}", subject
    return f"evt_{subject}", subject


def _digest(about: list[str]) -> str:
    # Ids stand in a header and before a full stop in what is signed: no sign of a uniqueid may stand there.
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:32]
