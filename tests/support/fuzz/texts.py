"""Short texts: plans, records of the journal, and what people write for instants, hours, numbers and times."""

import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic_core import PydanticCustomError

from ccrouter.config import values
from ccrouter.config.document import Text
from ccrouter.config.hours import HoursError, hours
from ccrouter.config.instants import YEARS, InstantError, dated, instant, past
from ccrouter.config.telephone import NoNumberError, beginnings, phone, spellings
from ccrouter.routing.plan import (
    MAX_TEXT,
    Carried,
    Plan,
    PlayStep,
    QueueStep,
    SiteStep,
    Treatment,
    VoicemailStep,
    decode,
    encode,
)
from ccrouter.routing.records import decision_of, facts_of, record_of, record_of_facts
from support.fuzz.target import Drawn, Target

# --- plans ------------------------------------------------------------------------------------------------------------


def written(said: Carried) -> str:
    """Return the text of a plan."""
    return encode(said.plan, decision=said.decision, service=said.service, rule=said.rule, treatment=said.treatment)


def drawn_plan(drawn: Drawn) -> Carried:
    """Return any plan: some of its values could never stand in a text."""

    def word() -> str:
        return drawn.bytes(12).decode("utf-8", "surrogateescape")

    transfers = tuple(
        QueueStep(word(), word(), drawn.below(9999))
        if drawn.below(2)
        else SiteStep(word(), word(), drawn.below(300), drawn.below(70_000), bool(drawn.below(2)))
        for _ in range(drawn.below(20))
    )
    last = PlayStep(word(), word()) if drawn.below(2) else VoicemailStep(word(), word())
    treatment = Treatment(word(), bool(drawn.below(2)), drawn.below(99), word())
    return Carried(word(), word(), word(), treatment, Plan(transfers, last))


def check_plan(data: bytes) -> None:
    """Check that what is written is read back the same, and that a text that is read is one that could be written."""
    said = drawn_plan(Drawn(data))
    try:
        text = written(said)
    except ValueError:
        pass
    else:
        assert decode(text) == said
        assert len(text.encode()) <= MAX_TEXT
        assert text.isprintable() or not any(sign in text for sign in "\r\n\0")
    text = data.decode("utf-8", "surrogateescape")
    try:
        found = decode(text)
    except ValueError:
        return
    try:
        again = written(found)
    except ValueError:
        return
    assert decode(again) == found
    assert again == text


# --- the journal ------------------------------------------------------------------------------------------------------


def check_record(data: bytes) -> None:
    """Check that what somebody wrote into the journal is a record, or is refused by one of three declared errors."""
    try:
        record = json.loads(data)
    except ValueError:
        return
    if not isinstance(record, dict):
        return
    both: tuple[tuple[Callable[[Any], Any], Callable[[Any], Any]], ...] = (
        (decision_of, record_of),
        (facts_of, record_of_facts),
    )
    for read, write in both:
        try:
            found = read(record)
        except (KeyError, TypeError, ValueError):
            continue
        write(found)


def record_seeds() -> list[bytes]:
    """Return a record of a decision, and one of facts."""
    plan = "v1|d1|support|both|fr|position|0|&queue|paris|support|90&play|closed|ccrouter/closed"
    call = {"pabx": "main", "uniqueid": "1.1", "number": "0800123456"}
    decision = {
        "call": call,
        "at": 1.0,
        "number": "0800 123 456",
        "plan": plan,
        "rules_version": "abc",
        "state_age_s": 0.5,
        "trace": [["both", "yes", [["open office", "yes", "8:30"]]]],
        "considered": [["paris", "usable", ""]],
    }
    snapshot = {
        "at": 1.0,
        "arrivals": {"support": [0.5]},
        "pabxs": [{"pabx": "main", "fresh": True, "heard_at": 1.0}],
        "queues": [],
        "sites": [{"site": "tunis", "calls": 1, "health": "up"}],
    }
    facts = {"at": 1.0, "snapshot": snapshot, "modes": ["crisis"], "latches": [], "turns": {}, "overrides": []}
    return [json.dumps(decision).encode(), json.dumps(facts).encode()]


# --- instants ---------------------------------------------------------------------------------------------------------

ZONES: Final = tuple(
    ZoneInfo(name) for name in ("Europe/Paris", "UTC", "Pacific/Apia", "America/St_Johns", "Asia/Kathmandu")
)
NOWS: Final = (
    datetime(2026, 11, 22, 4, 11, tzinfo=UTC),
    datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    datetime(2000, 1, 1, tzinfo=UTC),
    datetime(2199, 12, 31, 23, 59, tzinfo=UTC),
)


def check_instant(data: bytes) -> None:
    """Check that a text is an instant within reach, the same when said again, or is refused in words."""
    drawn = Drawn(data)
    zone, now = ZONES[drawn.below(len(ZONES))], NOWS[drawn.below(len(NOWS))]
    text = data[2:].decode("utf-8", "surrogateescape")
    for read in (instant, past):
        try:
            found = read(text, now, zone)
        except InstantError as error:
            assert error.cure
        else:
            assert found.tzinfo is zone
            assert found.astimezone(UTC).astimezone(zone) == found
            # What has been may lie as far back as what is to come may lie ahead.
            assert (YEARS.start if read is instant else 2 * YEARS.start - YEARS.stop) - 1 <= found.year <= YEARS.stop
            assert read(text, now, zone) == found
    try:
        found = dated(text, zone)
    except InstantError:
        return
    assert found.year in range(YEARS.start - 1, YEARS.stop + 1)


INSTANTS: Final = (
    *("2026-12-24 18:00", "2026-12-24T18:00:00+01:00", "tomorrow 8:00", "next friday 18:00", "18:30", "in 2h 30min"),
    *("now", "yesterday 18:00", "2h ago", "2026-10-25 02:30", "2026-03-29 02:30", "in 99999d", "99999d ago"),
    *("2000-01-01", "2199-12-31 23:59:59-12:00", "2000-01-01 00:00+14:00", "today", "monday"),
)

# --- hours ------------------------------------------------------------------------------------------------------------

DAYS: Final = (date(2026, 11, 22), date(2026, 3, 29), date(2028, 2, 29), date(2026, 12, 31), date(2026, 1, 1))


def check_hours(data: bytes) -> None:
    """Check that a text is opening hours, with ranges in order on every day, or is refused in words."""
    text = data.decode("utf-8", "replace")
    try:
        found = hours(text)
    except HoursError as error:
        assert error.code
        assert error.cure
        assert error.offset is None or -1 <= error.offset <= len(text)
        return
    found.steady  # noqa: B018 - it must end
    for day in DAYS:
        spans = found.spans(day)
        assert all(0 <= start < end <= 48 * 60 for start, end in spans)
        assert all(first[1] < second[0] for first, second in pairwise(spans))


HOURS: Final = (
    *("Mo-Fr 08:30-18:30; Sa 09:00-12:00", "24/7", "22:00-06:00", "Mo-Fr 22:00-06:00; Dec 24 off", "off"),
    *("Mar-Oct Mo-Su 08:00-20:00; Nov-Feb Mo-Su 09:00-17:00", "week 1-53/2 Fr 09:00-12:00", "Mo[1] 10:00-12:00"),
    *("2026 Dec 24-2027 Jan 02 off", "easter +1 day 10:00-12:00", "Mo-Fr 08:30-12:00,13:30-18:30", "Su 26:00-27:00"),
)

# --- numbers and amounts ----------------------------------------------------------------------------------------------

READERS: Final[tuple[Callable[[object], object], ...]] = (
    *(values.seconds, values.percent, values.number, values.text, values.word, values._name, values._money),
    *(values._date, values._moment, values._sound, values._weight, values._truth, phone),
)


def check_value(data: bytes) -> None:
    """Check that a value is read, or refused with a code, and that a number's spellings can all be dialled."""
    plain, text = bool(data[:1] > b"\x7f"), data[1:].decode("utf-8", "replace")
    for read in READERS:
        try:
            found = read(Text(text, plain=plain))
        except PydanticCustomError as error:
            assert error.context
            assert error.context["code"]
        else:
            assert not isinstance(found, float) or math.isfinite(found)
            assert not isinstance(found, int) or 0 <= found <= 24 * 3600 or found <= 999_999
    try:
        number = phone(Text(text, plain=False))
    except PydanticCustomError:
        return
    for country in ("FR", "TN", "US", "IT"):
        try:
            forms = spellings(number, country)
        except NoNumberError:
            forms = frozenset()
        for form in (*forms, *beginnings(number, country)):
            assert form.lstrip("+").isdigit() or not form.lstrip("+")


VALUES: Final = (
    *("90s", "2min", "1h30min", "80%", "12", "paris", "ccrouter/closed", "0.10 EUR", "2026-12-24", "2026-12-24 18:00"),
    *("0800 123 456", "+33 1 55 00 00 00", "3949", "00216 71 000 000", "true", "70%", "(0)1.55/00-00 00"),
)


def encoded(texts: tuple[str, ...], prefix: bytes = b"") -> Callable[[], list[bytes]]:
    """Return seeds of texts."""
    return lambda: [prefix + text.encode() for text in texts]


def plan_seeds() -> list[bytes]:
    """Return texts of plans, which are plans to be drawn as well."""
    return [
        b"v1|d1|support|both|fr|position|0|&queue|paris|support|90&play|closed|ccrouter/closed",
        b"v1|d1|s|r||entry|5|hello&site|tunis|PJSIP/+21671000000@trunk|25|30|hide&voicemail|night|1234@default",
        bytes(range(60)),
        b"\x02\x01\x05paris\x07support\x00\x5a" + b"\x04abcd" * 12,
    ]


DIGITS: Final = tuple("\u0663\u00b2\u2460\uff11\u0966".encode()[at : at + 3] for at in (0, 2, 4, 7, 10))
SIGNS: Final = (b"|", b"&", b"-", b":", b" ", b"+", b"%", b"\xc2\xa0", b"\xe2\x80\xaf", b"\x00", b"9" * 30, *DIGITS)

PLAN: Final = Target("plan", check_plan, plan_seeds, SIGNS, most=1000, tries=150)
RECORD: Final = Target("record", check_record, record_seeds, (b"null", b"[]", b"{}", b'"', b"1e999", b"NaN"), tries=150)
INSTANT: Final = Target(
    "instant", check_instant, encoded(INSTANTS, b"\0\0"), (*SIGNS, *(f"{t} ".encode() for t in INSTANTS)), most=200
)
HOURS_TEXT: Final = Target(
    "hours",
    check_hours,
    encoded(HOURS),
    (*SIGNS, *(b"Mo", b"off", b"week ", b"easter", b"||", b"; ", b"24:00", b"PH", b"/2", b"[-1]", b"9999", b"Feb 29")),
    most=200,
)
VALUE: Final = Target("value", check_value, encoded(VALUES, b"\xff"), SIGNS, most=200)
