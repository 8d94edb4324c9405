"""The plan: the ordered steps of one call, carried by the caller's own channel.

Its text form is the contract with the dialplan's runner (asterisk/extensions_ccrouter.conf): steps are joined by `&`,
fields by `|`; the first piece is a header. Both signs are refused in every value that reaches a plan.
"""

import re
from abc import abstractmethod
from dataclasses import field
from functools import lru_cache

from ccrouter.routing.values import dataclass

VERSION = "v1"
MAX_TEXT = 900
"""AMI refuses a line from about 1,000 characters on, and a plan must fit in WithdrawInfo."""

SAFE_TEXT = re.compile(r"[^\x00-\x1f\x7f&|,;\"\\${}\[\]()]*")
"""What a value in a plan may consist of: nothing that separates fields, starts an expression or ends a line."""

COUNT = re.compile(r"0|[1-9][0-9]{0,8}")


LENT_ONLY = -1
"""Calls at a site for a PABX that has no lines there but those that it is lent."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of plans: there are few of them, and they are in thousands of plans, so that each makes its text once."""

    _text: str = field(default="", init=False, repr=False, compare=False)

    @abstractmethod
    def fields(self) -> tuple[str, ...]:
        """Return the fields of the text form."""

    def text(self) -> str:
        """Return the text form.

        Raises:
            ValueError: a field holds a sign that would change the meaning of the text.

        """
        if not self._text:
            object.__setattr__(self, "_text", _joined(self.fields()))
        return self._text


@dataclass(frozen=True, slots=True)
class QueueStep(_Part):
    """Wait in the queue of an in-house site for at most `max_wait_s` seconds."""

    site: str
    queue: str
    max_wait_s: int

    def fields(self) -> tuple[str, ...]:
        """Return the fields of the text form."""
        return ("queue", self.site, self.queue, str(self.max_wait_s))


@dataclass(frozen=True, slots=True)
class SiteStep(_Part):
    """Dial an external site for at most `answer_within_s` seconds.

    `max_calls` is what the PABX may have there where it was lent no lines (lending.py): 0 stands for no limit,
    LENT_ONLY for none at all.
    """

    site: str
    dial: str
    answer_within_s: int
    max_calls: int = 0
    hide_caller: bool = False

    def fields(self) -> tuple[str, ...]:
        """Return the fields of the text form."""
        caller = "hide" if self.hide_caller else "pass"
        calls = "lent" if self.max_calls == LENT_ONLY else str(self.max_calls)
        return ("site", self.site, self.dial, str(self.answer_within_s), calls, caller)


@dataclass(frozen=True, slots=True)
class PlayStep(_Part):
    """Play a message and hang up."""

    message: str
    file: str

    def fields(self) -> tuple[str, ...]:
        """Return the fields of the text form."""
        return ("play", self.message, self.file)


@dataclass(frozen=True, slots=True)
class VoicemailStep(_Part):
    """Take a voicemail in `mailbox` (`1234@default`) and hang up."""

    message: str
    mailbox: str

    def fields(self) -> tuple[str, ...]:
        """Return the fields of the text form."""
        return ("voicemail", self.message, self.mailbox)


TransferStep = QueueStep | SiteStep
LastStep = PlayStep | VoicemailStep
Step = TransferStep | LastStep


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps tried in order; the last one always takes the call: never silence, never a dead end."""

    transfers: tuple[TransferStep, ...]
    last: LastStep

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return all steps in order."""
        return (*self.transfers, self.last)

    @property
    def first(self) -> Step:
        """Return the step at which the call begins."""
        return self.transfers[0] if self.transfers else self.last

    @property
    def destination(self) -> str:
        """Return the name of the site or message that comes first."""
        return self.transfers[0].site if self.transfers else self.last.message


@dataclass(frozen=True, slots=True)
class Treatment(_Part):
    """How a service treats its callers, whatever their plan.

    Attributes:
        language: set on the channel; empty leaves it as it is.
        answer_on_entry: answer at once; False leaves the call unanswered (and unbilled) until somebody takes it.
        priority: rank in queues, 0 or more; a higher one goes first.
        announcement: sound file played at entry; empty for none.

    """

    language: str = ""
    answer_on_entry: bool = False
    priority: int = 0
    announcement: str = ""

    def fields(self) -> tuple[str, ...]:
        """Return the fields of the text form."""
        return (self.language, "entry" if self.answer_on_entry else "position", str(self.priority), self.announcement)


@dataclass(frozen=True, slots=True)
class Carried:
    """All that the text of a plan says."""

    decision: str
    service: str
    rule: str
    treatment: Treatment
    plan: Plan


def decode(text: str) -> Carried:
    """Return what a text of `encode` says.

    Raises:
        ValueError: it is no such text.

    """
    header, *pieces = (piece.split("|") for piece in text.split("&"))
    if not SAFE_TEXT.fullmatch(re.sub(r"[&|]", "", text)):
        raise ValueError(f"a plan can't carry all signs of {text!r}")
    try:
        version, decision, service, rule, language, answer, priority, announcement = header
        *transfers, last = (_step(*fields) for fields in pieces)
    except (TypeError, KeyError) as error:
        raise ValueError(f"this is no plan: {text!r}") from error
    treatment = Treatment(language, _either(answer, "entry", "position"), _count(priority), announcement)
    steps = tuple(step for step in transfers if isinstance(step, QueueStep | SiteStep))
    if version != VERSION or len(steps) != len(transfers) or not isinstance(last, PlayStep | VoicemailStep):
        raise ValueError(f"this is no plan: {text!r}")
    return Carried(decision, service, rule, treatment, Plan(steps, last))


def _step(kind: str, name: str, *fields: str) -> Step:
    match kind, fields:
        case "queue", (queue, max_wait_s):
            return QueueStep(name, queue, _count(max_wait_s))
        case "site", (dial, answer_within_s, max_calls, caller):
            most = LENT_ONLY if max_calls == "lent" else _count(max_calls)
            return SiteStep(name, dial, _count(answer_within_s), most, _either(caller, "hide", "pass"))
        case "play", (file,):
            return PlayStep(name, file)
        case "voicemail", (mailbox,):
            return VoicemailStep(name, mailbox)
    raise ValueError(f"a plan has no step {kind!r} with {len(fields) + 1} fields")


def _count(text: str) -> int:
    """Return a number as `encode` writes it: int() takes ` 5 `, `1_0` and digits of other scripts as well."""
    if not COUNT.fullmatch(text):
        raise ValueError(f"this is no number of a plan: {text!r}")
    return int(text)


def _either(text: str, yes: str, no: str) -> bool:
    if text not in {yes, no}:
        raise ValueError(f"a plan says {yes} or {no} there, not {text!r}")
    return text == yes


def encode(plan: Plan, *, decision: str, service: str, rule: str, treatment: Treatment) -> str:
    """Return the text of a plan: `v1|decision|service|rule|language|entry or position|priority|announcement&step&...`.

    Raises:
        ValueError: a value holds a sign that would change the meaning of the text, or the text is too long.

    """
    header = f"{VERSION}|{_safe(decision)}|{_names(service, rule)}|{treatment.text()}"
    text = "&".join([header, *[step.text() for step in plan.transfers], plan.last.text()])
    if len(text.encode()) > MAX_TEXT:
        raise ValueError(f"the plan takes {len(text.encode())} bytes, more than the {MAX_TEXT} that a PABX accepts")
    return text


@lru_cache(1024)
def _names(service: str, rule: str) -> str:
    return _joined((service, rule))


def _joined(fields: tuple[str, ...]) -> str:
    return "|".join(map(_safe, fields))


def _safe(value: str) -> str:
    if not SAFE_TEXT.fullmatch(value):
        raise ValueError(f"a plan can't carry {value!r}")
    return value
