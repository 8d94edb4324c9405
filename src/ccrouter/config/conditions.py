"""What a rule's `when` may hold, as it stands in the file."""

from typing import Annotated, ClassVar, Final, Generic, TypeVar

from pydantic import Field, model_validator
from pydantic.json_schema import JsonSchemaValue

from ccrouter.config.document import Text
from ccrouter.config.problems import nearest
from ccrouter.config.reads import OneOrMore
from ccrouter.config.shape import Strict, one_of
from ccrouter.config.telephone import Phone
from ccrouter.config.values import Count, Duration, Language, Moment, Name, Percent, Seconds, Truth, fail

Amount = TypeVar("Amount", bound=float)

LONGEST_WINDOW_S = 3600
"""The live state remembers an hour."""


_ONE_SIDED: Final = {
    **one_of("at_least", "at_most"),
    "dependentSchemas": {"until_below": {"required": ["at_least"]}, "until_above": {"required": ["at_most"]}},
}


class Threshold(Strict, Generic[Amount], json_schema_extra=_ONE_SIDED):
    """A level to start at, another to stop at, and a time to hold."""

    at_least: Amount | None = Field(None, description="holds from this level on")
    at_most: Amount | None = Field(None, description="holds from this level on downwards")
    until_below: Amount | None = Field(None, description="`at_least` goes on until less than this is seen")
    until_above: Amount | None = Field(None, description="`at_most` goes on until more than this is seen")
    hold: Duration | None = Field(
        None,
        alias="for",
        description="starts only when the level was reached for this long without a break",
        examples=["10s"],
    )

    @model_validator(mode="after")
    def _is_one_sided(self) -> "Threshold[Amount]":
        if (self.at_least is None) == (self.at_most is None):
            fail("L101", "a threshold has one of `at_least` and `at_most`", "Write one of them: at_least: 5")
        if self.at_least is not None:
            _stops(self.at_least, self.until_above, ("until_above", "until_below"))
            if self.until_below is not None and self.until_below > self.at_least:
                fail(
                    "L102",
                    "`until_below` is above `at_least`: it would stop before it starts",
                    "Write a value that is at most that of `at_least`",
                    at=("until_below",),
                )
        elif self.at_most is not None:
            _stops(self.at_most, self.until_below, ("until_below", "until_above"))
            if self.until_above is not None and self.until_above < self.at_most:
                fail(
                    "L102",
                    "`until_above` is below `at_most`: it would stop before it starts",
                    "Write a value that is at least that of `at_most`",
                    at=("until_above",),
                )
        return self

    @property
    def start(self) -> float:
        """Return the level to start at."""
        level = self.at_most if self.at_least is None else self.at_least
        return 0 if level is None else level

    @property
    def stop(self) -> float:
        """Return the level to stop beyond: the start level where no other is given."""
        level = self.until_above if self.at_least is None else self.until_below
        return self.start if level is None else level


def _stops(start: float, wrong: float | None, names: tuple[str, str]) -> None:
    if wrong is not None:
        side = "at_least" if names[1] == "until_below" else "at_most"
        message = f"`{names[0]}` can't stop what starts with `{side}: {start:g}`"
        fail("L103", message, f"Write `{names[1]}`", at=(names[0],))


class OfQueue(Threshold[Amount], Generic[Amount]):
    """A measure of a queue against a level."""

    instead: ClassVar = "{queue: <queue>, at_least: <level>}"

    queue: Name = Field(description="a queue that an in-house site has", examples=["support"])


class CountOfQueue(OfQueue[Count]):
    """A number of callers or positions of a queue against a level."""


class TimeOfQueue(OfQueue[Seconds]):
    """A wait in a queue against a level."""


class ShareOfQueue(OfQueue[Percent]):
    """A share of a queue against a level."""


class OfSite(Threshold[Count]):
    """A count at an external site against a level."""

    instead: ClassVar = "{site: <external>, at_least: <level>}"

    site: Name = Field(description="an external site", examples=["tunis"])


class ServiceLevel(OfQueue[Percent]):
    """Share answered within a time, over a window; `within` is the service's own `answered_within` by default."""

    within: Duration | None = Field(
        None, description="answered within this time; by default the service's `answered_within`", examples=["20s"]
    )
    window: Duration = Field(900, description="how far back calls are counted, at most 1h", examples=["30min"])

    @model_validator(mode="after")
    def _is_remembered(self) -> "ServiceLevel":
        _remembered(self.window)
        return self


class CallRate(Threshold[Count]):
    """Calls per minute for a service (by default the rule's own), over a window."""

    instead: ClassVar = "{at_least: <level>}"

    service: Name | None = Field(None, description="by default the rule's own service", examples=["orders"])
    window: Duration = Field(300, description="how far back calls are counted, at most 1h", examples=["10min"])

    @model_validator(mode="after")
    def _is_remembered(self) -> "CallRate":
        _remembered(self.window)
        return self


def _remembered(window_s: int) -> None:
    if window_s > LONGEST_WINDOW_S:
        fail("L104", "the window is longer than the hour that is remembered", "Write at most 1h", at=("window",))


class ModeIs(Strict, json_schema_extra=one_of("on", "off")):
    """A mode that must be on, or one that must be off."""

    short: ClassVar = "on"

    on: Name | None = Field(None, description="this mode must be on", examples=["crisis"])
    off: Name | None = Field(None, description="this mode must be off", examples=["crisis"])

    @model_validator(mode="after")
    def _is_one(self) -> "ModeIs":
        if (self.on is None) == (self.off is None):
            fail(
                "K110",
                "`mode` names one mode",
                "Write `mode: crisis`, or `mode: {off: crisis}` for one that must be off",
            )
        return self


class Caller(Strict, json_schema_extra={"minProperties": 1}):
    """Callers by the begin of their number, by their whole number, or those who hide it."""

    short: ClassVar = "numbers"

    prefix: Annotated[list[Phone], OneOrMore] = Field(
        default_factory=list, description="the caller's number begins so", examples=["+33 6", ["+33 6", "+33 7"]]
    )
    numbers: Annotated[list[Phone], OneOrMore] = Field(
        default_factory=list, description="the caller's number is one of these", examples=[["06 12 34 56 78"]]
    )
    anonymous: Truth = Field(False, description="the caller hides the number")  # noqa: FBT003 - the default

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: object) -> object:
        if data == "anonymous":
            return {Text("anonymous", plain=True): Text("true", plain=True)}
        if isinstance(data, Text) and nearest(data, ["anonymous"]):
            fail("V130", f"`{data}` is not possible here", "Did you mean `anonymous`?")
        return {Text("numbers", plain=True): data} if isinstance(data, list) else data

    @classmethod
    def forms(cls, whole: JsonSchemaValue) -> list[JsonSchemaValue]:
        """Return the word, the numbers, and the mapping."""
        return [{"const": "anonymous"}, *super().forms(whole)]

    @model_validator(mode="after")
    def _is_something(self) -> "Caller":
        if not (self.prefix or self.numbers or self.anonymous):
            fail("K113", "`caller` names nobody", 'Write `anonymous`, a list of numbers, or {prefix: "+336"}')
        return self


class When(Strict, json_schema_extra={"minProperties": 1}):
    """Conditions; all that are given must hold."""

    open: Name | None = Field(None, description="the calendar is open", examples=["office"])
    closed: Name | None = Field(None, description="the calendar is closed", examples=["office"])
    begin: Moment | None = Field(
        None,
        alias="from",
        description="this day (or time of a day) has begun",
        examples=["2027-01-04", "2027-01-04 08:00"],
    )
    before: Moment | None = Field(
        None, description="this day (or time of a day) has not begun", examples=["2027-04-01", "2027-04-01 18:00"]
    )
    mode: ModeIs | None = Field(None, description="the mode is on, or off", examples=["crisis", {"off": "crisis"}])
    number: Annotated[list[Phone], OneOrMore] | None = Field(
        None, description="this number was dialled, or one of a list", examples=["0800 123 456"]
    )
    caller: Caller | None = Field(
        None,
        description="the caller hides the number, or it is one of these, or it begins so; `prefix`, `numbers` and "
        "`anonymous: true` may stand together",
        examples=["anonymous", ["06 12 34 56 78"], {"prefix": ["+33 6", "+33 7"]}],
    )
    language: Annotated[list[Language], OneOrMore] | None = Field(
        None, description="the call is in this language, or in one of a list", examples=["en"]
    )
    waited: Duration | None = Field(
        None, description="the caller has waited so long; in `while_waiting` only", examples=["90s"]
    )
    waiting: CountOfQueue | None = Field(
        None, description="callers who wait", examples=[{"queue": "support", "at_least": 5, "until_below": 3}]
    )
    longest_wait: TimeOfQueue | None = Field(
        None,
        description="time that the first of them has waited",
        examples=[{"queue": "support", "at_least": "2min", "until_below": "45s"}],
    )
    estimated_wait: TimeOfQueue | None = Field(
        None,
        description="forecast wait of a caller who joins now; not known before 20 answered calls",
        examples=[{"queue": "support", "at_least": "60s", "until_below": "30s"}],
    )
    ready: CountOfQueue | None = Field(
        None,
        description="positions that would be rung for the next caller",
        examples=[{"queue": "support", "at_most": 0, "until_above": 1}],
    )
    logged_in: CountOfQueue | None = Field(
        None, description="positions that can be reached, paused or not", examples=[{"queue": "support", "at_most": 0}]
    )
    occupancy: ShareOfQueue | None = Field(
        None,
        description="busy / (busy + ready), in percent",
        examples=[{"queue": "support", "at_least": "95%", "until_below": "85%"}],
    )
    service_level: ServiceLevel | None = Field(
        None,
        description="answered within that time / (answered + abandoned), in percent",
        examples=[{"queue": "support", "window": "30min", "at_most": "60%", "until_above": "75%"}],
    )
    no_position_ready: Name | None = Field(None, description="no position of the queue is free", examples=["support"])
    nobody_logged_in: Name | None = Field(
        None, description="no position of the queue can be reached", examples=["support"]
    )
    site_calls: OfSite | None = Field(
        None, description="calls at an external site", examples=[{"site": "tunis", "at_most": 20}]
    )
    free_lines: OfSite | None = Field(
        None,
        description="`max_calls` less the calls at the site",
        examples=[{"site": "tunis", "at_most": 2, "until_above": 5}],
    )
    site_up: Name | None = Field(None, description="the external site can be expected to answer", examples=["tunis"])
    site_down: Name | None = Field(
        None, description="the external site can't be expected to answer", examples=["tunis"]
    )
    call_rate: CallRate | None = Field(
        None, description="calls per minute for a service", examples=[{"at_least": 40, "until_below": 30}]
    )
    all_of: "list[When] | None" = Field(None, alias="all", min_length=1, description="all of these hold")
    any_of: "list[When] | None" = Field(None, alias="any", min_length=1, description="at least one of these holds")
    none_of: "When | None" = Field(None, alias="not", description="this does not hold")

    @model_validator(mode="after")
    def _is_something(self) -> "When":
        if not self.model_fields_set:
            fail("K112", "there is no condition here", "Write one, or remove `when`")
        return self
