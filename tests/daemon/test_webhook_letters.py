"""Letters to webhooks: ids that two routers agree on, and bodies that any receiver can read."""

import json
import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from ccrouter.app.webhook_letters import body_of, letters, ping
from ccrouter.config.webhooks import HAPPENINGS, Webhook
from ccrouter.web.board import Happened
from support.receiver import SECRET

HOOK = Webhook("crm", "https://crm.example.org", (SecretStr(SECRET),), frozenset(HAPPENINGS), caller="whole")
TEXT = st.text(max_size=12)


def happenings() -> st.SearchStrategy[Happened]:
    """Return anything that may happen, with whatever a PABX sends in its texts."""
    # Of few calls and positions, so that many happen to the same one.
    few = st.sampled_from(["1.0", "2.0", "2", ".0"])
    return st.builds(
        Happened,
        kind=st.sampled_from(HAPPENINGS),
        at=st.floats(1e9, 2e9),
        pabx=st.sampled_from(["a", "b", "a/1"]),
        uniqueid=few | TEXT,
        number=TEXT,
        label=TEXT,
        service=TEXT,
        caller=st.none() | st.text(st.characters(), max_size=12),
        rule=TEXT,
        decision=st.sampled_from(["d1", "d2"]),
        queue=few,
        interface=few,
        outcome=st.sampled_from(["", "answered", "unknown"]),
        waited_s=st.none() | st.floats(0, 1e6),
    )


@given(happenings())
def test_a_body_is_json_for_anybody_and_holds_all_that_is_known(happened: Happened) -> None:
    """Whatever signs a caller sent: on one line, in UTF-8; the id may stand in a header and before a full stop."""
    [letter] = letters([HOOK], happened)
    told = json.loads(letter.body.decode("utf-8"))
    assert b"\n" not in letter.body
    assert set(told) == {"id", *Happened.__dataclass_fields__}
    assert re.fullmatch(r"evt_[0-9a-f]{32}", letter.event)
    assert (told["id"], told["kind"], told["at"]) == (letter.event, happened.kind, happened.at)


@given(happenings(), st.floats(-5, 5))
def test_two_routers_name_the_same_event_alike(happened: Happened, later_s: float) -> None:
    """What comes once for a call has one id, whenever it was seen; a ring has one subject."""
    [one], [two] = (list(letters([HOOK], each)) for each in (happened, replace(happened, at=happened.at + later_s)))
    assert one.subject == two.subject
    if happened.kind not in {"ringing", "missed"}:
        assert one.event == two.event == f"evt_{one.subject}"


@given(happenings(), happenings())
def test_different_events_have_different_ids(one: Happened, two: Happened) -> None:
    """Of another PABX, call, kind, or decision; nothing that a PABX sends makes two of them alike."""
    ids = [next(iter(letters([HOOK], each))).event for each in (one, two)]
    same = (one.pabx, one.uniqueid, one.kind) == (two.pabx, two.uniqueid, two.kind)
    if not same or (one.kind in {"routed", "overflowed"} and one.decision != two.decision):
        assert ids[0] != ids[1]


def test_an_end_that_was_not_seen_may_be_followed_by_one_that_was() -> None:
    """They are two events; two that were seen are one."""
    ends = [Happened("ended", 1.0, "a", "1.0", "", "", "", outcome=each) for each in ("unknown", "answered", "message")]
    unknown, answered, message = (next(iter(letters([HOOK], each))).event for each in ends)
    assert unknown != answered == message


def test_each_ping_is_another_one() -> None:
    """So that a receiver that drops repeats takes each."""
    (one, body), (two, _) = ping(1.0), ping(1.0)
    assert one != two
    assert json.loads(body)["kind"] == "ping"
    assert json.loads(body_of(two, Happened("ping", 1.0, "", "", "", "", "")))["id"] == two
