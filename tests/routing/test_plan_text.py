"""The text of a plan, read back."""

import pytest

from ccrouter.routing.plan import decode

GOOD = "v1|d1|support|both||entry|5|&site|tunis|PJSIP/1@trunk|25|30|hide&play|closed|ccrouter/closed"

ALMOST = {
    "no such way to answer": GOOD.replace("entry", "entered"),
    "neither hidden nor passed": GOOD.replace("hide", "hidden"),
    "number with a zero before it": GOOD.replace("|25|", "|025|"),
    "number with a sign": GOOD.replace("|25|", "|+25|"),
    "number below zero": GOOD.replace("|5|", "|-5|"),
    "number with spaces": GOOD.replace("|30|", "| 30 |"),
    "number with an underscore": GOOD.replace("|30|", "|3_0|"),
    "digits of another script": GOOD.replace("|25|", "|\u0662\u0665|"),
    "sign that no value may hold": GOOD.replace("both", "b(oth"),
    "line end": GOOD.replace("both", "both\n"),
    "more digits than any number has": GOOD.replace("|25|", f"|{'9' * 5000}|"),
}


@pytest.mark.parametrize("case", ALMOST)
def test_only_what_was_written_as_a_plan_is_read_as_one(case: str) -> None:
    """A text that `encode` never writes is refused: a journal that somebody edited tells no plan that never was."""
    assert decode(GOOD).treatment.answer_on_entry
    with pytest.raises(ValueError, match=r"a plan says|no number of a plan|can't carry"):
        decode(ALMOST[case])
