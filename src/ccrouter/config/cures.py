"""Cures that speak of the file at hand: what to write, with names that it really has."""

import re
import unicodedata
from typing import Final
from zoneinfo import available_timezones

from ccrouter.config.document import Document
from ccrouter.config.problems import nearest

# --- keys that are missing --------------------------------------------------------------------------------------------

_VALUES: Final = {
    "timezone": "Europe/Paris",
    "hours": '"Mo-Fr 08:30-18:30"',
    "otherwise": "[<site>, <message>]",
    "to": "[<site>, <message>]",
    "service": "<service>",
    "queue": "<queue>",
    "site": "<external>",
    "name": "out of hours",
    "max_wait": "2min",
    "answer_within": "20s",
    "answered_within": "20s",
    "target": "80%",
    "dial": "PJSIP/+33155000000@trunk",
    "numbers": '{"0800 123 456": {service: <service>}}',
    "services": "{support: {otherwise: [<site>, <message>]}}",
    "pabxs": "[{name: main, host: 127.0.0.1, username: ccrouter, secret: {env: CCROUTER_AMI_SECRET}}]",
    "host": "127.0.0.1",
    "username": "ccrouter",
    "secret": "{env: CCROUTER_AMI_SECRET}",
    "routing": "routing.yaml",
    "url": "https://crm.example.org/hooks/ccrouter",
    "events": "[offered, answered, ended]",
}
"""What a key that is missing may be given; names in <> are of the file."""


def missing(document: Document, key: str) -> str:
    """Return how a key that is missing may be written."""
    return f"Add `{key}: {filled(document, _VALUES.get(key, '...'))}`"


def filled(document: Document, cure: str) -> str:
    """Return a cure with the first name of each kind that it asks for: <site>, <external>, <queue>, <message>, ..."""
    return re.sub(r"<(\w+)>(, )?", lambda found: _named(document, found[1], found[2] or ""), cure)


def _named(document: Document, kind: str, then: str) -> str:
    sites = _section(document, "sites")
    known: dict[str, list[str]] = {
        "site": list(sites),
        "external": [name for name in sites if document.get(("sites", name, "external")) is not None],
        "queue": [str(queue) for name in sites if (queue := document.get(("sites", name, "in_house", "queue")))],
    }
    names = known.get(kind, _section(document, f"{kind}s"))
    if names:
        return f"{names[0]}{then}"
    return "" if kind == "site" and then else f"{kind.upper()}{then}"


def _section(document: Document, section: str) -> list[str]:
    value = document.get((section,))
    return [str(name) for name in value] if isinstance(value, dict) else []


# --- time zones -------------------------------------------------------------------------------------------------------

_ABBREVIATIONS: Final = {
    "CEST": "Europe/Paris",
    "MEZ": "Europe/Berlin",
    "MESZ": "Europe/Berlin",
    "BST": "Europe/London",
    "WEST": "Europe/Lisbon",
    "EEST": "Europe/Athens",
    "IST": "Asia/Kolkata",
    "EDT": "America/New_York",
    "CST": "America/Chicago",
    "CDT": "America/Chicago",
    "MDT": "America/Denver",
    "PST": "America/Los_Angeles",
    "PDT": "America/Los_Angeles",
}


def zone_cure(name: str) -> str:
    """Return what to write in place of a name that is no time zone: a place where the clock shows what is meant."""
    if re.fullmatch(r"(UTC|GMT)?\s*[+-]\s*\d{1,2}(:?\d\d)?", name, re.IGNORECASE):
        return "Write a place such as Europe/Paris: a fixed offset has no summer time"
    zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix")))
    cities = {zone.rpartition("/")[2].casefold(): zone for zone in reversed(zones)}
    flat = unicodedata.normalize("NFKD", name.strip().casefold().replace(" ", "_")).encode("ascii", "ignore").decode()
    near = nearest(name, zones) if "/" in name else cities.get(nearest(flat, cities, cutoff=0.75) or "")
    found = _ABBREVIATIONS.get(name.strip().upper()) or near
    return f"Did you mean `{found}`?" if found else "Write a place such as Europe/Paris"


# --- opening hours ----------------------------------------------------------------------------------------------------

_DAYS: Final = {
    "Mo": "mo mon monday lu lun lundi montag",
    "Tu": "tu tue tues tuesday ma mar mardi di die dienstag",
    "We": "we wed wednesday me mer mercredi mi mit mittwoch",
    "Th": "th thu thur thurs thursday je jeu jeudi do don donnerstag",
    "Fr": "fr fri friday ve ven vendredi freitag",
    "Sa": "sa sat saturday sam samedi samstag",
    "Su": "su sun sunday dim dimanche so son sonntag",
}
_DAY_OF: Final = {word: day for day, words in _DAYS.items() for word in words.split()}
_TO: Final = r"\s*(?:-|\N{EN DASH}|\N{EM DASH}|to|\N{LATIN SMALL LETTER A WITH GRAVE}|au|bis|until)\s*"
_SIGN: Final = re.compile(
    r"(?<!\d)(?P<hour>\d{1,2})(?:\s?[:.]\s?(?P<minute>\d\d)|\s?h(?:eures?|rs?)?(?P<after>\d\d)?)?"
    r"(?:\s?(?P<half>[ap]\.?m\b\.?)|\s?Uhr)?(?!\d)|(?P<word>[^\W\d_]+)",
    re.IGNORECASE,
)
"""A time of the clock, or a word."""

_LAST: Final = "18:30"
_UNLIKE: Final = re.compile(
    r"\b(jan|feb|apr|may|jun|jul|aug|sep|oct|nov|dec|f\xe9v|avr|mai|juin|juil|ao\xfbt|d\xe9c|week|except|not|sauf|hors|"
    r"au\xdfer|ausser|closed|off|ferm\xe9|geschlossen|odd|even|pair|impair)",
    re.IGNORECASE,
)
"""Begins of words that change the meaning of the days and times beside them."""


def hours_meant(text: str) -> str:
    """Return opening hours in OpenStreetMap's form with the days and times of a text that is in another; maybe empty.

    Days may be words of English, French or German; where none are named, or no end, a usual one stands in. Days that
    come after times begin a rule of their own.
    """
    if re.search(r"24\s?h?\s?/\s?(24|7)|\b(always|toujours|immer)\b", text, re.IGNORECASE):
        return "24/7"
    if _UNLIKE.search(text):
        return ""
    rules = [rule for part in re.split(r"[;\n]", text) if part.strip() for rule in _rules(part)]
    if not all(times for _, times in rules) or (len(rules) > 1 and any(len(times) % 2 for _, times in rules)):
        return ""
    if len(rules) > 1 and not rules[0][0]:
        return ""
    joined: list[tuple[str, list[str]]] = []
    for days, times in rules:
        if joined and not days:
            joined[-1][1].extend(times)
        else:
            joined.append((days or "Mo-Fr", list(times)))
    return "; ".join(f"{days} {_ranges(times)}" for days, times in joined)


def _rules(text: str) -> list[tuple[str, list[str]]]:
    """Return the days of each rule in a text with the times that follow them; no times where any is none of a clock."""
    found: list[tuple[str, list[str]]] = []
    days, at = "", 0
    for sign in _SIGN.finditer(text):
        day = _DAY_OF.get((sign["word"] or "").casefold())
        if day is None and sign["word"]:
            continue
        if day is None:
            if days or not found:
                found.append((days, []))
                days = ""
            clock = _clock(sign["hour"], sign["minute"] or sign["after"] or "00", sign["half"] or "")
            found[-1][1].append(clock)
        else:
            between = text[at : sign.start()]
            days += f"{'-' if re.fullmatch(_TO, between, re.IGNORECASE) else ','}{day}" if days else day
        at = sign.end()
    if days:
        found = [(days, found[0][1])] if len(found) == 1 and not found[0][0] else [*found, (days, [])]
    return [(each, times if all(times) else []) for each, times in found] or [("", [])]


def _ranges(times: list[str]) -> str:
    if len(times) % 2:
        times = [*times, _LAST if times[-1] < _LAST else "24:00"]
    return ",".join(f"{start}-{end}" for start, end in zip(times[::2], times[1::2], strict=True))


def _clock(hour: str, minute: str, half: str) -> str:
    number = int(hour) + 12 * (half[:1] in {"p", "P"} and int(hour) < 12)
    return f"{number:02}:{minute}" if number <= 24 and int(minute) < 60 else ""
