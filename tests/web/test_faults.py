"""What a client is told of a field that is not as it must be."""

import pytest
from pydantic import ValidationError

from ccrouter.web.board_stream import StreamQuery
from ccrouter.web.faults import fault
from ccrouter.web.overrides import CancelBody
from ccrouter.web.positions import PositionStreamQuery, TurnBody


@pytest.mark.parametrize("model", [StreamQuery, PositionStreamQuery])
def test_an_id_that_is_none_is_told_as_such(model: type[StreamQuery]) -> None:
    """By the description of the field: it says nothing of lines and terminals, which are no matter of an id."""
    with pytest.raises(ValidationError) as refused:
        model.model_validate({"after": "bogus"})
    told = fault(refused.value, model)
    assert told.startswith("after: it must be the id of the last event seen")
    assert "terminal" not in told


def test_a_text_for_people_is_on_one_line() -> None:
    """That is what its pattern asks for, whatever the field is about."""
    with pytest.raises(ValidationError) as refused:
        TurnBody.model_validate({"on": True, "reason": "lunch\nand more"})
    assert fault(refused.value, TurnBody) == "reason: it must be on one line, without signs that steer a terminal"


@pytest.mark.parametrize("body", [{}, {"reason": "over", "other": 1}, {"reason": "over", "auhtor": "anna"}])
def test_what_may_not_be_given_is_not_named(body: dict[str, object]) -> None:
    """Over HTTP nobody names an author, so no message offers to; at the control socket it does."""
    with pytest.raises(ValidationError) as refused:
        CancelBody.model_validate(body)
    assert "`author`" in fault(refused.value, CancelBody)
    assert "`author`" not in fault(refused.value, CancelBody, ("author",))
    assert "`reason`" in fault(refused.value, CancelBody, ("author",))
