"""From a checked routing file to the rules that decide."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from ccrouter.config import models, places
from ccrouter.config.calendars import WallCalendar
from ccrouter.config.compile_rules import Serving
from ccrouter.config.cures import hours_meant
from ccrouter.config.document import Document, Path
from ccrouter.config.hours import Hours, HoursError, hours
from ccrouter.config.models import RoutingFile
from ccrouter.config.problems import nearest
from ccrouter.config.public_holidays import NoHolidaysError, public_holidays
from ccrouter.config.scope import Scope, is_known
from ccrouter.config.telephone import NoNumberError, country_of, spellings
from ccrouter.routing.destinations import External, InHouse, Message, Site, Tariff
from ccrouter.routing.plan import PlayStep, Treatment, VoicemailStep
from ccrouter.routing.rule import UNKNOWN_NUMBER
from ccrouter.routing.rules import ModeKey, Number, Rules, Service
from ccrouter.routing.schedule import Calendar

NO_SERVICE: Final = "ss-noservice"
"""Asterisk's stock announcement for a number that is not in service; part of its core sounds."""


def compile_routing(document: Document, written: RoutingFile, version: str) -> Rules:
    """Return the rules of a file.

    Raises:
        RefusedFileError: names stand for nothing, rules can't be reached, plans don't fit, ...

    """
    scope = _scope(document, written)
    services: dict[str, Service | None] = {
        name: Serving(scope, name).service(service) for name, service in written.services.items()
    }
    if UNKNOWN_NUMBER in written.services:
        message = f"the name `{UNKNOWN_NUMBER}` is taken by ccrouter"
        document.blame(("services", UNKNOWN_NUMBER), "N101", message, "Give the service another name", key=True)
    numbers = _numbers(scope, written, services)
    unknown = _unknown(scope, written, services)
    switched = written.modes if isinstance(written.modes, dict) else {}
    mode_keys = _mode_keys(document, switched)
    document.refuse()
    return Rules(
        version=version,
        numbers=MappingProxyType(numbers),
        services=MappingProxyType({name: service for name, service in services.items() if service}),
        unknown=unknown,
        sites=MappingProxyType({name: site for name, site in scope.sites.items() if site}),
        messages=MappingProxyType({name: message for name, message in scope.messages.items() if message}),
        modes=scope.modes,
        mode_keys=MappingProxyType(mode_keys),
        mode_ends=MappingProxyType({name: mode.ends_after for name, mode in switched.items() if mode.ends_after}),
        thresholds=tuple(scope.thresholds),
        zone=written.timezone,
        country=scope.country,
    )


def _scope(document: Document, written: RoutingFile) -> Scope:
    doubtful = document.lost(("country",)) or (written.country is None and document.lost(("timezone",)))
    country = "" if doubtful else written.country or country_of(written.timezone.key)
    calendars = {name: _calendar(document, name, each, written.timezone) for name, each in written.calendars.items()}
    sites = {name: _site(document, name, each, calendars) for name, each in written.sites.items()}
    for name in written.messages:
        if name in sites:
            line = document.at(("sites", name), key=True).line
            cure = "Give one of them another name: `to` names both"
            document.blame(("messages", name), "N102", f"`{name}` is a site already, on line {line}", cure, key=True)
    named = written.modes if isinstance(written.modes, list) else []
    before: set[str] = set()
    for i, mode in enumerate(named):
        if mode in before:
            document.blame(("modes", i), "N103", f"the mode `{mode}` is here twice", "Remove one of the two")
        before.add(mode)
    numbers = _spellings(document, written, country)
    return Scope(
        document,
        country,
        calendars,
        sites,
        {name: _message(name, each) for name, each in written.messages.items()},
        frozenset(written.modes),
        written.services,
        frozenset(site.in_house.queue for site in written.sites.values() if site.in_house),
        numbers,
        {form: forms for forms in numbers.values() for form in forms},
        _treatments(written),
        written.timezone,
    )


# --- calendars --------------------------------------------------------------------------------------------------------

_TIMES: Final = re.compile(r"\d{1,2}:\d{2}-\d{1,2}:\d{2}( *, *\d{1,2}:\d{2}-\d{1,2}:\d{2})*")


def _calendar(document: Document, name: str, written: places.Calendar, zone: ZoneInfo) -> WallCalendar | None:
    path: Path = ("calendars", name)
    weekly = _hours(document, written.hours, (*path, "hours"))
    known = []
    for i, code in enumerate(written.holidays):
        try:
            known.append(public_holidays(code))
        except NoHolidaysError as error:
            near = nearest(code, error.known)
            cure = f"Did you mean `{near}`?" if near else "Write a country, or a part of one: FR, FR-57, DE-BW"
            if re.fullmatch(r"FR-\d[\dAB]", code):
                cure = "Write FR: in mainland France, only FR-6AE (Alsace) and FR-57 (Moselle) have days of their own"
                cure = "Write FR-6AE: Alsace is one; FR-57 is Moselle" if code in {"FR-67", "FR-68"} else cure
            document.blame((*path, "holidays", i), "T120", f"no public holidays are known for `{code}`", cure)
    exceptions: dict[date, Hours | None] = {}
    for day, text in written.exceptions.items():
        where: Path = (*path, "exceptions", day.isoformat())
        if text == "closed":
            exceptions[day] = None
        elif _TIMES.fullmatch(text):
            exceptions[day] = _hours(document, text, where)
        else:
            times = hours_meant(text).partition(" ")[2]
            cure = f'Write closed, or hours: "{times if _TIMES.fullmatch(times) else "08:30-12:00"}"'
            document.blame(where, "T121", f"`{text}` says no hours of a day", cure)
    return None if weekly is None else WallCalendar(name, zone, weekly, known, exceptions)


def _hours(document: Document, text: str, path: Path) -> Hours | None:
    try:
        return hours(text)
    except HoursError as error:
        document.blame(path, error.code, str(error), error.cure, offset=error.offset)
        return None


# --- modes ------------------------------------------------------------------------------------------------------------


def _mode_keys(document: Document, written: Mapping[str, models.Mode]) -> dict[str, ModeKey]:
    found: dict[str, ModeKey] = {}
    for name, mode in written.items():
        if mode.code is None:
            continue
        if mode.code in found:
            other = found[mode.code].mode
            line = document.at(("modes", other, "code")).line
            message = f"the code `{mode.code}` is that of `{other}` already, on line {line}"
            document.blame(("modes", name, "code"), "N106", message, "Give one of them another code")
            continue
        found[mode.code] = ModeKey(name, frozenset(mode.phones or ()))
    return found


# --- sites and messages -----------------------------------------------------------------------------------------------

LONGEST_GROUP: Final = 79
"""Of GROUP(), to which the dialplan gives the name of a site after URIENCODE; Asterisk 16 and 22 cut off the rest
without a word, so that two sites would be counted as one."""


def _site(document: Document, name: str, written: places.Site, calendars: Mapping[str, Calendar | None]) -> Site:
    kind, place = written.place
    calendar = None
    if place.calendar is not None:
        path = ("sites", name, kind, "calendar")
        known = is_known(document, "calendar", calendars, place.calendar, path)
        calendar = calendars[place.calendar] if known else None
    if isinstance(place, places.InHouse):
        return InHouse(name, place.queue, place.max_wait, calendar, place.wrap_up or 0)
    counted = len(quote(name, safe=""))
    if counted > LONGEST_GROUP:
        message = f"Asterisk counts a site's calls by {LONGEST_GROUP} characters of its name, and this has {counted}"
        cure = "Give it a shorter name; a letter with an accent counts for 6, a space for 3"
        document.blame(("sites", name), "N107", message, cure, key=True)
    return External(
        name=name,
        dial=place.dial,
        answer_within_s=place.answer_within,
        max_calls=place.max_calls or 0,
        calendar=calendar,
        hide_caller=place.caller_number == "hide",
        endpoint=place.endpoint or endpoint_of(place.dial),
        tariff=None if place.tariff is None else _tariff(place.tariff),
    )


def _tariff(written: places.Tariff) -> Tariff | None:
    call, minute = written.per_call, written.per_minute
    known = call or minute
    if known is None:
        return None
    return Tariff(known.currency, call.amount if call else Decimal(0), minute.amount if minute else Decimal(0))


def endpoint_of(dial: str) -> str:
    """Return the endpoint that a dial string goes through: `PJSIP/+33155000000@trunk` -> `PJSIP/trunk`.

    Empty where the PABX watches none: a Local channel, a DAHDI group.
    """
    technology, _, rest = dial.partition("/")
    if technology not in {"PJSIP", "SIP", "IAX2"}:
        return ""
    address = rest.split("/")[0]
    return f"{technology}/{address.rpartition('@')[2]}"


def _message(name: str, written: places.Message) -> Message:
    if written.play is not None:
        return Message(name, PlayStep(name, written.play))
    return Message(name, VoicemailStep(name, written.voicemail or ""))


# --- numbers ----------------------------------------------------------------------------------------------------------


def _spellings(document: Document, written: RoutingFile, country: str) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    owner: dict[str, str] = {}
    if not country:
        return found
    for number in written.numbers:
        path = ("numbers", number)
        try:
            found[number] = spellings(number, country)
        except NoNumberError as error:
            cure = "Write all its digits, or with + and the code of its country"
            document.blame(path, "V182", f"`{number}` is no number of {country}: {error}", cure, key=True)
            continue
        same = next((owner[form] for form in sorted(found[number]) if form in owner), None)
        if same is not None:
            line = document.at(("numbers", same), key=True).line
            message = f"`{number}` and `{same}` on line {line} are dialled alike"
            document.blame(path, "N105", message, "Remove one of the two", key=True)
        owner.update(dict.fromkeys(found[number], number))
    return found


def _treatments(written: RoutingFile) -> dict[str, list[Treatment]]:
    """Return by service: its own treatment, then those of its numbers, each once."""
    found = {name: {_treatment(service): None} for name, service in written.services.items()}
    for number in written.numbers.values():
        if number.service in found:
            found[number.service].setdefault(_treatment(number, _treatment(written.services[number.service])))
    return {name: list(treatments) for name, treatments in found.items()}


def _treatment(written: models.Treated, default: Treatment | None = None) -> Treatment:
    default = default or Treatment()
    return Treatment(
        language=default.language if written.language is None else written.language,
        answer_on_entry=default.answer_on_entry if written.answer is None else written.answer == "on_entry",
        priority=default.priority if written.priority is None else written.priority,
        announcement=default.announcement if written.announcement is None else written.announcement,
    )


def _numbers(scope: Scope, written: RoutingFile, services: Mapping[str, Service | None]) -> dict[str, Number]:
    found: dict[str, Number] = {}
    for name, each in written.numbers.items():
        service = scope.find("service", services, each.service, ("numbers", name, "service"))
        if service is not None:
            number = Number(name, service, _treatment(each, service.treatment), each.label)
            found.update(dict.fromkeys(scope.numbers.get(name, ()), number))
    return found


def _unknown(scope: Scope, written: RoutingFile, services: Mapping[str, Service | None]) -> Service:
    asked = written.unknown_number
    message = Message(UNKNOWN_NUMBER, PlayStep(UNKNOWN_NUMBER, NO_SERVICE))
    if asked is not None and asked.service is not None:
        service = scope.find("service", services, asked.service, ("unknown_number", "service"))
        if service is not None:
            return service
    elif asked is not None:
        named = scope.find("message", scope.messages, asked.message or "", ("unknown_number", "message"))
        message = named or message
    return Service(UNKNOWN_NUMBER, (), (message,), message)
