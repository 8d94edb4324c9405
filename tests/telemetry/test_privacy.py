"""What reaches a log, for every value that a caller or a peer could send."""

import json
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccrouter.routing.call import Call
from ccrouter.telemetry.privacy import CALLER_KEYS, MAX_TEXT, REDACTED, cleaned, foreign, masked, plain

NUMBERS = st.from_regex(r"\+?[0-9]{3,32}", fullmatch=True)
SPELLINGS = st.sampled_from(["caller", "Caller", "caller_number", "agi_callerid", "CallerIDNum", "caller-id", "ani"])


@pytest.mark.parametrize(
    ("caller", "shown"),
    [
        (None, None),
        ("", ""),
        ("7", "*"),
        ("15", "**"),
        ("112", "1**"),
        ("3949", "3***"),
        ("0612345678", "061*******"),
        ("+33612345678", "+336********"),
        (33612345678, "336********"),
        ("anonymous@host", "anon**********"),
    ],
)
def test_a_number_keeps_a_third_of_its_signs_and_four_at_most(caller: object, shown: object) -> None:
    """A masked number tells the country or the kind of line, and never who calls."""
    assert shown == masked(caller)


@given(NUMBERS, SPELLINGS)
def test_no_callers_number_survives_under_any_spelling_of_its_key(number: str, key: str) -> None:
    """Neither the number nor its end is in the line, wherever the key stands and whatever it is written like."""
    line = json.dumps(cleaned({key: number, "more": {"deep": [{key: number}]}}, mask_callers=True))
    assert number not in line
    assert number[-2:] not in line.replace(number[: min(4, len(number) // 3)], "", 2)


@given(st.from_regex(r"\+?[0-9]{6,32}", fullmatch=True))
def test_no_callers_number_survives_inside_an_object_or_an_exception(number: str) -> None:
    """A value that brings its own text, such as a call or an error, is masked as well."""
    call = Call(pabx="main", uniqueid="1.2", number="3949", caller=number)
    fields = {"call": call, "error": ValueError(f"bad number {number!r}")}
    assert number not in json.dumps(cleaned(fields, mask_callers=True))


def test_numbers_are_shown_where_the_settings_say_so() -> None:
    """Masking is a setting; secrets are hidden all the same."""
    fields = {"caller": "0612345678", "password": "x"}
    assert cleaned(fields, mask_callers=False) == {"caller": "0612345678", "password": REDACTED}


@pytest.mark.parametrize("key", ["secret", "ami_secret", "Password", "X-Auth-Token", "Authorization", "SET-COOKIE"])
@given(value=st.one_of(st.text(), st.binary(), st.none(), st.lists(st.text())))
def test_a_secret_is_never_shown(key: str, value: object) -> None:
    """The key decides, whatever the value is."""
    assert {key: REDACTED} == cleaned({key: value}, mask_callers=True)


@pytest.mark.parametrize(
    "text",
    [
        "Action: login\r\nUsername: ccrouter\r\nSecret: hunter2 x\r\nActionID: 1",
        "Fail to send 'Action: login\\r\\nSecret: hunter2 x\\r\\n'",
        '{"password": "hunter2 x"}',
        "password=hunter2 x",
        "api_token = hunter2 x",
    ],
)
def test_a_secret_in_a_librarys_text_is_hidden_up_to_the_end_of_its_line(text: str) -> None:
    """Libraries write whole messages; whatever follows the name of a secret on its line goes."""
    shown = foreign(text, mask_callers=True, lines=True)
    assert "hunter2" not in shown
    assert "hunter2" not in foreign(text, mask_callers=True)
    assert REDACTED in shown


@given(st.text())
def test_a_terminal_is_never_given_an_order(text: str) -> None:
    """No value holds a control sign, a line end or a sign that turns the direction of writing."""
    shown = plain(text)
    assert not any(ord(sign) < 0x20 or 0x7F <= ord(sign) < 0xA0 for sign in shown)
    assert not set(shown) & set("\u2028\u2029\u202a\u202e\u2066\u2069")
    shown.encode()


def test_a_long_value_is_cut_and_says_so() -> None:
    """A peer decides on neither the length of a line nor the size of a log."""
    assert f"{'x' * MAX_TEXT}... and 8000 more" == plain("x" * (MAX_TEXT + 8000))


class Unspeakable:
    """An object that fails when it is written."""

    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


@dataclass
class Holder:
    """An object whose text is that of another."""

    inner: object


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.builds(Unspeakable)),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner), st.builds(Holder, inner)),
    max_leaves=20,
)


@given(st.dictionaries(st.one_of(st.text(), st.sampled_from(sorted(CALLER_KEYS))), values))
def test_no_value_at_all_makes_it_raise(fields: dict[str, object]) -> None:
    """A log line can't stop a call."""
    json.dumps(cleaned(fields, mask_callers=True))


def test_a_value_that_holds_itself_comes_to_an_end() -> None:
    """Depth is bounded."""
    loop: list[object] = []
    loop.append(loop)
    json.dumps(cleaned({"loop": loop}, mask_callers=True))
