"""The simple conditions of which one is made."""

from ccrouter.routing.conditions import All, Any, Mode, Not, SiteIs
from ccrouter.routing.literals import literals


def test_each_simple_condition_is_yielded_in_the_order_of_the_file() -> None:
    """At any depth, a denied one too; a rule without a condition has none."""
    crisis, outside, up = Mode("crisis"), Mode("outside"), SiteIs("tunis")
    whole = All((crisis, Any((Not(outside), All((up, crisis))))))
    assert list(literals(whole)) == [crisis, outside, up, crisis]
    assert list(literals(crisis)) == [crisis]
    assert list(literals(None)) == []
