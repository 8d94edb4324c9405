"""Destinations that are closed when calls are sent to them, and hours in which nobody answers."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from functools import reduce
from itertools import groupby, islice
from operator import and_, or_

from ccrouter.config.document import Path
from ccrouter.config.meaning.subject import Listed, Subject, sites_of
from ccrouter.config.problems import Problem
from ccrouter.outlook.stretches import Stretch
from ccrouter.routing.destinations import Leg, Share, Site

TOLD = 2
"""Stretches that are told."""


def of_destinations(subject: Subject) -> Iterator[Problem]:
    """Yield what is wrong with sites that are closed when a rule sends calls to them."""
    for listed in subject.lists:
        sites = list(sites_of(listed.rule.to))
        if all(site.calendar is None for site in sites) or listed.prospect.can_decide(listed.at) is not True:
            continue
        opened = [_opened(listed, site) for site in sites]
        ever = reduce(or_, opened)
        if all(site.calendar for site in sites) and listed.prospect.can_decide(listed.at, ever) is False:
            yield _all_closed(subject, listed, sites)
            continue
        yield from _closed(subject, listed)
        closed = (1 << len(listed.prospect.clocks)) - 1 & ~ever
        if closed and not listed.prospect.waiting:
            yield from _deserted(subject, listed, sites, closed)


def _opened(listed: Listed, *sites: Site) -> int:
    """Return the times at which all these sites are open, see Prospect.opened."""
    always = (1 << len(listed.prospect.clocks)) - 1
    return reduce(and_, (listed.prospect.opened(site.calendar.name) if site.calendar else always for site in sites))


def _never(listed: Listed, *sites: Site) -> bool:
    """Tell whether these sites are never open together when the rule decides."""
    return listed.prospect.can_decide(listed.at, _opened(listed, *sites)) is False


# --- closed whenever the rule decides ---------------------------------------------------------------------------------


def _all_closed(subject: Subject, listed: Listed, sites: list[Site]) -> Problem:
    names = " and ".join(f"`{name}`" for name in dict.fromkeys(site.name for site in sites))
    closed = "is" if len({site.name for site in sites}) == 1 else "are"
    if listed.prospect.waiting:
        message = f"the rule `{listed.rule.name}` moves nobody: {names} {closed} closed whenever it may"
    else:
        message = f"{_who(listed)} reaches nobody but a message: {names} {closed} closed whenever it decides"
    cure = "Send its calls to a site that is open then, or to the message alone if that is meant"
    return subject.document.problem(listed.to, "M123", message, cure, key=True)


def _closed(subject: Subject, listed: Listed) -> Iterator[Problem]:
    for i, each in enumerate(listed.rule.to):
        if isinstance(each, Leg) and each.site.calendar is not None and _never(listed, each.site):
            calendar = each.site.calendar.name
            message = f"`{each.site.name}` is closed whenever {_who(listed)} decides: its calendar is `{calendar}`"
            cure = "Remove it here, or change its calendar"
            yield subject.document.problem(_named(subject, (*listed.to, i)), "M121", message, cure)
        elif isinstance(each, Share):
            yield from _share(subject, listed, each, (*listed.to, i))


def _named(subject: Subject, path: Path) -> Path:
    """Return what leads to the name of a site in a destination: it may be written short."""
    return (*path, "site") if isinstance(subject.document.get(path), dict) else path


def _share(subject: Subject, listed: Listed, share: Share, path: Path) -> Iterator[Problem]:
    legs = [
        leg for leg, weight in zip(share.legs, share.weights, strict=True) if weight and leg.site.calendar is not None
    ]
    for leg in legs:
        if _never(listed, leg.site):
            message = f"the share can't be kept: `{leg.site.name}` is closed whenever {_who(listed)} decides"
            cure = "Remove it from the share, or change its calendar"
            yield subject.document.problem((*path, "share", leg.site.name), "M122", message, cure, key=True)
            return
    for i, leg in enumerate(legs):
        for other in legs[:i]:
            if _never(listed, leg.site, other.site):
                names = f"`{other.site.name}` and `{leg.site.name}`"
                message = f"the share can't be kept: {names} are never open together when {_who(listed)} decides"
                cure = "Change their calendars, or write a rule for the hours of each"
                yield subject.document.problem((*path, "share"), "M122", message, cure, key=True)
                return


# --- hours in which nobody answers ------------------------------------------------------------------------------------


def _deserted(subject: Subject, listed: Listed, sites: list[Site], closed: int) -> Iterator[Problem]:
    """Yield the hours in which a rule decides and all its sites are closed."""
    times = listed.prospect.times(listed.at, closed)
    then = {opened for time, opened in enumerate(listed.prospect.clocks) if times >> time & 1}
    hours = sum(listed.hours[opened] for opened in then)
    first = next((stretch for stretch in listed.stretches if stretch.open in then), None)
    if first is None or not _seen(subject, listed, first):
        return
    named = " and ".join(f"`{name}`" for name in dict.fromkeys(site.name for site in sites))
    verb = "is" if len({site.name for site in sites}) == 1 else "are"
    spans = list(islice(_spans(listed.stretches, then), TOLD + 1))
    when = ", ".join([*(_said(span, subject.rules.zone) for span in spans[:TOLD]), *(["..."] if spans[TOLD:] else [])])
    message = (
        f"{_who(listed)} reaches nobody but a message for {hours:,.0f} hours of the coming year: {named} {verb} closed "
        f"on {when}"
    )
    cure = "Add a site that is open then, or a rule before it for these hours whose `to` is a message alone"
    yield subject.document.problem(listed.to, "M124", message, cure, key=True)


def _seen(subject: Subject, listed: Listed, stretch: Stretch) -> bool:
    """Tell whether the rule, when really asked, sends a call of this stretch to a message alone."""
    start = stretch.start.timestamp()
    decision = listed.prospect.example(subject.narrow(listed.service), listed.at, stretch.open, start)
    return decision is not None and not decision.plan.transfers


def _spans(stretches: Sequence[Stretch], then: Collection[frozenset[str]]) -> Iterator[tuple[datetime, datetime]]:
    """Yield the times in which just these calendars are open, in order, each as long as it lasts."""
    for among, group in groupby(stretches, lambda stretch: stretch.open in then):
        if among:
            start, *_, end = [bound for stretch in group for bound in (stretch.start, stretch.end)]
            yield start, end


def _said(span: tuple[datetime, datetime], zone: tzinfo) -> str:
    start, end = (each.astimezone(zone) for each in span)
    if end - start <= timedelta(days=1) and (end - timedelta(seconds=1)).date() == start.date():
        return f"{start:%A %Y-%m-%d %H:%M}-{end:%H:%M}"
    return f"{start:%A %Y-%m-%d %H:%M} to {end:%A %Y-%m-%d %H:%M}"


def _who(listed: Listed) -> str:
    return f"`otherwise` of `{listed.service.name}`" if listed.otherwise else f"the rule `{listed.rule.name}`"
