"""Names shared with the dialplan (asterisk/extensions_ccrouter.conf); a test compares both sides."""

from typing import Final

PLAN: Final = "CCROUTER_PLAN"
"""Channel variable set by the FastAGI answer: the text of the plan (routing/plan.py)."""


RANKS: Final = (1, 2)
"""Of the routers that the dialplan may ask, the best first."""


def heartbeat(rank: int) -> str:
    """Return the global variable of a router's last sign of life: seconds since 1970, by the PABX's own clock."""
    return "CCROUTER_BEAT" if rank == 1 else f"CCROUTER_BEAT_{rank}"


def key_variable(rank: int) -> str:
    """Return the global variable of the key that the dialplan brings along when it asks a router."""
    return "CCROUTER_KEY" if rank == 1 else f"CCROUTER_KEY_{rank}"


SWITCH: Final = "CCROUTER_SWITCH"
"""Channel variable of a telephone that dialled the code of a mode: `uniqueid|dialled|code|name`. The code is the digits
after the prefix, `*1` for on or `*0` for off may follow; the name is its caller's, empty where it may not be shown."""

MODE: Final = "CCROUTER_MODE"
"""Channel variable set by the FastAGI answer to such a telephone: one of MODE_ANSWERS."""

MODE_ANSWERS: Final = ("on", "off", "refused", "unknown", "failed")
"""`refused`: this telephone may not; `unknown`: no mode has this code; `failed`: it could not be switched."""

LAMP: Final = "Custom:ccrouter-"
"""Name of a mode's device, followed by its code: INUSE while the mode is on, NOT_INUSE while it is off."""

CALL_VARIABLES: Final = (
    "CCROUTER_NUMBER",  # what the caller dialled
    PLAN,  # in force; without a decision's id where the PABX went on by itself
    "CCROUTER_STEP",  # `place|began|` and the plan's text of the step: 1|1795289835031|queue|paris|support|90
)
"""Channel variables that tell where a call is: read back from the PABX by the AMI action Status."""

STEP_EVENT: Final = "CCRouterStep"
"""UserEvent at the begin and at the end of each step."""

STEP_FIELDS: Final = (
    "Phase",  # begin, end
    "Number",
    "Decision",
    "Service",
    "Rule",
    "Step",  # 1 for the first step of the plan
    "Kind",  # queue, site, play, voicemail
    "Target",  # name of the site or message
    "Result",  # at the end; see STEP_RESULTS
    "Cause",  # at the end of a site step: Q.850 cause, 0 where none was given
    "Elapsed",  # at the end: milliseconds since the begin
)

STEP_RESULTS: Final = {
    "queue": (
        "answered",
        "timeout",
        "full",
        "joinempty",
        "leaveempty",
        "joinunavail",
        "leaveunavail",
        "withdraw",
        "unknown",
    ),
    "site": ("answered", "busy", "congestion", "chanunavail", "noanswer", "full", "died"),
    "play": ("done", "failed"),
    "voicemail": ("done", "failed"),
}
"""What a step can end with. `full`: the capacity guard refused; `died`: the site was lost in the middle of the talk;
`unknown`: there is no such queue; `failed`: the sound file or the mailbox is missing, and the caller heard a tone.
A caller who hangs up in a step ends it without an end event: Hangup and CCRouterEnd tell."""

END_EVENT: Final = "CCRouterEnd"
"""UserEvent when the caller's channel ends, from the hangup handler."""

END_FIELDS: Final = (
    "Number",
    "Decision",
    "Service",
    "Rule",
    "Step",
    "Kind",
    "Target",
    "Entry",  # routed, fallback, stored, static: which plan the entry found (but for the first: without a router)
    "By",  # who ended the call; see ENDED_BY
)

ENDED_BY: Final = ("caller", "plan", "other", "")
"""`plan`: it ended the call itself; `other`: neither the caller nor the plan did, while the plan was being carried out;
empty where that can't be told: the call had been taken elsewhere, or its technology does not say who hung up."""
