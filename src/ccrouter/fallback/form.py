"""The form of compiled dialplan: whoever puts such a file into a PABX can see that it is nothing else.

The daemon writes the file without any right over the PABX. What the PABX reads can do all that Asterisk can, so that it
is taken over only if every line is one that the compiler may have written. Known are whole steps, not words: Asterisk
reads again what a variable held, so that a call of a function can be put together from parts that look like nothing.
"""

import re
from collections.abc import Iterator
from typing import Final

from ccrouter.fallback.frame import FRAME
from ccrouter.fallback.succession import in_no_version
from ccrouter.fallback.text import LONGEST_LINE, PREFIX
from ccrouter.routing.plan import SAFE_TEXT

_CALLS: Final = "${GROUP_COUNT(${URIENCODE(<name>)}@ccrouter)}"
_TAKEN: Final = "$[${s<n>} = <n> | ${s<n>} = 0]"

_STEPS: Final = (
    # the call
    f"Goto({PREFIX}-now,n<n>,1)",
    f"Goto({PREFIX}-now,unknown,1)",
    "Set(LOCAL(group)=${EXTEN})",
    "Set(LOCAL(at)=${EPOCH})",
    "Set(LOCAL(wall)=$[${at} + <int>])",
    "Set(wall=$[${at} + <int>])",
    "GotoIf($[${at} < <n>]?wall)",
    "Set(LOCAL(day)=${STRFTIME(${wall},UTC,%u%Y%m%d)})",
    "Set(LOCAL(minute)=$[${STRFTIME(${wall},UTC,%H)} * 60 + ${STRFTIME(${wall},UTC,%M)}])",
    "Set(LOCAL(caller)=${FILTER(+0-9,${CALLERID(num)})})",
    'ExecIf($["${CALLERID(pres):0:7}" != "allowed"]?Set(caller=))',
    r"Set(LOCAL(language)=${FILTER(A-Za-z0-9_\x2d,${CHANNEL(language)})})",
    "Set(LOCAL(steps)=)",
    "Set(LOCAL(postponed)=)",
    f"Goto({PREFIX}-number,${{group}},1)",
    "Set(LOCAL(service)=<name>)",
    "Set(LOCAL(treatment)=<fields>)",
    "Set(LOCAL(rule)=<name>)",
    "Set(rule=<name>)",
    "Set(language=<name>)",
    f"GotoIf($[<said>]?{PREFIX}-to,d<n>,1)",
    f"Goto({PREFIX}-service<n>,s,1)",
    # the rules
    "NoOp()",
    "GotoIf($[<said>]?:r<n>)",
    f"Goto({PREFIX}-to,d<n>,1)",
    "Set(LOCAL(x<n>)=$[<said>])",
    "Set(LOCAL(base)=${CUT(language,-,1)})",
    "Set(base=${CUT(base,_,1)})",
    f"Gosub({PREFIX}-hours<n>,${{day}},1)",
    "Set(LOCAL(h<n>)=${GOSUB_RETVAL})",
    f"Gosub({PREFIX}-levels,k<n>,1)",
    "Set(LOCAL(k<n>)=${GOSUB_RETVAL})",
    f"Gosub({PREFIX}-trunk,sip,1(<name>))",
    f"Gosub({PREFIX}-trunk,other,1(<name>))",
    "Set(LOCAL(e<hash>)=${GOSUB_RETVAL})",
    # calendars, and the numbers and callers asked about
    "Return()",
    "Return(0)",
    "Return(1)",
    "Return($[<said>])",
    # thresholds
    f"Set(LOCAL(value)={_CALLS})",
    f"Set(LOCAL(value)=$[<n> - {_CALLS}])",
    "ExecIf($[${value} < 0]?Set(value=0))",
    "GotoIf($[0${QUEUE_EXISTS(<name>)} = 0]?unknown,1)",
    "Set(LOCAL(value)=${QUEUE_WAITING_COUNT(<name>)})",
    "Set(LOCAL(value)=${QUEUE_MEMBER(<name>,logged)})",
    "Set(LOCAL(value)=${QUEUE_MEMBER(<name>,ready)})",
    f"Gosub({PREFIX}-paused,s,1(<name>))",
    "Set(LOCAL(there)=$[${QUEUE_MEMBER(<name>,logged)} - ${GOSUB_RETVAL}])",
    "GotoIf($[${there} <= 0]?unknown,1)",
    "Set(LOCAL(value)=$[(${there} - ${QUEUE_MEMBER(<name>,ready)}) * 100 / ${there}])",
    "Set(LOCAL(since)=$[${at} - 0${CCROUTER_LATCH_<hash>}])",
    "Set(LOCAL(on)=$[<said>])",
    "Set(GLOBAL(CCROUTER_LATCH_<hash>)=$[${on} * ${at}])",
    "Return($[${on} * 2])",
    "Return($[(<said>) * 2])",
    # destinations
    "Set(LOCAL(last)=<fields>)",
    f"Gosub({PREFIX}-sites,t<n>,1)",
    'ExecIf($["${p<hash>}" = "1"]?Set(GOSUB_RETVAL=closed))',
    f"Gosub({PREFIX}-plan,add,1(${{GOSUB_RETVAL}},<fields>))",
    "Set(LOCAL(p<hash>)=)",
    "Set(LOCAL(s<n>p<n>)=${GOSUB_RETVAL})",
    f"Gosub({PREFIX}-turn,s,1(<hash>,<weights>,<usable>))",
    "Set(LOCAL(s<n>)=${GOSUB_RETVAL})",
    f"Gosub({PREFIX}-plan,add,1(${{IF({_TAKEN}?${{s<n>p<n>}}:closed)}},<fields>))",
    f"ExecIf({_TAKEN}?Set(p<hash>=1))",
    f"Goto({PREFIX}-plan,end,1)",
    # sites
    "GotoIf($[${GOSUB_RETVAL} = 0]?closed,1)",
    'GotoIf($["${GOSUB_RETVAL}" = "down"]?late,1)',
    f"Gosub({PREFIX}-lines,s,1(${{URIENCODE(<name>)}},<n>))",
    f"GotoIf($[{_CALLS} >= <n>]?late,1)",
    f"GotoIf($[{_CALLS} >= ${{GOSUB_RETVAL}}]?late,1)",
    "GotoIf($[0${QUEUE_EXISTS(<name>)} = 0]?closed,1)",
    "GotoIf($[0${QUEUE_MEMBER(<name>,logged)} = 0]?late,1)",
    "Return(free)",
)
"""All steps that the compiler writes, but for those of FRAME."""

_SAID: Final = (
    "${h<n>}",
    "${x<n>}",
    "${k<n>} > <n>",
    "${at} >= <n>",
    "${at} < <n>",
    "${minute} >= <n>",
    "${minute} < <n>",
    "${since} >= 0",
    "${since} < <n>",
    "${value} >= <amount>",
    "${value} <= <amount>",
    '"${caller}" = ""',
    '"${language}" = "<name>"',
    '"${base}" = "<name>"',
    '"${e<hash>}" = "<reach>"',
    '"${e<hash>}" != "<reach>"',
    f"0${{DIALPLAN_EXISTS({PREFIX}-set<n>,${{CCROUTER_NUMBER}},1)}} > 0",
    f"0${{DIALPLAN_EXISTS({PREFIX}-set<n>,c${{caller}},1)}} > 0",
)
"""What a condition is made of, with brackets and the signs of and, or, not."""

_NAME: Final = SAFE_TEXT.pattern
_HOLES: Final = {
    "n": "[0-9]+",
    "int": "-?[0-9]+",
    "amount": r"-?[0-9.]+(?:e[+-]?[0-9]+)?",
    "hash": "[0-9a-f]+",
    "reach": "up|down",
    "name": _NAME,
    "fields": rf"{_NAME}(?:\|{_NAME})*",
    "weights": r"[0-9]+(?:\|[0-9]+)*",
    "usable": r'(?:\$\["\$\{s[0-9]+p[0-9]+\}" = "free"\])+',
}


def _pattern(steps: tuple[str, ...], holes: dict[str, str]) -> str:
    def one(step: str) -> str:
        parts = re.split(r"<(\w+)>", step)
        return "".join(f"(?:{holes[part]})" if nth % 2 else re.escape(part) for nth, part in enumerate(parts))

    return "|".join(map(one, steps))


_STEP: Final = re.compile(_pattern(_STEPS, {**_HOLES, "said": f"(?:{_pattern(_SAID, _HOLES)}|[()!&| ])+"}))
_FRAME: Final = frozenset(FRAME.split("\n"))
_LINE: Final = re.compile(
    r"; [^;\x00-\x1f]*"
    rf"|\[(globals|{PREFIX}(-[a-z0-9]+)?)\]"
    r"|CCROUTER_FALLBACK = [0-9a-f]+-[0-9a-f]{12}"
    r"|(?:exten => _?[A-Za-z0-9+.!\[\]-]+,1| same => n(?:\([a-z0-9]+\))?),(?P<step>.+)"
)


def strange_lines(text: str) -> Iterator[int]:
    """Yield the numbers of the lines, from 1, that no compiled file has."""
    for number, line in enumerate(map(in_no_version, text.split("\n")), 1):
        if line not in _FRAME and not _known(line):
            yield number


def _known(line: str) -> bool:
    found = _LINE.fullmatch(line)
    if found is None or len(line.encode()) > LONGEST_LINE:
        return False
    return found["step"] is None or _STEP.fullmatch(found["step"]) is not None
