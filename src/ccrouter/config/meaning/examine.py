"""All remarks on what a file means."""

from ccrouter.config.document import Document
from ccrouter.config.meaning.destinations import of_destinations
from ccrouter.config.meaning.levels import of_levels
from ccrouter.config.meaning.loops import of_loops
from ccrouter.config.meaning.never import of_rules
from ccrouter.config.meaning.repeats import of_repeats
from ccrouter.config.meaning.shares import of_shares
from ccrouter.config.meaning.subject import Subject
from ccrouter.config.meaning.waiting import of_waiting
from ccrouter.config.models import RoutingFile
from ccrouter.config.problems import Problem
from ccrouter.routing.rules import Rules


def examine(document: Document, written: RoutingFile, rules: Rules, at: float) -> list[Problem]:
    """Return remarks on a good file, as it means at `at` (seconds since 1970) and in the year from then on.

    `written` and `rules` are what the document says. None of them refuses the file: they depend on the date. Where an
    answer would take too long, nothing is said.
    """
    subject = Subject(document, written, rules, at)
    found = []
    for part in (of_rules, of_levels, of_destinations, of_repeats, of_shares, of_waiting, of_loops):
        found += list(part(subject))
    return sorted(set(found))
