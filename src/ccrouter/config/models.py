"""The routing file as it is written: one model for each kind of mapping in it."""

import re
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, Field, model_validator

from ccrouter.config.conditions import When
from ccrouter.config.document import Text
from ccrouter.config.problems import nearest
from ccrouter.config.shape import Strict
from ccrouter.config.telephone import Phone, is_country
from ccrouter.config.values import (
    Count,
    Day,
    Duration,
    Language,
    Mailbox,
    Name,
    OneOrMore,
    Percent,
    Positive,
    Price,
    SoundFile,
    choice,
    fail,
    matching,
    number,
    text,
    word,
)


def _zone(value: object) -> ZoneInfo:
    name = text(value)
    try:
        return ZoneInfo(name)
    except (LookupError, OSError, ValueError):
        near = nearest(name, available_timezones())
        fail(f"`{name}` is no time zone", f"Did you mean `{near}`?" if near else "Write one such as Europe/Paris")


def _country(value: object) -> str:
    code = text(value)
    if not is_country(code):
        fail(f"`{code}` is no country", "Write its two letters (ISO 3166): FR, BE, CH")
    return code


_DIALS_ONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*/[A-Za-z0-9+*#._@:/=~-]+")


def _dial(value: object) -> str:
    found = text(value)
    for sign, message, cure in (
        ("&", "`&` would dial two destinations at once", "Name one; make a site of the other and put both in `to`"),
        (",", "`,` would begin Dial's options", "Remove it and what follows; ccrouter sets the options"),
    ):
        if sign in found:
            fail(message, cure, offset=found.index(sign))
    if not _DIALS_ONE.fullmatch(found) or len(found) > 200:
        fail(f"`{found[:80]}` can't be dialled", "Write technology and address: PJSIP/+33155000000@trunk-backup")
    return found


Endpoint = Annotated[
    str, matching(r"[A-Za-z][A-Za-z0-9]*/[\w.+-]+", "endpoint", "Write technology and name: PJSIP/trunk-tunis")
]
Priority = Annotated[int, BeforeValidator(lambda value: number(value, most=1000))]
Answer = Annotated[Literal["on_entry", "on_position"], choice("on_entry", "on_position")]


class Calendar(Strict):
    """Opening hours with holidays and exceptions by date."""

    hours: Annotated[str, BeforeValidator(text)]
    holidays: Annotated[list[Annotated[str, BeforeValidator(text)]], OneOrMore] = Field(default_factory=list)
    exceptions: dict[Day, Annotated[str, BeforeValidator(word)]] = Field(default_factory=dict)


class Tariff(Strict):
    """What a call to an external site costs."""

    per_call: Price | None = None
    per_minute: Price | None = None


class InHouse(Strict):
    """Positions of one's own: an Asterisk queue."""

    queue: Name
    max_wait: Duration
    calendar: Name | None = None


class External(Strict):
    """An outsourcer or backup centre over a trunk."""

    dial: Annotated[str, BeforeValidator(_dial)]
    answer_within: Duration
    max_calls: Positive | None = None
    calendar: Name | None = None
    tariff: Tariff | None = None
    caller_number: Annotated[Literal["pass", "hide"], choice("pass", "hide")] = "pass"
    endpoint: Endpoint | None = None


class Site(Strict):
    """A place that answers calls."""

    in_house: InHouse | None = None
    external: External | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Site":
        if (self.in_house is None) == (self.external is None):
            fail("a site is one of `in_house` and `external`", "Write one of them, with its keys below it")
        return self

    @property
    def place(self) -> tuple[str, InHouse | External]:
        """Return the key that the site has, and what stands under it."""
        both = {"in_house": self.in_house, "external": self.external}
        return next((key, place) for key, place in both.items() if place is not None)


class Message(Strict):
    """A last step: a sound file, or a voicemail box."""

    play: SoundFile | None = None
    voicemail: Mailbox | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Message":
        if (self.play is None) == (self.voicemail is None):
            fail(
                "a message is one of `play` and `voicemail`", "Write {play: ccrouter/closed} or {voicemail: 1@default}"
            )
        return self


class Destination(Strict):
    """One step of `to`: a site or message by its name, a site with a limit of its own, or a share."""

    site: Name | None = None
    share: dict[Name, Count] | None = None
    limit: Duration | None = Field(None, alias="for")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: object) -> object:
        return {Text("site", plain=True): data} if isinstance(data, Text) and data else data

    @model_validator(mode="after")
    def _is_one(self) -> "Destination":
        if (self.site is None) == (self.share is None):
            fail("a destination is one of a name, `site` and `share`", "Write `{site: paris, for: 30s}` or a name")
        if self.share is not None and self.limit is not None:
            fail("a share has no limit of its own", "Remove `for`; each site has its own limit", at=("for",))
        if self.share is not None and not sum(self.share.values()):
            fail("the shares add up to 0", "Give at least one site a share: {paris: 70, tunis: 30}", at=("share",))
        return self


Destinations = Annotated[list[Destination], OneOrMore, Field(min_length=1)]


class Rule(Strict):
    """The first rule whose condition holds decides."""

    name: Name
    when: When | None = None
    to: Destinations
    if_unknown: Annotated[Literal["skip", "match"], choice("skip", "match")] = "skip"


class Treated(Strict):
    """How callers are treated, whatever their plan."""

    language: Language | None = None
    answer: Answer | None = None
    priority: Priority | None = None
    announcement: SoundFile | None = None


class Goal(Strict):
    """The service level that a service aims at."""

    answered_within: Duration
    target: Percent


class Service(Treated):
    """What a number reaches."""

    rules: list[Rule] = Field(default_factory=list)
    otherwise: Destinations
    while_waiting: list[Rule] = Field(default_factory=list)
    service_level: Goal | None = None


class Number(Treated):
    """A number that callers dial."""

    service: Name
    label: Annotated[str, BeforeValidator(text)] = ""


class UnknownNumber(Strict):
    """What becomes of a call to a number that the file does not know."""

    service: Name | None = None
    message: Name | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: object) -> object:
        return {Text("message", plain=True): data} if isinstance(data, Text) and data else data

    @model_validator(mode="after")
    def _is_one(self) -> "UnknownNumber":
        if (self.service is None) == (self.message is None):
            fail("`unknown_number` is one of a service and a message", "Write {service: NAME} or the name of a message")
        return self


class RoutingFile(Strict):
    """The whole routing file."""

    timezone: Annotated[ZoneInfo, BeforeValidator(_zone)]
    country: Annotated[str, BeforeValidator(_country)] | None = None
    calendars: dict[Name, Calendar] = Field(default_factory=dict)
    sites: dict[Name, Site] = Field(default_factory=dict)
    messages: dict[Name, Message] = Field(default_factory=dict)
    modes: list[Name] = Field(default_factory=list)
    numbers: dict[Phone, Number] = Field(min_length=1)
    unknown_number: UnknownNumber | None = None
    services: dict[Name, Service] = Field(min_length=1)
