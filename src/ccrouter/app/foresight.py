"""Tells what would be: calls explained, modes previewed; by the rules in force, in a thread of its own."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Final, TypeVar

from ccrouter.clock import Clock, utc
from ccrouter.config.asking import AskedError, Wording, asked
from ccrouter.config.asking import Present as Seen
from ccrouter.live.queues import WaitingCaller
from ccrouter.outlook.behaviour import Way
from ccrouter.outlook.explained import page, record
from ccrouter.outlook.switched import Present, Switched, switched
from ccrouter.routing.call import Call
from ccrouter.routing.facts import Facts
from ccrouter.routing.rules import Rules
from ccrouter.web.foresight import (
    EXPLAINED,
    Course,
    ExplainBody,
    Explained,
    ModePreview,
    PreviewChange,
    PreviewMove,
)
from ccrouter.web.orders import BusyError, OrderError, UnknownNameError

AnswerT = TypeVar("AnswerT")

MOST: Final = 8
"""Questions in hand at once."""

ANSWER_WITHIN_S: Final = 5.0
LOOK_FOR_S: Final = 2.0
"""How long a preview looks at numbers; those that are left are told."""

MOST_WAITING: Final = 500
"""Callers who wait that a preview looks at."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Where what is asked about comes from; all of it is read in the event loop.

    Attributes:
        rules: those in force.
        file: where they come from.
        pabx: the first of the settings.
        ends: by mode that is on at an instant, when it will end by itself; None for never.
        waiting: the callers in queues.

    """

    rules: Callable[[], Rules]
    file: str
    pabx: str
    facts: Callable[[], Facts]
    ends: Callable[[float], Mapping[str, float | None]]
    waiting: Callable[[], Iterable[WaitingCaller]]


class Foresight:
    """Answers the control API (web.foresight.Foresees)."""

    def __init__(self, sight: Sight, clock: Clock) -> None:
        self._sight = sight
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "foresight")
        self._in_hand = 0

    async def explain(self, body: ExplainBody) -> Explained:
        """Tell what would become of a call.

        Raises:
            OrderError: it asks nothing that can be answered; the text names the field.
            BusyError: there is no time for it.

        """
        rules, seen = self._sight.rules(), self._seen()
        said = Wording(
            number=body.number,
            at=body.at,
            caller=body.caller,
            language=body.language,
            modes=tuple(body.modes),
            load=body.load,
        )

        def work() -> Explained:
            question = asked(
                said, rules, file=self._sight.file, pabx=self._sight.pabx, now=seen.facts.at, present=seen
            )  # fmt: skip - what is asked, of what
            found = question.decided()
            words = [{"text": line.text, "tone": line.tone.value} for line in page(question, found)]
            told = record(found)
            del told["not_as_expected"]
            return EXPLAINED.validate_python(
                {**told, "zone": str(rules.zone), "words": words, "remark": question.remark}
            )

        try:
            return await self._ask(work)
        except AskedError as error:
            raise OrderError(f"{error.said}: {error}") from error

    async def preview(self, name: str, *, on: bool | None) -> ModePreview:
        """Tell what switching a mode would change, from now to the end of the day.

        Raises:
            UnknownNameError: neither do the rules declare it, nor is it on.
            BusyError: there is no time for it.

        """
        rules, seen = self._sight.rules(), self._seen()
        calls = [
            (
                Call(
                    each.pabx,
                    each.uniqueid,
                    each.number,
                    each.caller,
                    each.language,
                    seen.facts.at - each.joined_at + each.waited_before_s,
                    caller_known=each.caller_known,
                ),
                each.queue,
            )
            for each in self._sight.waiting()
            if each.routed and not each.withdrawing
        ]

        def work() -> ModePreview:
            _check_mode(name, rules, seen)
            return self._preview(rules, seen, (name, on), calls[:MOST_WAITING])

        return await self._ask(work)

    def _preview(
        self, rules: Rules, seen: Seen, order: tuple[str, bool | None], calls: list[tuple[Call, str]]
    ) -> ModePreview:
        at, (name, asked_on) = seen.facts.at, order
        is_on = name in seen.modes(at)
        on = not is_on if asked_on is None else asked_on
        lasts_s = rules.mode_ends.get(name)
        ends = at + lasts_s if on and lasts_s is not None else None
        if is_on and on:
            ends = seen.ends.get(name)

        def after(then: float) -> frozenset[str]:
            others = seen.modes(then) - {name}
            return others | {name} if on and (ends is None or then < ends) else others

        until = _midnight(at, rules).timestamp()
        turns = [each for each in (*seen.ends.values(), ends) if each is not None]
        deadline = self._clock.steady() + LOOK_FOR_S
        present = Present(rules=rules, facts=seen.facts, pabx=self._sight.pabx, waiting=calls, until=until, turns=turns)
        found = switched(present, seen.modes, after, lambda: self._clock.steady() < deadline)
        return ModePreview(
            mode=name,
            on=on,
            changed=on != is_on,
            at=at,
            until=until,
            zone=str(rules.zone),
            ends=ends,
            changes=tuple(map(_change, found.changes)),
            waiting=tuple(
                PreviewMove(each.queue, each.service, each.callers, _course(each.to), each.words)
                for each in found.waiting
            ),
            later=tuple(map(_change, found.later)),
            same=found.same,
            unexplored=found.unexplored,
        )

    def _seen(self) -> Seen:
        """Return what is true now, as values that nobody changes any more."""
        facts = self._sight.facts()
        return Seen(
            replace(facts, latches=dict(facts.latches), turns=dict(facts.turns)), dict(self._sight.ends(facts.at))
        )

    async def _ask(self, work: Callable[[], AnswerT]) -> AnswerT:
        if self._in_hand >= MOST:
            raise BusyError(f"{MOST} such questions are in hand already; ask again in a moment")
        self._in_hand += 1
        answer = asyncio.get_running_loop().run_in_executor(self._thread, work)
        answer.add_done_callback(self._answered)
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await asyncio.shield(answer)
        except TimeoutError:
            raise BusyError(f"it was not found out within {ANSWER_WITHIN_S:g} s; ask again in a moment") from None

    def _answered(self, answer: asyncio.Future[AnswerT]) -> None:
        self._in_hand -= 1
        if not answer.cancelled():
            answer.exception()  # whoever asked may have given up, and then nobody else looks at it


def _check_mode(name: str, rules: Rules, seen: Seen) -> None:
    if name not in rules.modes and name not in seen.facts.modes:
        near = get_close_matches(name, rules.modes, 1)
        cure = f"did you mean {near[0]}?" if near else f"it has: {', '.join(sorted(rules.modes)) or 'none'}"
        raise UnknownNameError(f"the routing file declares no mode {name}; {cure}")


def _midnight(at: float, rules: Rules) -> datetime:
    """Return the end of the day, by the clock of the rules' zone."""
    today = utc(at).astimezone(rules.zone).date()
    return datetime.combine(today + timedelta(days=1), datetime.min.time(), rules.zone)


def _change(found: Switched) -> PreviewChange:
    return PreviewChange(
        numbers=found.numbers,
        label=", ".join(found.labels),
        service=found.service,
        before=_course(found.before),
        after=_course(found.after),
        since=found.start,
        until=found.end,
        words=found.words,
    )


def _course(way: Way) -> Course:
    return Course(way.rule, way.to)
