"""The dialplan's file and the Python side name the same things, and agree on what a plan is."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccrouter import contract
from ccrouter.routing.plan import (
    LastStep,
    Plan,
    PlayStep,
    QueueStep,
    SiteStep,
    TransferStep,
    Treatment,
    VoicemailStep,
    encode,
)

ASTERISK = Path(__file__).parents[2] / "asterisk"
DIALPLAN = (ASTERISK / "extensions_ccrouter.conf").read_text()
MANAGER = (ASTERISK / "manager_ccrouter.conf").read_text()

SAFE = re.compile(r"FILTER\((\\x20\\x21[^,]*),\$\{CCROUTER_PLAN\}")
GRAMMAR = re.compile(r'REGEX\("(\^v1[^"]*)" \$\{safe\}')


def is_accepted(plan: str) -> bool:
    """Judge as the dialplan does: no unsafe sign, and the whole grammar."""
    [safe], [grammar] = SAFE.findall(DIALPLAN), GRAMMAR.findall(DIALPLAN)
    signs = re.compile(f"[{safe}]*".encode())
    return bool(signs.fullmatch(plan.encode()) and re.fullmatch(grammar, plan))


def fields_of(event: str, phase: str = "") -> list[str]:
    """Return the fields of a UserEvent in the dialplan, in order."""
    [found] = re.findall(rf"UserEvent\({event},(?:Phase: {phase},)?(Number.*)\)$", DIALPLAN, re.MULTILINE)
    return re.findall(r"(?:^|,)(\w+): ", found)


def test_the_events_have_the_fields_of_the_contract() -> None:
    """Both ends of a step and the end of a call are told with exactly the agreed fields."""
    whole = list(contract.STEP_FIELDS)
    assert ["Phase", *fields_of(contract.STEP_EVENT, "end")] == whole
    assert ["Phase", *fields_of(contract.STEP_EVENT, "begin")] == whole[: whole.index("Result")]
    assert fields_of(contract.END_EVENT) == list(contract.END_FIELDS)


@pytest.mark.parametrize("name", contract.CALL_VARIABLES)
def test_the_channel_variables_are_kept(name: str) -> None:
    """What the router reads back from a channel is set by the dialplan."""
    assert re.search(rf"Set\((?:.*,)?{name}=", DIALPLAN)


def test_the_dialplan_of_modes_speaks_the_contract() -> None:
    """What a telephone dialled, each answer to it, and the device of its lamp have the names that the router uses."""
    assert f"Set({contract.SWITCH}=${{UNIQUEID}}|" in DIALPLAN
    assert f"${{{contract.MODE}}}" in DIALPLAN
    assert set(re.findall(r"^exten => told-(\w+),", DIALPLAN, re.MULTILINE)) == set(contract.MODE_ANSWERS)
    assert set(re.findall(r",hint,(.*?)\$", DIALPLAN)) == {contract.LAMP}
    value = re.search(rf"Set\({contract.SWITCH}=(.*)\)$", DIALPLAN, re.MULTILINE)
    assert value is not None
    assert value[1].count("|") == 3


def test_the_routers_variables_are_read() -> None:
    """The plan and the heartbeat of each router are read under the names that the routers write."""
    assert f"${{{contract.PLAN}}}" in DIALPLAN
    read = re.search(r"\$\{(\w+BEAT)\$\{which\}\}", DIALPLAN)
    suffix = re.search(r"Set\(LOCAL\(which\)=\$\{IF\(\$\[\$\{ARG1\} > 1\]\?(\w+)\$\{ARG1\}:\)\}\)", DIALPLAN)
    assert read is not None
    assert suffix is not None
    assert (contract.heartbeat(1), contract.heartbeat(2)) == (read[1], f"{read[1]}{suffix[1]}2")


def test_the_event_filter_lets_the_router_s_events_through() -> None:
    """The filter of the AMI user passes what the dialplan tells."""
    filters = [re.compile(text) for text in re.findall("^eventfilter = (.*)$", MANAGER, re.MULTILINE)]
    for name in (contract.STEP_EVENT, contract.END_EVENT):
        event = f"Event: UserEvent\r\nPrivilege: user,all\r\nChannel: x\r\nUserEvent: {name}\r\n"
        assert any(re.search(one.pattern, event, re.DOTALL) for one in filters)
    assert not any(one.search("Event: Newchannel\r\nChannel: x\r\n") for one in filters)


names = st.text(st.sampled_from("abcXYZ 0189-_.+/@:'éà€#%*<>=?!~^`"), min_size=1, max_size=12)
seconds = st.integers(1, 99_999)
transfers: st.SearchStrategy[TransferStep] = st.one_of(
    st.builds(QueueStep, site=names, queue=names, max_wait_s=seconds),
    st.builds(
        SiteStep,
        site=names,
        dial=names,
        answer_within_s=seconds,
        max_calls=st.integers(0, 99_999),
        hide_caller=st.booleans(),
    ),
)
lasts: st.SearchStrategy[LastStep] = st.one_of(
    st.builds(PlayStep, message=names, file=names), st.builds(VoicemailStep, message=names, mailbox=names)
)
treatments = st.builds(
    Treatment,
    language=st.sampled_from(["", "fr", "fr_CA", "en-GB"]),
    answer_on_entry=st.booleans(),
    priority=st.integers(0, 9999),
    announcement=st.one_of(st.just(""), names),
)


@given(
    plan=st.builds(Plan, transfers=st.lists(transfers, max_size=4).map(tuple), last=lasts),
    treatment=treatments,
    decision=names,
    rule=names,
)
def test_every_plan_of_the_router_is_one_for_the_dialplan(
    plan: Plan, treatment: Treatment, decision: str, rule: str
) -> None:
    """Whatever encode() writes, the dialplan accepts."""
    assert is_accepted(encode(plan, decision=decision, service="support", rule=rule, treatment=treatment))


FOREIGN = [",", '"', "\\", "$", "{", "}", "(", ")", "[", "]", ";", "\r", "\n", "\0"]
PLAN = (
    "v1|d1|support|peak|fr|entry|0|hello&queue|paris|support|90&site|tunis|PJSIP/+216@trunk|25|30|pass&play|closed|bye"
)


@given(st.integers(0, len(PLAN)), st.sampled_from(FOREIGN))
def test_one_foreign_sign_spoils_a_plan(place: int, sign: str) -> None:
    """A sign that could end an argument or a line, or start an expression, makes the plan malformed."""
    assert is_accepted(PLAN)
    assert not is_accepted(PLAN[:place] + sign + PLAN[place:])


@given(st.integers(0, PLAN.rindex("|") + 1))
def test_half_a_plan_is_none(length: int) -> None:
    """What was cut before its last field is not followed, wherever it was cut."""
    assert not is_accepted(PLAN[:length])
