"""Which rules have to do with a difference between two versions of a service."""

from ccrouter.outlook.pairs import cut_short
from ccrouter.routing.conditions import CallerIs, Condition, Mode, Waited
from ccrouter.routing.destinations import Message
from ccrouter.routing.plan import PlayStep
from ccrouter.routing.rule import Rule
from ccrouter.routing.rules import Service

LAST = Message("closed", PlayStep("closed", "ccrouter/closed"))
OTHER = Message("other", PlayStep("other", "ccrouter/other"))
WAITS = Rule("waits", Waited(90.0), (OTHER,))


def prefix(digits: str) -> CallerIs:
    """Return callers whose number starts with some digits."""
    return CallerIs(f"prefix {digits}", (digits,))


def rule(name: str, when: Condition, to: Message = LAST) -> Rule:
    """Return a rule that leads to a message."""
    return Rule(name, when, (to,))


def service(*rules: Rule, while_waiting: tuple[Rule, ...] = ()) -> Service:
    """Return a service with these rules."""
    return Service("help", rules, (LAST,), LAST, while_waiting)


def names(rules: tuple[Rule, ...]) -> list[str]:
    """Return what rules are called."""
    return [each.name for each in rules]


def test_equal_services_have_nothing_to_compare() -> None:
    """Where no pair of rules leads elsewhere, none is left."""
    same = service(rule("a", Mode("crisis")), rule("b", prefix("+331"), OTHER), while_waiting=(WAITS,))

    first, second = cut_short(same, same)

    assert (first.rules, second.rules, first.while_waiting, second.while_waiting) == ((), (), (), ())


def test_what_comes_after_the_last_difference_is_left_out() -> None:
    """Rules behind one that leads elsewhere decide alike in both."""
    before, after = (
        service(rule("a", Mode("crisis")), rule("b", Mode("storm"), to), rule("c", Mode("flood"), OTHER))
        for to in (LAST, OTHER)
    )

    first, second = cut_short(before, after)

    assert (names(first.rules), names(second.rules)) == (["a", "b"], ["a", "b"])


def test_a_rule_for_other_callers_is_left_out() -> None:
    """A rule that names callers of whom the pair does not speak says no to all of its calls."""
    others = rule("others", prefix("+49")), rule("wider", prefix("+33")), rule("anybody", Mode("crisis"))
    before, after = (service(*others, rule("ours", prefix("+331"), to)) for to in (LAST, OTHER))

    first, _ = cut_short(before, after)

    assert names(first.rules) == ["wider", "anybody", "ours"]


def test_a_new_condition_keeps_what_may_decide_instead() -> None:
    """Where a rule asks something else, its calls fall to the rules behind it."""
    behind = rule("behind", Mode("flood"))
    before, after = (service(rule("a", Mode(name), OTHER), behind) for name in ("crisis", "storm"))

    first, second = cut_short(before, after)

    assert (names(first.rules), names(second.rules)) == (["a", "behind"], ["a", "behind"])


def test_a_rule_for_waiting_callers_that_goes_is_kept() -> None:
    """Without it they stay, which is a difference."""
    first, second = cut_short(service(while_waiting=(WAITS,)), service())

    assert (first.while_waiting, second.while_waiting) == ((WAITS,), ())
