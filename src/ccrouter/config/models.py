"""The routing file as it is written: one model for each kind of mapping in it."""

from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Discriminator, Field, Tag, model_validator

from ccrouter.config.conditions import When
from ccrouter.config.cures import zone_cure
from ccrouter.config.places import Calendar, Message, Site
from ccrouter.config.reads import OneOrMore, Reads
from ccrouter.config.shape import AS_LIST, AS_MAPPING, Strict, one_of
from ccrouter.config.telephone import Phone, is_country
from ccrouter.config.values import (
    Duration,
    Language,
    Name,
    Page,
    Percent,
    Seconds,
    SoundFile,
    Weight,
    Words,
    choice,
    fail,
    matching,
    text,
    whole,
)


def _zone(value: object) -> ZoneInfo:
    name = text(value)
    try:
        return ZoneInfo(name)
    except (LookupError, OSError, ValueError):
        fail("T101", f"`{name}` is no time zone", zone_cure(name))


def _country(value: object) -> str:
    code = text(value)
    if not is_country(code):
        fail("V183", f"`{code}` is no country", "Write its two letters (ISO 3166): FR, BE, CH")
    return code


Telephone = Annotated[
    str,
    matching(
        "V114",
        r"(?!Local/)[A-Za-z][A-Za-z0-9]*/[\w.+-]+",
        "telephone",
        "Write technology and name, as Asterisk's channels begin: PJSIP/101",
    ),
]
ModeCode = Annotated[
    str, matching("V113", r"[0-9]{1,8}", "code of a mode", 'Write up to 8 digits, in quotes: "1"', longest=60)
]
Zone = Annotated[ZoneInfo, Reads(_zone, "time zone")]
Country = Annotated[str, Reads(_country, "country", pattern="^[A-Z]{2}$")]
Priority = Annotated[int, whole(most=1000)]
Answer = Annotated[Literal["on_entry", "on_position"], choice("on_entry", "on_position")]


class Destination(Strict, json_schema_extra={**one_of("site", "share"), "dependentRequired": {"for": ["site"]}}):
    """One step of `to`: a site or message by its name, a site with a limit of its own, or a share."""

    short: ClassVar = "site"

    site: Name | None = Field(None, description="name of a site or message", examples=["paris"])
    share: dict[Name, Weight] | None = Field(
        None,
        description="sites that take turns: of any 100 calls in a row exactly so many each; what one can't take goes "
        "to the others",
        examples=[{"paris": 70, "tunis": 30}],
    )
    limit: Duration | None = Field(
        None, alias="for", description="a limit in place of the site's own", examples=["30s"]
    )

    @model_validator(mode="after")
    def _is_one(self) -> "Destination":
        if (self.site is None) == (self.share is None):
            fail(
                "K110",
                "a destination is one of a name, `site` and `share`",
                "Write `{site: paris, for: 30s}` or a name",
            )
        if self.share is not None and self.limit is not None:
            fail("D101", "a share has no limit of its own", "Remove `for`; each site has its own limit", at=("for",))
        if self.share is not None and not sum(self.share.values()):
            fail(
                "D102",
                "the shares add up to 0",
                "Give at least one site a share: {paris: 70, tunis: 30}",
                at=("share",),
            )
        return self


Destinations = Annotated[list[Destination], OneOrMore, Field(min_length=1)]


class Rule(Strict):
    """The first rule whose condition holds decides."""

    name: Name = Field(
        description="unique in its service; the same in logs, metrics and explanations", examples=["out of hours"]
    )
    when: When | None = Field(None, description="conditions; only the last of `rules` may go without")
    to: Destinations = Field(description="destinations, one after the other", examples=["backup", ["tunis", "closed"]])
    if_unknown: Annotated[Literal["skip", "match"], choice("skip", "match")] = Field(
        "skip",
        description="what happens where a condition can't be answered, as when the PABX can't be asked: `skip` goes on "
        "with the next rule, `match` takes this one",
    )


class Treated(Strict):
    """How callers are treated, whatever their plan."""

    language: Language | None = Field(
        None, description="set on the channel, for prompts and rules", examples=["fr", "en", "fr_CA"]
    )
    answer: Answer | None = Field(
        None,
        description="`on_position` (so by default): unanswered, and so uncharged, until somebody takes the call; "
        "`on_entry`: answered at once",
    )
    priority: Priority | None = Field(None, description="rank in queues; the higher goes first", examples=[10])
    announcement: SoundFile | None = Field(
        None, description="sound file played at entry", examples=["ccrouter/welcome-en"]
    )


class Goal(Strict):
    """The service level that a service aims at."""

    answered_within: Duration = Field(description="time in which a call should be answered", examples=["20s"])
    target: Percent = Field(description="share of the calls that should be", examples=["80%"])
    short_abandon: Seconds = Field(
        5,
        json_schema_extra={"default": "5s"},
        description="whoever hangs up within this time is left out of the share",
        examples=["10s", "0s"],
    )


class Service(Treated):
    """What a number reaches."""

    rules: list[Rule] = Field(
        default_factory=list, description="tried from the top; the first whose `when` holds decides"
    )
    otherwise: Destinations = Field(
        description="destinations when no rule decides; ends with a message", examples=[["paris", "tunis", "closed"]]
    )
    while_waiting: list[Rule] = Field(
        default_factory=list,
        description="rules asked again and again for each caller who waits in a queue; the first that holds takes the "
        "caller out, with a new plan",
    )
    service_level: Goal | None = Field(
        None, description="the aim", examples=[{"answered_within": "20s", "target": "80%"}]
    )
    screen_pop: dict[Name, Page] = Field(
        default_factory=dict,
        description="pages for the position that a call rings at, by name; what stands in braces is put in, encoded",
        examples=[{"customer": "https://crm.example/find?number={caller}"}],
    )


class Number(Treated):
    """A number that callers dial."""

    service: Name = Field(description="the service that it reaches", examples=["support"])
    label: Words = Field("", description="its name for people", examples=["Numéro Vert SAV"])


class Mode(Strict, json_schema_extra={"dependentRequired": {"code": ["phones"], "phones": ["code"]}}):
    """How a mode is switched by telephone, and when it ends."""

    code: ModeCode | None = Field(
        None,
        description="what telephones dial after `*48` to switch the mode, and whose lamp shows it",
        examples=["1"],
    )
    phones: Annotated[list[Telephone], OneOrMore] | None = Field(
        None,
        description="the telephones that may: endpoints of the PABX; `[]` for a lamp that nobody can switch",
        examples=[["PJSIP/101", "PJSIP/chief"]],
    )
    ends_after: Duration | None = Field(
        None, description="the mode ends after this time where nobody says when", examples=["4h"]
    )

    @model_validator(mode="after")
    def _goes_together(self) -> "Mode":
        if self.code is not None and self.phones is None:
            cure = "Add `phones: [PJSIP/101]`, or `phones: []` for a lamp that nobody can switch"
            fail("K114", "no telephone may dial this code", cure, at=("code",))
        if self.code is None and self.phones is not None:
            fail("K114", "these telephones have no code to dial", 'Add `code: "1"`, or remove `phones`', at=("phones",))
        return self


def _form(value: object) -> str:
    return AS_MAPPING if isinstance(value, dict) else AS_LIST


Modes = Annotated[
    Annotated[list[Name], Tag(AS_LIST)] | Annotated[dict[Name, Mode], Tag(AS_MAPPING)], Discriminator(_form)
]


class UnknownNumber(Strict, json_schema_extra=one_of("service", "message")):
    """What becomes of a call to a number that the file does not know."""

    short: ClassVar = "message"

    service: Name | None = Field(None, description="the service that such a call reaches", examples=["support"])
    message: Name | None = Field(None, description="the message that such a caller hears", examples=["closed"])

    @model_validator(mode="after")
    def _is_one(self) -> "UnknownNumber":
        if (self.service is None) == (self.message is None):
            fail(
                "K110",
                "`unknown_number` is one of a service and a message",
                "Write {service: NAME} or the name of a message",
            )
        return self


class RoutingFile(Strict):
    """The whole routing file."""

    timezone: Zone = Field(description="where the clock hangs that calendars look at", examples=["Europe/Paris"])
    country: Country | None = Field(
        None,
        description="how national numbers are read; by default the country of the time zone, and FR where it belongs "
        "to none",
        examples=["FR"],
    )
    calendars: dict[Name, Calendar] = Field(default_factory=dict, description="opening hours, by name")
    sites: dict[Name, Site] = Field(default_factory=dict, description="places that answer calls, by name")
    messages: dict[Name, Message] = Field(default_factory=dict, description="what a plan can end with, by name")
    modes: Modes = Field(
        default_factory=list,
        description="switches that people turn and that rules ask for: their names, or by name how telephones switch "
        "them and when they end",
        examples=[["crisis", "all_outside"], {"crisis": {"code": "1", "phones": ["PJSIP/101"], "ends_after": "4h"}}],
    )
    numbers: dict[Phone, Number] = Field(min_length=1, description="by the number that callers dial, in quotes")
    unknown_number: UnknownNumber | None = Field(
        None,
        description="what becomes of a call to a number that is not listed; by default Asterisk's own announcement "
        "`ss-noservice` is played",
        examples=["closed", {"service": "support"}],
    )
    services: dict[Name, Service] = Field(min_length=1, description="what numbers reach, by name")
