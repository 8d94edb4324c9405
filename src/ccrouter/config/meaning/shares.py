"""Shares that the sites' limits break."""

from collections.abc import Iterator
from math import floor

from ccrouter.config.document import Path
from ccrouter.config.meaning.subject import Subject
from ccrouter.config.problems import Problem
from ccrouter.routing.destinations import External, Share

UNEVEN = 2
"""A share is told of when one site is full before another is half full."""


def of_shares(subject: Subject) -> Iterator[Problem]:
    """Yield shares in which one site is full long before another: from then on the others take its part."""
    for listed in subject.lists:
        for i, each in enumerate(listed.rule.to):
            if isinstance(each, Share):
                yield from _of_share(subject, each, (*listed.to, i, "share"))


def _of_share(subject: Subject, share: Share, path: Path) -> Iterator[Problem]:
    whole = sum(share.weights)
    full = {  # calls at once, over all sites of the share, with which a site is full
        leg.site: leg.site.max_calls * whole / weight
        for leg, weight in zip(share.legs, share.weights, strict=True)
        if weight and isinstance(leg.site, External) and leg.site.max_calls
    }
    if len(full) < len([weight for weight in share.weights if weight]) or len(full) < UNEVEN:
        return
    least, most = min(full, key=full.__getitem__), max(full, key=full.__getitem__)
    if full[least] * UNEVEN > full[most]:
        return
    part = 100 * share.weights[[leg.site for leg in share.legs].index(least)] / whole
    message = (
        f"the share can't be kept from {floor(full[least]) + 1} calls at once on: `{least.name}` takes {part:.3g} % of "
        f"them, and its `max_calls` is {least.max_calls}"
    )
    cure = f"Give it a part that fits its lines, or raise its `max_calls`: `{most.name}` has {most.max_calls}"
    yield subject.document.problem((*path, least.name), "M131", message, cure, key=True)
