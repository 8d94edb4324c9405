"""Routing files that Hypothesis writes: the rules promise something of all of them, not of those that we thought of."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ccrouter.config.load import compile_text
from ccrouter.routing.decide import decide, decide_waiting
from ccrouter.routing.plan import PlayStep, VoicemailStep
from support.routing_files import HOUSES, calls, facts, routing_files


@settings(max_examples=60)
@given(st.data())
def test_every_call_under_every_good_file_gets_a_plan_with_an_end(data: st.DataObject) -> None:
    """Whatever rules, load and instant: a plan ends with a message, on arrival and when moved while waiting."""
    rules = compile_text(data.draw(routing_files()).encode(), "routing.yaml")
    known = data.draw(facts(rules))
    decision = decide(rules, known, data.draw(calls(rules)), "id")
    assert isinstance(decision.plan.last, PlayStep | VoicemailStep)
    waiting = data.draw(calls(rules, waited_s=st.floats(0, 600)))
    moved = decide_waiting(rules, known, waiting, data.draw(st.sampled_from(HOUSES)), "id")
    assert moved is None or isinstance(moved.plan.last, PlayStep | VoicemailStep)
