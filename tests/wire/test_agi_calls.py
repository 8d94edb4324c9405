"""From a request to a call."""

import pytest

from ccrouter.agi.calls import call_of, patience_s
from ccrouter.agi.protocol import Request
from ccrouter.errors import PeerError
from ccrouter.routing.call import Call

ONE = frozenset({"paris"})
TWO = frozenset({"paris", "lyon"})
ASKED = Request("route/paris", "fr", "1795297266.0", "0612345678", "0", "0800123456")
CALL = Call("paris", "1795297266.0", "0800123456", "0612345678", "fr")


def test_a_request_is_a_call() -> None:
    """The fields of a call come from the request's own."""
    assert call_of(ASKED, ONE) == CALL


@pytest.mark.parametrize(
    ("script", "pabxs", "expected"),
    [
        ("route", ONE, "paris"),
        ("route/paris", ONE, "paris"),
        ("route/lyon", TWO, "lyon"),
        ("route/paris", TWO, "paris"),
    ],
)
def test_the_path_names_the_pabx(script: str, pabxs: frozenset[str], expected: str) -> None:
    """`/route/<name>` names the PABX; `/route` stands for the only one."""
    assert expected == call_of(ASKED._replace(script=script), pabxs).pabx


@pytest.mark.parametrize(
    ("script", "pabxs", "reason"),
    [
        ("route", TWO, "several PABXs"),
        ("route/nantes", TWO, "not in the settings"),
        ("route/", ONE, "not in the settings"),
        ("route/paris/x", ONE, "not in the settings"),
        ("", ONE, "script"),
        ("routes", ONE, "script"),
        ("ROUTE", ONE, "script"),
        ("../route", ONE, "script"),
    ],
)
def test_another_path_is_refused(script: str, pabxs: frozenset[str], reason: str) -> None:
    """An unknown script or PABX gets no plan, and so does `/route` where it could mean several."""
    with pytest.raises(PeerError, match=reason):
        call_of(ASKED._replace(script=script), pabxs)


@pytest.mark.parametrize("presentation", ["0", "1", "2", "3"])
def test_a_number_that_may_be_shown_is_the_callers(presentation: str) -> None:
    """AST_PRES_ALLOWED with any screening."""
    assert call_of(ASKED._replace(callingpres=presentation), ONE).caller == "0612345678"


@pytest.mark.parametrize("presentation", ["32", "33", "34", "35", "67", "64", "96"])
def test_a_number_that_may_not_be_shown_is_none(presentation: str) -> None:
    """Prohibited, unavailable and reserved presentations hide the number, although the PABX tells it."""
    assert call_of(ASKED._replace(callingpres=presentation), ONE).caller is None


@pytest.mark.parametrize(
    "number", ["", "unknown", "anonymous", "alice", "06\ufffd78", "٠٦١٢٣٤", "06 12", "x'; --", "+"]
)
def test_what_is_no_number_is_none(number: str) -> None:
    """Hidden callers come as `anonymous` where the carrier's Privacy is not trusted, and a SIP user may be any text."""
    assert call_of(ASKED._replace(callerid=number), ONE).caller is None


@pytest.mark.parametrize("number", ["+33612345678", "112"])
def test_numbers_are_kept_as_they_came(number: str) -> None:
    """International and short numbers are numbers."""
    assert number == call_of(ASKED._replace(callerid=number), ONE).caller
    assert number == call_of(ASKED._replace(extension=number), ONE).number


@pytest.mark.parametrize("extension", ["", "s", "*11", "0800 123", "0800\ufffd", "++33", "٠٨٠٠", "0" * 41, "33+"])
def test_an_extension_that_is_no_number_is_refused(extension: str) -> None:
    """Digits and a leading + alone reach the rules."""
    with pytest.raises(PeerError, match="agi_extension"):
        call_of(ASKED._replace(extension=extension), ONE)


@pytest.mark.parametrize("uniqueid", ["", "a b", "é", "1\x1b[0m", "1" * 150])
def test_an_id_that_no_channel_has_is_refused(uniqueid: str) -> None:
    """The id goes into logs and keys."""
    with pytest.raises(PeerError, match="agi_uniqueid"):
        call_of(ASKED._replace(uniqueid=uniqueid), ONE)


@pytest.mark.parametrize("language", ["fr", "fr_CA.utf8", "en-GB", "x" * 39])
def test_a_language_is_kept_as_it_came(language: str) -> None:
    """Asterisk leaves its name to whoever records the sounds."""
    assert call_of(ASKED._replace(language=language), ONE).language == language


@pytest.mark.parametrize("language", ["", "fr ca", "é", "fr\x1b[2J", "fr\x9b2J", "x" * 40])
def test_what_is_no_language_is_none(language: str) -> None:
    """The call is decided all the same; a terminal that shows it later obeys nothing."""
    assert call_of(ASKED._replace(language=language), ONE).language == ""


@pytest.mark.parametrize("presentation", ["", "-1", "x", "٣", "1000"])
def test_a_presentation_that_is_no_number_is_refused(presentation: str) -> None:
    """Whether a number may be shown is never guessed."""
    with pytest.raises(PeerError, match="agi_callingpres"):
        call_of(ASKED._replace(callingpres=presentation), ONE)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), 0.5),
        (("0800123456",), 0.5),
        (("0800123456", "0.5"), 0.5),
        (("0800123456", "1"), 1.0),
        (("0800123456", "3600"), 0.5),
        (("1",), 0.5),
    ],
)
def test_what_the_dialplan_does_not_say_is_the_shorter_wait(arguments: tuple[str, ...], expected: float) -> None:
    """A request says how long its dialplan waits; nothing that it says makes a call count for longer than a second."""
    assert patience_s(ASKED._replace(arguments=arguments)) == expected
