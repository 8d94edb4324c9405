"""What a rule's `when` may hold, as it stands in the file."""

from typing import Annotated, Generic, TypeVar

from pydantic import Field, model_validator

from ccrouter.config.document import Text
from ccrouter.config.shape import Strict
from ccrouter.config.telephone import Phone
from ccrouter.config.values import Count, Duration, Language, Moment, Name, OneOrMore, Percent, Seconds, Truth, fail

Amount = TypeVar("Amount", bound=float)

LONGEST_WINDOW_S = 3600
"""The live state remembers an hour."""


class Threshold(Strict, Generic[Amount]):
    """A level to start at, another to stop at, and a time to hold."""

    at_least: Amount | None = None
    at_most: Amount | None = None
    until_below: Amount | None = None
    until_above: Amount | None = None
    hold: Duration | None = Field(None, alias="for")

    @model_validator(mode="after")
    def _is_one_sided(self) -> "Threshold[Amount]":
        if (self.at_least is None) == (self.at_most is None):
            fail("a threshold has one of `at_least` and `at_most`", "Write one of them: at_least: 5")
        if self.at_least is not None:
            _stops(self.at_least, self.until_above, ("until_above", "until_below"))
            if self.until_below is not None and self.until_below > self.at_least:
                fail(
                    "`until_below` is above `at_least`: it would stop before it starts",
                    "Write a value that is at most that of `at_least`",
                    at=("until_below",),
                )
        elif self.at_most is not None:
            _stops(self.at_most, self.until_below, ("until_below", "until_above"))
            if self.until_above is not None and self.until_above < self.at_most:
                fail(
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
        fail(message, f"Write `{names[1]}`", at=(names[0],))


class OfQueue(Threshold[Amount], Generic[Amount]):
    """A measure of a queue against a level."""

    queue: Name


class OfSite(Threshold[Count]):
    """A count at an external site against a level."""

    site: Name


class ServiceLevel(OfQueue[Percent]):
    """Share answered within a time, over a window; `within` is the service's own `answered_within` by default."""

    within: Duration | None = None
    window: Annotated[Duration, Field()] = 900

    @model_validator(mode="after")
    def _is_remembered(self) -> "ServiceLevel":
        _remembered(self.window)
        return self


class CallRate(Threshold[Count]):
    """Calls per minute for a service (by default the rule's own), over a window."""

    service: Name | None = None
    window: Duration = 300

    @model_validator(mode="after")
    def _is_remembered(self) -> "CallRate":
        _remembered(self.window)
        return self


def _remembered(window_s: int) -> None:
    if window_s > LONGEST_WINDOW_S:
        fail("the window is longer than the hour that is remembered", "Write at most 1h", at=("window",))


class ModeIs(Strict):
    """A mode that must be on, or one that must be off."""

    on: Name | None = None
    off: Name | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: object) -> object:
        return {Text("on", plain=True): data} if isinstance(data, Text) and data else data

    @model_validator(mode="after")
    def _is_one(self) -> "ModeIs":
        if (self.on is None) == (self.off is None):
            fail("`mode` names one mode", "Write `mode: crisis`, or `mode: {off: crisis}` for one that must be off")
        return self


class Caller(Strict):
    """Callers by the begin of their number, by their whole number, or those who hide it."""

    prefix: Annotated[list[Phone], OneOrMore] = Field(default_factory=list)
    numbers: Annotated[list[Phone], OneOrMore] = Field(default_factory=list)
    anonymous: Truth = False

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: object) -> object:
        if isinstance(data, Text) and data == "anonymous":
            return {Text("anonymous", plain=True): Text("true", plain=True)}
        if isinstance(data, list) or (isinstance(data, Text) and data):
            return {Text("numbers", plain=True): data}
        return data

    @model_validator(mode="after")
    def _is_something(self) -> "Caller":
        if not (self.prefix or self.numbers or self.anonymous):
            fail("`caller` names nobody", 'Write `anonymous`, a list of numbers, or {prefix: "+336"}')
        return self


class When(Strict):
    """Conditions; all that are given must hold."""

    open: Name | None = None
    closed: Name | None = None
    begin: Moment | None = Field(None, alias="from")
    before: Moment | None = None
    mode: ModeIs | None = None
    number: Annotated[list[Phone], OneOrMore] | None = None
    caller: Caller | None = None
    language: Annotated[list[Language], OneOrMore] | None = None
    waited: Duration | None = None
    waiting: OfQueue[Count] | None = None
    longest_wait: OfQueue[Seconds] | None = None
    estimated_wait: OfQueue[Seconds] | None = None
    ready: OfQueue[Count] | None = None
    logged_in: OfQueue[Count] | None = None
    occupancy: OfQueue[Percent] | None = None
    service_level: ServiceLevel | None = None
    no_position_ready: Name | None = None
    nobody_logged_in: Name | None = None
    site_calls: OfSite | None = None
    free_lines: OfSite | None = None
    site_up: Name | None = None
    site_down: Name | None = None
    call_rate: CallRate | None = None
    all_of: "list[When] | None" = Field(None, alias="all", min_length=1)
    any_of: "list[When] | None" = Field(None, alias="any", min_length=1)
    none_of: "When | None" = Field(None, alias="not")

    @model_validator(mode="after")
    def _is_something(self) -> "When":
        if not self.model_fields_set:
            fail("there is no condition here", "Write one, or remove `when`")
        return self
