"""Calendars, sites and messages as they stand in the routing file: when and where calls can go."""

import re
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from ccrouter.config.reads import OneOrMore, Reads
from ccrouter.config.shape import Strict, one_of
from ccrouter.config.values import (
    Day,
    Duration,
    Mailbox,
    Name,
    Positive,
    Price,
    SoundFile,
    choice,
    fail,
    matching,
    text,
    word,
)


def _hours(value: object) -> str:
    # A time without quotes is told as what it lacks, not as the number that YAML would make of it.
    return word(value) if re.fullmatch(r"\d{1,2}:\d\d", str(value)) else text(value)


_DIALS_ONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*/[A-Za-z0-9+*#._@:/=~-]+")


def _dial(value: object) -> str:
    found = text(value)
    for sign, code, message, cure in (
        (
            "&",
            "V111",
            "`&` would dial two destinations at once",
            "Name one; make a site of the other and put both in `to`",
        ),
        (",", "V112", "`,` would begin Dial's options", "Remove it and what follows; ccrouter sets the options"),
    ):
        if sign in found:
            fail(code, message, cure, offset=found.index(sign))
    if not _DIALS_ONE.fullmatch(found) or len(found) > 200:
        fail(
            "V110", f"`{found[:80]}` can't be dialled", "Write technology and address: PJSIP/+33155000000@trunk-backup"
        )
    return found


Endpoint = Annotated[
    str, matching("V109", r"[A-Za-z][A-Za-z0-9]*/[\w.+-]+", "endpoint", "Write technology and name: PJSIP/trunk-tunis")
]
HolidaysOf = Annotated[str, Reads(text, "country, or part of one", pattern="^[A-Z]{2}(-[A-Z0-9]+)?$")]
WeekHours = Annotated[str, Reads(_hours, "opening hours")]
DayHours = Annotated[
    str,
    Reads(word, "`closed`, or hours", pattern=r"^(closed|\d{1,2}:\d\d-\d{1,2}:\d\d( *, *\d{1,2}:\d\d-\d{1,2}:\d\d)*)$"),
]
Dial = Annotated[str, Reads(_dial, "dial string", pattern=f"^{_DIALS_ONE.pattern}$", maxLength=200)]


class Calendar(Strict):
    """Opening hours with holidays and exceptions by date."""

    hours: WeekHours = Field(
        description="OpenStreetMap's [opening_hours](https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification)",
        examples=["Mo-Fr 08:30-12:00,14:00-18:30; Sa 09:00-12:00", "24/7", "Jul-Aug Mo-Fr 10:00-16:00"],
    )
    holidays: Annotated[list[HolidaysOf], OneOrMore] = Field(
        default_factory=list,
        description="public holidays on which the calendar is closed: a country, a part of one, or a list of them",
        examples=["FR", "FR-57", "FR-6AE", "DE-BW"],
    )
    exceptions: dict[Day, DayHours] = Field(
        default_factory=dict,
        description="by date: `closed`, or the hours of that day; they win over holidays and hours",
        examples=[{"2026-12-24": "08:30-16:00", "2026-12-31": "closed"}],
    )


class Tariff(Strict):
    """What a call to an external site costs."""

    per_call: Price | None = Field(None, description="for each answered call", examples=["0.10 EUR"])
    per_minute: Price | None = Field(
        None, description="for each minute of talk, charged by the second", examples=["0.32 EUR"]
    )

    @model_validator(mode="after")
    def _is_of_one_currency(self) -> "Tariff":
        if self.per_call and self.per_minute and self.per_call.currency != self.per_minute.currency:
            cure = f"Write both in one: {self.per_minute.amount} {self.per_call.currency}"
            fail("V171", "a tariff of two currencies can't be added up", cure, at=("per_minute",))
        return self


class InHouse(Strict):
    """Positions of one's own: an Asterisk queue."""

    queue: Name = Field(description="name of the queue in queues.conf", examples=["support"])
    max_wait: Duration = Field(
        description="longest wait there, before the next destination is tried", examples=["90s", "2min"]
    )
    wrap_up: Duration | None = Field(
        None,
        description="`wrapuptime` of the queue, which Asterisk does not tell: nobody is rung before it is over",
        examples=["20s"],
    )
    calendar: Name | None = Field(
        None, description="the site is left out of plans while this calendar is closed", examples=["office"]
    )


class External(Strict):
    """An outsourcer or backup centre over a trunk."""

    dial: Dial = Field(description="what Asterisk dials, one destination", examples=["PJSIP/+33155000000@trunk-backup"])
    answer_within: Duration = Field(
        description="time to answer, before the next destination is tried", examples=["25s"]
    )
    max_calls: Positive | None = Field(
        None, description="most calls at once; without it there is no limit", examples=[30]
    )
    calendar: Name | None = Field(
        None, description="the site is left out of plans while this calendar is closed", examples=["office"]
    )
    tariff: Tariff | None = Field(
        None, description="what a call costs", examples=[{"per_call": "0.10 EUR", "per_minute": "0.32 EUR"}]
    )
    caller_number: Annotated[Literal["pass", "hide"], choice("pass", "hide")] = Field(
        "pass", description="whether the caller's number is shown to this site"
    )
    endpoint: Endpoint | None = Field(
        None,
        description="what Asterisk watches to know whether the trunk is alive; by default taken from `dial`",
        examples=["PJSIP/trunk-backup"],
    )


class Site(Strict, json_schema_extra=one_of("in_house", "external")):
    """A place that answers calls."""

    in_house: InHouse | None = Field(None, description="positions of one's own, in an Asterisk queue")
    external: External | None = Field(None, description="an outsourcer or backup centre reached over a trunk")

    @model_validator(mode="after")
    def _is_one(self) -> "Site":
        if (self.in_house is None) == (self.external is None):
            fail("K110", "a site is one of `in_house` and `external`", "Write one of them, with its keys below it")
        return self

    @property
    def place(self) -> tuple[str, InHouse | External]:
        """Return the key that the site has, and what stands under it."""
        both = {"in_house": self.in_house, "external": self.external}
        return next((key, place) for key, place in both.items() if place is not None)


class Message(Strict, json_schema_extra=one_of("play", "voicemail")):
    """A last step: a sound file, or a voicemail box."""

    play: SoundFile | None = Field(
        None,
        description="a sound file: its path below Asterisk's sounds folder, without ending",
        examples=["ccrouter/closed"],
    )
    voicemail: Mailbox | None = Field(None, description="a voicemail box, with its context", examples=["1000@default"])

    @model_validator(mode="after")
    def _is_one(self) -> "Message":
        if (self.play is None) == (self.voicemail is None):
            fail(
                "K110",
                "a message is one of `play` and `voicemail`",
                "Write {play: ccrouter/closed} or {voicemail: 1@default}",
            )
        return self
