"""What leaves for the PABX, read by the receiver's own grammar: no value becomes a step, a header or an order.

The grammar is that of the dialplan's text itself: its FILTER() and REGEX() are taken out of the file.
"""

import re
from pathlib import Path
from typing import Final

from hypothesis import example, given
from hypothesis import strategies as st

from ccrouter.agi.protocol import set_variable
from ccrouter.ami.wire import END, encode
from ccrouter.routing import plan as plans
from ccrouter.routing.plan import Plan, PlayStep, QueueStep, SiteStep, Treatment, VoicemailStep

DIALPLAN: Final = (Path(__file__).parents[2] / "asterisk" / "extensions_ccrouter.conf").read_text()


def _checked() -> tuple[frozenset[int], re.Pattern[str]]:
    """Return the signs and the form that the dialplan's `check` lets pass."""
    kept = re.search(r"LOCAL\(safe\)=\$\{FILTER\(([^,]+),", DIALPLAN)
    form = re.search(r'\$\{REGEX\("(\^v1.*)" \$\{safe\}\)\}', DIALPLAN)
    assert kept is not None
    assert form is not None
    signs = set[int]()
    for first, last in re.findall(r"\\x([0-9a-f]{2})(?:-\\x([0-9a-f]{2}))?", kept[1]):
        signs.update(range(int(first, 16), int(last or first, 16) + 1))
    return frozenset(signs), re.compile(form[1])


SIGNS, FORM = _checked()

HOSTILE: Final = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="&|,;\"'\\${}[]()^:?\r\n\0 \u2028\u00e9/@-=%", max_size=30),
    st.sampled_from(
        [
            "x&site|a|Local/s@evil|9|9|pass",
            "a|b",
            "${SHELL(id)}",
            "$[1+1]",
            'x"',
            "x)\r\nAction: Originate",
            "x,Set(A=1)",
            "support,,,,9",
            "PJSIP/1@trunk,30,F(evil^s^1)",
        ]
    ),
    st.from_regex(r"[A-Za-z0-9/@_-]{1,12}", fullmatch=True),
)
SECONDS: Final = st.integers(1, 999_999)

QUEUES: Final = st.builds(QueueStep, HOSTILE, HOSTILE.filter(bool), SECONDS)
SITES: Final = st.builds(SiteStep, HOSTILE.filter(bool), HOSTILE.filter(bool), SECONDS, st.integers(0, 999_999))
LASTS: Final = st.builds(PlayStep, HOSTILE, HOSTILE.filter(bool)) | st.builds(
    VoicemailStep, HOSTILE, HOSTILE.filter(bool)
)
PLANS: Final = st.builds(Plan, st.lists(QUEUES | SITES, max_size=4).map(tuple), LASTS)


@given(PLANS, HOSTILE, HOSTILE, HOSTILE)
@example(Plan((), PlayStep("closed", "beep")), "support", "out of hours", "custom/hello")
def test_a_plan_says_to_the_dialplan_what_it_says_to_us(plan: Plan, service: str, rule: str, announcement: str) -> None:
    """It is refused here, or passes there whole: as many steps, each with its fields, no sign that starts a program."""
    treatment = Treatment(announcement=announcement)
    try:
        text = plans.encode(plan, decision="d-1", service=service, rule=rule, treatment=treatment)
    except ValueError:
        return
    assert set(text.encode()) <= SIGNS
    assert FORM.fullmatch(text)
    header, *steps = text.split("&")
    assert [tuple(step.split("|")) for step in steps] == [step.fields() for step in plan.steps]
    assert header.split("|")[1:4] == ["d-1", service, rule]
    # One order each, whichever way it leaves.
    assert set_variable("CCROUTER_PLAN", text).count(b"\n") == 1
    order = encode({"Action": "QueueWithdrawCaller", "Queue": "q", "Caller": "c", "WithdrawInfo": text})
    assert (order.count(b"\r\n"), order.count(END)) == (5, 1)


@given(st.dictionaries(st.sampled_from(["Queue", "Caller", "Variable", "Value", "WithdrawInfo"]), HOSTILE, min_size=1))
def test_an_order_is_one_to_asterisks_reader(fields: dict[str, str]) -> None:
    r"""Asterisk ends a line at \r\n or at a bare \n, and an order at an empty line."""
    try:
        sent = encode({"Action": "Setvar", **fields})
    except ValueError:
        return
    lines = re.split(rb"\r?\n", sent)
    assert lines[-2:] == [b"", b""]
    read = dict(line.split(b": ", 1) for line in lines[:-2])
    assert read == {name.encode(): value.encode() for name, value in {"Action": "Setvar", **fields}.items()}


@given(HOSTILE)
def test_a_variable_is_one_word_to_asterisks_reader(value: str) -> None:
    r"""res_agi takes `\` for an escape and `"` for the end of a word, and nothing else."""
    try:
        sent = set_variable("CCROUTER_PLAN", value)
    except ValueError:
        return
    assert sent.endswith(b"\n")
    assert b"\n" not in sent[:-1]
    words: list[str] = []
    quoted, escaped, word = False, False, ""
    for sign in sent[:-1].decode() + " ":
        if escaped:
            word, escaped = word + sign, False
        elif sign == "\\":
            escaped = True
        elif sign == '"':
            quoted = not quoted
        elif sign == " " and not quoted:
            words, word = [*words, word], ""
        else:
            word += sign
    assert words == ["SET", "VARIABLE", "CCROUTER_PLAN", value]
