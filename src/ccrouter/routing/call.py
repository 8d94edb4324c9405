"""A call, as far as a decision needs to know it."""

from ccrouter.routing.values import dataclass


@dataclass(frozen=True, slots=True)
class Call:
    """One caller on one PABX.

    Attributes:
        pabx: name of the PABX that carries the call, from the settings.
        uniqueid: Asterisk's id of the caller's channel; with `pabx` it names the call.
        number: what the caller dialled (DNIS), digits with an optional leading `+`.
        caller: the caller's number, or None where it is hidden or absent.
        language: the channel's language, such as `fr`; empty where unset.
        caller_known: False for a call of which only the PABX knows who calls, and in which language: one that was
            waiting already when this router started.
        waited_s: seconds that the caller has waited in queues so far; None for a call that has just arrived.

    """

    pabx: str
    uniqueid: str
    number: str
    caller: str | None = None
    language: str = ""
    waited_s: float | None = None
    caller_known: bool = True
