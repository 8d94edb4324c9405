"""Events that are recognized by their layout mean what they would mean if they were taken apart, line by line."""

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccrouter.ami.layouts import MOST, Layouts
from ccrouter.ami.translate import READERS, Translator, translate
from ccrouter.ami.values import UNIQUEID, Reading
from ccrouter.ami.wire import Kind, Message
from ccrouter.live.events import CallHungUp
from support.ami import AT, PABX, parse, pieces, recording, sample, written

RECORDINGS = ("queue_calls", "routed_calls_22", "routed_calls_16", "rings_22", "rings_16", "hostile_callers_22")
KINDS = ("QueueCallerJoin", "QueueMemberStatus", "DialEnd", "Hangup", "CCRouterStep begin", "CCRouterStep end")
NAMES = st.sampled_from(
    ("Queue", "Uniqueid", "Channel", "By", "Phase", "Kind", "Paused", "ActionID", "Linkedid", "New")
)
VALUES = st.one_of(st.sampled_from(("", "0", "1", "end", "begin", "a\rb", "a\nb", "q" * 300)), st.text(max_size=20))


def again(message: Message) -> Message:
    """Return the same message, as it came."""
    return Message(message.kind, message.name, message.text)


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_recorded_event_means_the_same(name: str) -> None:
    """Whether it is the first of its layout or the hundredth, from honest and from hostile callers."""
    translator = Translator(PABX)
    for message in parse(b"".join(pieces(recording(name)))):
        if message.kind is not Kind.RESPONSE:
            assert translator.translate(again(message), AT) == translate(message, PABX, AT)


@given(st.sampled_from(KINDS), st.data())
def test_no_change_of_an_event_slips_through(kind: str, data: st.DataObject) -> None:
    """Fields that are put in, taken out, moved, repeated or changed: what is believed does not depend on what was."""
    fields = list(sample(22, kind).items())
    translator = Translator(PABX)
    [genuine] = parse(written(dict(fields)))
    assert translator.translate(again(genuine), AT) == translate(genuine, PABX, AT)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(1, len(fields) - 1))
        match data.draw(st.sampled_from(("in", "out", "moved", "repeated", "changed"))):
            case "in":
                fields.insert(place, (data.draw(NAMES), data.draw(VALUES)))
            case "out" if len(fields) > 2:
                del fields[place]
            case "moved":
                fields.append(fields.pop(place))
            case "repeated":
                fields.append(fields[place])
            case _:
                fields[place] = (fields[place][0], data.draw(VALUES))
    text = "\r\n".join(f"{name}: {value}" for name, value in fields)
    for message in parse(text.encode("utf-8", "replace") + b"\r\n\r\n"):
        assert translator.translate(again(message), AT) == translate(message, PABX, AT)


def test_an_event_is_recognized_once_its_like_was_believed() -> None:
    """And gives what is read of it alone."""
    layouts = Layouts()
    first, second = (parse(written(sample(22, "Hangup") | {"Uniqueid": each}))[0] for each in ("1.1", "1.2"))
    assert layouts.recognize(first) is None
    layouts.learn(first, READERS["Hangup"])
    assert layouts.recognize(second) == (READERS["Hangup"], ("1.2", second.fields["Cause"]))


def test_invented_fields_do_not_fill_the_memory() -> None:
    """A caller who puts a new field into each event teaches a few layouts, and then none."""
    layouts = Layouts()
    genuine = sample(22, "Hangup")
    told = [parse(written(genuine | {f"Invented{n}": "x"}))[0] for n in range(2 * MOST)]
    for message in told:
        layouts.learn(message, READERS["Hangup"])
    known = [layouts.recognize(again(message)) is not None for message in told]
    assert known == [n < MOST for n in range(2 * MOST)]


def test_an_event_in_two_lines_less_is_another() -> None:
    """A value can't swallow the line end and the field after it."""
    layouts = Layouts()
    [message] = parse(written(sample(22, "QueueCallerLeave")))
    layouts.learn(message, READERS["QueueCallerLeave"])
    lines = message.text.split("\r\n")
    for cut in range(1, len(lines)):
        rest = "\r\n".join(chain(lines[:cut], lines[cut + 1 :]))
        assert layouts.recognize(Message(Kind.EVENT, message.name, rest)) is None


def test_an_event_of_which_one_field_is_read_is_not_learned() -> None:
    """What a match gives of a single group would be taken letter by letter."""
    layouts = Layouts()
    [message] = parse(written(sample(22, "Hangup")))
    layouts.learn(message, Reading(CallHungUp, Uniqueid=UNIQUEID))
    assert layouts.recognize(again(message)) is None
