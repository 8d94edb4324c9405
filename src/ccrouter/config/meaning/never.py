"""Rules that can never decide."""

from collections.abc import Iterator

from ccrouter.config.meaning.subject import Listed, Placed, Subject, placed
from ccrouter.config.problems import Problem
from ccrouter.outlook.prospect import Bar, Never
from ccrouter.outlook.situations import short
from ccrouter.routing.conditions import Any as AnyOf
from ccrouter.routing.conditions import Condition, Dates, LanguageIs, Not, NumberIs, Open, Threshold


def of_rules(subject: Subject) -> Iterator[Problem]:
    """Yield what is wrong with rules that can never decide, whatever may be true in the coming year."""
    for listed in subject.lists:
        never = None if listed.otherwise else listed.prospect.never(listed.at)
        if never is not None and not _said_of_level(never):
            yield _told(subject, listed, never)


def _said_of_level(never: Never) -> bool:
    """Tell whether the remark on a level that is never reached says it all."""
    return len(never.conditions) == 1 and isinstance(never.conditions[0], Threshold)


def _told(subject: Subject, listed: Listed, never: Never) -> Problem:
    name = listed.rule.name
    if never.bar is Bar.EARLIER:
        before = [listed.prospect.rules[at].name for at in never.earlier]
        where = [(*listed.path[:-1], at) for at in never.earlier]
        taken = _and([f"`{rule}` (line {subject.line(path)})" for rule, path in zip(before, where, strict=True)])
        message = f"the rule `{name}` never decides: {taken} {'leaves' if len(before) == 1 else 'leave'} it no call"
        cure = "Move it up, before what takes its calls, or narrow their conditions; or remove it"
        return subject.document.problem((*listed.path, "name"), "M103", message, cure)
    places = _places(subject, listed, never.conditions)
    path = places[-1].path if places else (*listed.path, "name")
    code, message, cure = _why(listed, never, [_words(each) for each in never.conditions])
    return subject.document.problem(path, code, message, cure, key=True)


def _why(listed: Listed, never: Never, words: list[str]) -> tuple[str, str, str]:
    """Return code, message and cure for a rule whose own conditions keep it from deciding."""
    rule = f"the rule `{listed.rule.name}` never decides"
    said = _and([f"`{each}`" for each in words])
    alone = never.conditions[0] if len(never.conditions) == 1 else None
    match never.bar, alone:
        case Bar.TIME, Dates(end=float()):
            cure = "Change the date, or remove the rule"
            found = "M105", f"the rule `{listed.rule.name}` is over: {said}", cure
        case Bar.TIME, Open(calendar, wanted):
            message = (
                f"{rule}: the calendar `{calendar.name}` is never {'open' if wanted else 'closed'} in the coming year"
            )
            found = "M102", message, "Mend the calendar, or remove the rule"
        case Bar.TIME, _:
            verb = "never holds" if alone else "never hold together"
            found = "M102", f"{rule}: in the coming year, {said} {verb}", "Mend the calendars or the dates"
        case Bar.CALLS, NumberIs():
            cure = "Name a number of this service, or move the rule to the service of that number"
            found = "M104", f"{rule}: {said} leads to another service", cure
        case Bar.CALLS, LanguageIs():
            message = (
                f"{rule}: every number of `{listed.service.name}` has a language of its own, and none has this one"
            )
            found = "M104", message, "Give a number this `language`, or remove the rule"
        case Bar.CALLS, _:
            verb = "holds" if alone else "hold together"
            found = "M104", f"{rule}: for no call to `{listed.service.name}` {said} {verb}", "Change one of them"
        case _:
            verb = "can never hold" if alone else "can never hold together"
            cure = "Change one of them, or put them under `any` if one is enough"
            found = "M101", f"{rule}: {said} {verb}", "Change it, or remove the rule" if alone else cure
    return found


def _places(subject: Subject, listed: Listed, conditions: tuple[Condition, ...]) -> list[Placed]:
    if listed.rule.when is None:
        return []
    found = {
        id(each.condition): each for each in _all(placed(subject.document, listed.rule.when, (*listed.path, "when")))
    }
    return [found[id(condition)] for condition in conditions if id(condition) in found]


def _all(each: Placed) -> Iterator[Placed]:
    yield each
    for part in each.parts:
        yield from _all(part)


def _words(condition: Condition) -> str:
    if isinstance(condition, Not):
        return f"not {short(condition.part)}".strip()
    return "any" if isinstance(condition, AnyOf) else short(condition)


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else "nothing"
