"""What a PABX says in the course of a call: recorded messages of a real one, as templates that other calls fill in."""

import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from support.agi import RECORDED

DATA: Final = Path(__file__).resolve().parents[2] / "tests" / "replay" / "data"
END: Final = b"\r\n\r\n"

Said = dict[bytes, bytes]
"""Values of a call, by the names that templates have for them."""


def _recorded(name: str) -> list[bytes]:
    return gzip.decompress((DATA / f"{name}.ami.gz").read_bytes()).split(END)


_RINGS: Final = _recorded("rings_22")
_ROUTED: Final = _recorded("routed_calls_22")

_QUEUED: Final = {
    "1795334283.0": "uniqueid",
    "1795334286.2": "other_uniqueid",
    "PJSIP/carrier-00000000": "channel",
    "PJSIP/agent2-00000002": "other_channel",
    "PJSIP/agent2": "interface",
    "agent2": "other",
    "queue1": "queue",
    "0800000003": "number",
    "d1": "decision",
    "support": "service",
    "peak": "rule",
    "paris": "target",
    "33600000004": "caller",
}
_AT_A_SITE: Final = {
    "1795299279.7": "uniqueid",
    "1795299279.12": "other_uniqueid",
    "PJSIP/carrier-00000007": "channel",
    "PJSIP/trunk-slow-0000000c": "other_channel",
    "site": "other",
    "0800000025": "number",
    "d24": "decision",
    "support": "service",
    "peak": "rule",
    "slow": "target",
    "33600000026": "caller",
}
"""Values of the calls that were recorded, and the names of what comes in their place."""

_STEP: Final = "%(kind)b|%(target)b|%(target)b|90"
_OF_CALL: Final = {
    "CCROUTER_NUMBER": "%(number)b",
    "CCROUTER_PLAN": f"v1|%(decision)b|%(service)b|%(rule)b||position|0|&{_STEP}&play|closed|all-circuits-busy-now",
    "CCROUTER_STEP": f"1|%(began)b|{_STEP}",
}
"""The variables of a call in a row of Status."""


def _template(recorded: Sequence[bytes], having: Mapping[str, str], names: Mapping[str, str], **keys: str) -> bytes:
    """Return the first message that has certain fields, with names in place of values; `keys` name fields as such."""
    signs = [f"{key}: {value}".encode() for key, value in having.items()]
    found = next(each for each in recorded if all(sign in each.split(b"\r\n") for sign in signs))
    lines = []
    for line in found.decode().split("\r\n"):
        key, _, value = line.partition(": ")
        if key == "ActionID":
            continue
        if key == "Variable":
            lines.append(_variable(value))
        elif key in keys:
            lines.append(f"{key}: {keys[key]}")
        elif value in names and key not in {"Kind", "Exten", "DestExten"}:
            lines.append(f"{key}: %({names[value]})b")
        else:
            lines.append(line.replace("%", "%%"))
    return "\r\n".join(lines).encode()


def _variable(value: str) -> str:
    name = value.partition("=")[0]
    return f"Variable: {value if value.endswith('(null)') else f'{name}={_OF_CALL[name]}'}"


def _queued(event: str, **more: str) -> bytes:
    return _template(_RINGS, {"Event": event, **more}, _QUEUED, Position="%(position)b", Count="%(count)b") + END


def _routed(event: str, **more: str) -> bytes:
    return _template(_ROUTED, {"Event": event, **more}, _AT_A_SITE, Step="1") + END


_CALLER: Final = {"Uniqueid": "1795334283.0"}
_POSITION: Final = {"DestUniqueid": "1795334286.2"}
_SITE: Final = {"DestUniqueid": "1795299279.12"}

MEMBER: Final = (
    _template(
        _RINGS,
        {"Event": "QueueMemberStatus", "Interface": "PJSIP/agent2"},
        _QUEUED,
        InCall="%(in_call)b",
        Status="%(status)b",
        LastCall="%(last_call)b",
    )
    + END
)

JOINS: Final = _queued("UserEvent", Phase="begin", **_CALLER) + _queued("QueueCallerJoin", **_CALLER)
RINGS: Final = _queued("AgentCalled", **_POSITION)
ANSWERED: Final = (
    _queued("DialEnd", DialStatus="ANSWER", **_POSITION)
    + _queued("QueueCallerLeave", **_CALLER)
    + _queued("AgentConnect", **_POSITION)
)
TALKED: Final = (
    _queued("AgentComplete", **_POSITION)
    + _queued("UserEvent", Phase="end", **_CALLER)
    + _queued("Hangup", Uniqueid="1795334286.2")
    + _queued("UserEvent", UserEvent="CCRouterEnd", **_CALLER)
)
GONE: Final = _queued("Hangup", **_CALLER)
"""A call to a queue in the order in which it was recorded; members' states come between."""

DIALS: Final = _routed("UserEvent", Phase="begin", Uniqueid="1795299279.7", Kind="site")
SITE_ANSWERED: Final = _routed("DialEnd", **_SITE)
SITE_TALKED: Final = (
    _routed("UserEvent", Phase="end", Uniqueid="1795299279.7", Kind="site")
    + _routed("UserEvent", UserEvent="CCRouterEnd", Uniqueid="1795299279.7").removesuffix(END)
    + b"\r\nBy: plan"
    + END
    + _routed("Hangup", Uniqueid="1795299279.12")
    + _routed("Hangup", Uniqueid="1795299279.7")
)
"""A call to a site; who ended it was not told yet when it was recorded."""

_WAITS: Final = {"PJSIP/carrier-00000019": "channel", "1795299280.25": "uniqueid", "33600000007": "caller"}
_TALKS: Final = {
    "PJSIP/carrier-00000016": "channel",
    "1795299280.22": "uniqueid",
    "33600000006": "caller",
    "agent3": "other",
    "e9158c74-1945-4951-9f31-f93c3801082c": "uniqueid",
}
_DIALLED: Final = {"PJSIP/carrier-00000000": "channel", "1795299279.0": "uniqueid", "33600000022": "caller"}
_POSITION_TALKS: Final = {**_TALKS, "PJSIP/agent3-00000017": "other_channel", "1795299280.23": "other_uniqueid"}

WAITING_ROW: Final = _template(_ROUTED, {"Event": "Status", "Channel": "PJSIP/carrier-00000019"}, _WAITS)
TALKING_ROW: Final = _template(_ROUTED, {"Event": "Status", "Channel": "PJSIP/carrier-00000016"}, _TALKS)
OTHER_ROW: Final = _template(_ROUTED, {"Event": "Status", "Channel": "PJSIP/agent3-00000017"}, _POSITION_TALKS)
SITE_ROW: Final = _template(
    _ROUTED,
    {"Event": "Status", "Channel": "PJSIP/carrier-00000000"},
    _DIALLED,
    ChannelState="6",
    ChannelStateDesc="Up",
    BridgeID="%(uniqueid)b",
)
ENTRY_ROW: Final = _template(
    _ROUTED,
    {"Event": "QueueEntry", "Uniqueid": "1795299280.25"},
    {**_WAITS, "support": "queue"},
    Position="%(position)b",
    Wait="%(wait)b",
)
MEMBER_ROW: Final = _template(
    _ROUTED,
    {"Event": "QueueMember", "Location": "PJSIP/agent1"},
    {"PJSIP/agent1": "interface", "support": "queue"},
    InCall="%(in_call)b",
    Status="%(status)b",
    LastCall="%(last_call)b",
)
QUEUE_ROW: Final = _template(_ROUTED, {"Event": "QueueParams", "Queue": "support"}, {"support": "queue"})
"""Rows of the listings, without the blank line: an ActionID comes behind."""

REQUEST: Final = (
    RECORDED["22"]
    .replace(b"%", b"%%")
    .replace(b"route/paris", b"route/%(pabx)b")
    .replace(b"PJSIP/anonymous-00000000", b"%(channel)b")
    .replace(b"1795297266.0", b"%(uniqueid)b")
    .replace(b"0612345678", b"%(caller)b")
    .replace(b"0800123456", b"%(number)b")
    .removesuffix(b"\n")
    + b"agi_arg_1: %(number)b\nagi_arg_2: 1\nagi_arg_3: %(key)b\n\n"
)
"""What the dialplan sends to the router for a call."""


def events_in(said: bytes) -> int:
    """Return how many messages a text holds."""
    return said.count(END)
