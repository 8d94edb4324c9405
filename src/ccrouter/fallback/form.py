"""The form of compiled dialplan: whoever puts such a file into a PABX can see that it is nothing else.

The daemon writes the file without any right over the PABX. What the PABX reads can do all that Asterisk can, so that it
is taken over only if every line is one that the compiler may have written.
"""

import re
from collections.abc import Iterator
from typing import Final

from ccrouter.fallback.text import LONGEST_LINE, PREFIX

APPLICATIONS: Final = frozenset({"ExecIf", "Gosub", "Goto", "GotoIf", "NoOp", "Return", "Set"})

FUNCTIONS: Final = frozenset(
    {
        "CALLERID",
        "CHANNEL",
        "CUT",
        "DEVICE_STATE",
        "DIALPLAN_EXISTS",
        "FILTER",
        "GLOBAL",
        "GROUP_COUNT",
        "IF",
        "LEN",
        "LOCK",
        "PJSIP_AOR",
        "PJSIP_CONTACT",
        "PJSIP_ENDPOINT",
        "QUEUE_EXISTS",
        "QUEUE_MEMBER",
        "QUEUE_MEMBER_LIST",
        "QUEUE_WAITING_COUNT",
        "SHIFT",
        "STRFTIME",
        "UNLOCK",
        "URIENCODE",
    }
)  # fmt: skip - a list of words
"""Those that are read; none of them reaches a file, a network or a shell."""

_LINE: Final = re.compile(
    r"|; [^;\x00-\x1f]*"
    rf"|\[(globals|{PREFIX}(-[a-z0-9]+)?)\]"
    r"|CCROUTER_FALLBACK = [0-9a-f]+-[0-9a-f]{12}"
    r"|exten => _?[A-Za-z0-9+.!\[\]-]+,1,(?P<first>[^;\x00-\x1f]+)"
    r"| same => n(\([a-z0-9]+\))?,(?P<next>[^;\x00-\x1f]+)"
)
_STEP: Final = re.compile(r"([A-Za-z]+)\(.*\)")
_OPENED: Final = re.compile(r"(\}?)(\w*)\(")
_SET: Final = re.compile(r"Set\((\w+)(?:\((\w*))?")
_SET_ALSO: Final = re.compile(r"CCROUTER_(LATCH|TURN)_\w*")
_GOES: Final = re.compile(r"Go(?:to|sub)\(([^,()]+)")
_BRANCH: Final = re.compile(rf"[a-z0-9]*(,1)?|{PREFIX}[a-z0-9-]*,\w+,1")


def strange_lines(text: str) -> Iterator[int]:
    """Yield the numbers of the lines, from 1, that no compiled file has."""
    for number, line in enumerate(text.split("\n"), 1):
        found = _LINE.fullmatch(line)
        if found is None or len(line.encode()) > LONGEST_LINE:
            yield number
            continue
        step = found["first"] or found["next"]
        if step is not None and not _harmless(step):
            yield number


def _harmless(step: str) -> bool:
    application = _STEP.fullmatch(step)
    if application is None or application[1] not in APPLICATIONS:
        return False
    for composed, word in _OPENED.findall(step):
        # A name put together from variables could be any; 1 opens the arguments of Gosub.
        if composed or (word and word not in APPLICATIONS | FUNCTIONS | {"LOCAL", "1"}):
            return False
    for name, argument in _SET.findall(step):
        if name == "GLOBAL" and not _SET_ALSO.fullmatch(argument):
            return False
        if argument and name not in {"GLOBAL", "LOCAL"}:
            return False
    return _stays(step)


def _stays(step: str) -> bool:
    """Tell whether all jumps end at a label, at an extension of the same context, or in a compiled context."""
    if step.startswith("GotoIf"):
        condition, _, branches = step.removesuffix(")").partition("?")
        return "?" not in branches and all(map(_BRANCH.fullmatch, branches.split(":"))) and "Go" not in condition[6:]
    return all(place.startswith(PREFIX) or place.isalnum() for place in _GOES.findall(step))
