"""Sites that stand twice in one list of destinations."""

from collections.abc import Iterator

from ccrouter.config.meaning.subject import Subject
from ccrouter.config.problems import Problem
from ccrouter.routing.destinations import Leg


def of_repeats(subject: Subject) -> Iterator[Problem]:
    """Yield sites that a list names again in the same way.

    A share may be followed by its own sites, and a limit of its own shows that a second try is meant.
    """
    for listed in subject.lists:
        seen: set[Leg] = set()
        for i, each in enumerate(listed.rule.to):
            if isinstance(each, Leg) and each in seen:
                path = (*listed.to, i)
                path = (*path, "site") if isinstance(subject.document.get(path), dict) else path
                message = f"`{each.site.name}` is here twice: who was not taken the first time will hardly be then"
                cure = "Remove one of the two, or give the second a `for` of its own if another try is meant"
                yield subject.document.problem(path, "M125", message, cure)
            elif isinstance(each, Leg):
                seen.add(each)
