"""The past for people: the journal of decisions and the audit journal as tables."""

from ccrouter.routing.records import CallEnd, DecisionMade
from ccrouter.web.journal import History, JournalLines
from ccrouter.web.terminal import NONE, Section, duration, instant

HIDDEN = "hidden"


def journal_section(found: JournalLines) -> Section:
    """Return decisions with what became of their calls."""
    return Section(
        "Decisions",
        ("at", "number", "caller", "service", "rule", "to", "outcome", "uniqueid"),
        tuple(
            (
                *(instant(line.at, found.zone), line.number, line.caller or HIDDEN, line.service, line.rule),
                *(line.destination, _became(line), line.uniqueid),
            )
            for line in found.lines
        ),
        "the journal has none",
    )


def history_section(found: History) -> Section:
    """Return deeds with who, what, why and until when."""
    return Section(
        "History",
        ("at", "who", "what", "which", "why", "from", "until"),
        tuple(
            (
                *(instant(deed.at, found.zone), deed.who, deed.what, deed.subject or NONE, deed.why or NONE),
                NONE if deed.since is None else instant(deed.since, found.zone),
                NONE if deed.until is None else instant(deed.until, found.zone),
            )
            for deed in found.deeds
        ),
        "nobody has changed anything yet",
    )


def _became(line: DecisionMade) -> str:
    waited = "" if line.waited_s is None else f"taken out of a queue after {duration(line.waited_s)}"
    return ", ".join(filter(None, (waited, NONE if line.end is None and not waited else _ended(line.end))))


def _ended(end: CallEnd | None) -> str:
    if end is None:
        return ""
    talked = "" if end.talked_s is None else f", talked {duration(end.talked_s)}"
    where = f" at {end.target}" if end.target else ""
    return f"{end.outcome}{where} after {duration(end.waited_s)}{talked}"
