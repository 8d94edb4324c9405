"""The life of a call: phases, facts, and what each fact makes of each phase."""

from enum import StrEnum


class Phase(StrEnum):
    """Where a call is in its life."""

    ROUTED = "routed"  # decided; the PABX has not confirmed
    LAPSED = "lapsed"  # decided; the PABX did not confirm in time
    ENTERING = "entering"  # at a queue step, not yet in the queue
    WAITING = "waiting"  # in a queue
    LEAVING = "leaving"  # out of the queue; what for is told next
    DIALLING = "dialling"  # at a site step, not answered
    TALKING = "talking"  # with a position or a site
    PLAYING = "playing"  # at the last step: message or voicemail
    BETWEEN = "between"  # one step ended and the next has not begun
    FINISHED = "finished"


ROUTED, LAPSED, ENTERING, WAITING, LEAVING, DIALLING, TALKING, PLAYING, BETWEEN, FINISHED = Phase
"""Looked up once, for those who compare: on the class that takes as long as half a dozen comparisons."""


class Fact(StrEnum):
    """What can happen to a call, as far as its phase is concerned."""

    ROUTED = "routed"
    EXPIRED = "expired"
    QUEUE_BEGAN = "queue began"
    SITE_BEGAN = "site began"
    LAST_BEGAN = "last step began"
    JOINED = "joined"
    LEFT = "left"
    CONNECTED = "connected"
    SITE_ANSWERED = "site answered"
    TALK_ENDED = "talk ended"
    STEP_ENDED = "step ended"
    GONE = "gone"


(
    ASKED,
    EXPIRED,
    QUEUE_BEGAN,
    SITE_BEGAN,
    LAST_BEGAN,
    JOINED,
    LEFT,
    CONNECTED,
    SITE_ANSWERED,
    TALK_ENDED,
    STEP_ENDED,
    _,
) = Fact
"""Looked up once, as the phases. `ASKED` is the fact `routed`, whose name is that of the phase that it leads to."""

_BEGINS = {Fact.QUEUE_BEGAN: Phase.ENTERING, Fact.SITE_BEGAN: Phase.DIALLING, Fact.LAST_BEGAN: Phase.PLAYING}
_ALWAYS = {Fact.ROUTED: Phase.ROUTED, Fact.STEP_ENDED: Phase.BETWEEN, Fact.GONE: Phase.FINISHED}

TRANSITIONS: dict[Phase, dict[Fact, Phase]] = {
    Phase.ROUTED: {
        **_ALWAYS,
        **_BEGINS,
        Fact.EXPIRED: Phase.LAPSED,
        Fact.JOINED: Phase.WAITING,
        Fact.LEFT: Phase.ROUTED,
        Fact.CONNECTED: Phase.TALKING,
        Fact.SITE_ANSWERED: Phase.TALKING,
        Fact.TALK_ENDED: Phase.ROUTED,
    },
    Phase.LAPSED: {
        **_ALWAYS,
        **_BEGINS,
        Fact.EXPIRED: Phase.LAPSED,
        Fact.JOINED: Phase.WAITING,
        Fact.LEFT: Phase.LAPSED,
        Fact.CONNECTED: Phase.TALKING,
        Fact.SITE_ANSWERED: Phase.TALKING,
        Fact.TALK_ENDED: Phase.LAPSED,
    },
    Phase.ENTERING: {
        **_ALWAYS,
        **_BEGINS,
        Fact.EXPIRED: Phase.ENTERING,
        Fact.JOINED: Phase.WAITING,
        Fact.LEFT: Phase.ENTERING,
        Fact.CONNECTED: Phase.TALKING,
        Fact.SITE_ANSWERED: Phase.ENTERING,
        Fact.TALK_ENDED: Phase.BETWEEN,
    },
    Phase.WAITING: {
        **_ALWAYS,
        **_BEGINS,
        Fact.EXPIRED: Phase.WAITING,
        Fact.JOINED: Phase.WAITING,
        Fact.LEFT: Phase.LEAVING,
        Fact.CONNECTED: Phase.TALKING,
        Fact.SITE_ANSWERED: Phase.WAITING,
        Fact.TALK_ENDED: Phase.BETWEEN,
    },
    Phase.LEAVING: {
        **_ALWAYS,
        **_BEGINS,
        Fact.EXPIRED: Phase.LEAVING,
        Fact.JOINED: Phase.WAITING,
        Fact.LEFT: Phase.LEAVING,
        Fact.CONNECTED: Phase.TALKING,
        Fact.SITE_ANSWERED: Phase.LEAVING,
        Fact.TALK_ENDED: Phase.BETWEEN,
    },
    Phase.DIALLING: {  # who is being dialled to a site can't be in a queue
        **_ALWAYS,
        **_BEGINS,
        Fact.EXPIRED: Phase.DIALLING,
        Fact.LEFT: Phase.DIALLING,
        Fact.SITE_ANSWERED: Phase.TALKING,
        Fact.TALK_ENDED: Phase.DIALLING,
    },
    Phase.TALKING: {  # a position may transfer its caller back to a queue
        **_ALWAYS,
        **_BEGINS,
        Fact.EXPIRED: Phase.TALKING,
        Fact.JOINED: Phase.WAITING,
        Fact.LEFT: Phase.TALKING,
        Fact.CONNECTED: Phase.TALKING,
        Fact.SITE_ANSWERED: Phase.TALKING,
        Fact.TALK_ENDED: Phase.BETWEEN,
    },
    Phase.PLAYING: {  # nothing comes after the last step
        **_ALWAYS,
        Fact.LAST_BEGAN: Phase.PLAYING,
        Fact.EXPIRED: Phase.PLAYING,
        Fact.LEFT: Phase.PLAYING,
        Fact.SITE_ANSWERED: Phase.PLAYING,
        Fact.TALK_ENDED: Phase.PLAYING,
    },
    Phase.BETWEEN: {
        **_ALWAYS,
        **_BEGINS,
        Fact.EXPIRED: Phase.BETWEEN,
        Fact.JOINED: Phase.WAITING,
        Fact.LEFT: Phase.BETWEEN,
        Fact.SITE_ANSWERED: Phase.BETWEEN,
        Fact.TALK_ENDED: Phase.BETWEEN,
    },
}
"""What a fact makes of a phase. The same phase: a late or repeated fact that tells nothing new. Absent: impossible; the
fact is refused and the call read again from the PABX."""

AT_A_SITE = frozenset(
    {Phase.ROUTED, Phase.ENTERING, Phase.WAITING, Phase.LEAVING, Phase.DIALLING, Phase.TALKING},
)
"""Phases in which a call takes one of the lines of the site of its step."""

RESERVED = frozenset({Phase.ROUTED, Phase.ENTERING})
"""Phases in which a call is on its way to a place, and counts there for a time."""

WITHDRAWN = frozenset({Phase.WAITING, Phase.LEAVING, Phase.BETWEEN})
"""Phases in which a withdrawal may be under way."""
