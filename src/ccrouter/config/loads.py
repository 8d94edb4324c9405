"""Loads as a person says them: `waiting=6,ready=0` on a command line, or mappings in a YAML file.

    queues: {support: {waiting: 6, ready: 0}}
    sites: {tunis: down, backup: {calls: 12}}
    services: {support: {call_rate: 40}}

Both are statements, `support.waiting` and `6`, which are understood in one place.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol

from pydantic_core import PydanticCustomError

from ccrouter.config.document import Document, Text, Value
from ccrouter.config.document import Path as Where
from ccrouter.config.load import read_file
from ccrouter.config.positions import ContradictionError, queue_load
from ccrouter.config.problems import suggest
from ccrouter.config.values import number, percent, seconds, word
from ccrouter.config.yaml import read
from ccrouter.errors import ConfigError
from ccrouter.outlook.loads import QUIET, Load, SiteLoad
from ccrouter.outlook.places import queue_named, queues_of, sites_of
from ccrouter.routing.destinations import External, InHouse
from ccrouter.routing.rules import Rules, Service
from ccrouter.routing.snapshot import Health

UNKNOWN: Final = "unknown"
"""Stands for a PABX that can't be asked, and for a forecast or a service level that nobody can tell."""

_OF_QUEUE: Final[Mapping[str, Callable[[object], float]]] = {
    "waiting": number,
    "longest_wait": seconds,
    "estimated_wait": seconds,
    "logged_in": number,
    "ready": number,
    "busy": number,
    "paused": number,
    "occupancy": percent,
    "service_level": percent,
}
_FORMS: Final = {
    "longest_wait": "90s",
    "estimated_wait": "90s",
    "occupancy": "80%",
    "service_level": "80%",
}
"""How values of these look; the others are numbers."""

_OF_SITE: Final = ("calls", "health")
_OF_SERVICE: Final = ("call_rate",)
_MEASURES: Final = (*_OF_QUEUE, *_OF_SITE, *_OF_SERVICE)
_SECTIONS: Final[Mapping[str, Sequence[str]]] = {
    "queues": tuple(_OF_QUEUE),
    "sites": _OF_SITE,
    "services": _OF_SERVICE,
}
_HEALTH: Final = tuple(health.value for health in Health)


class LoadError(ConfigError):
    """A text says no load; `message` tells why, `cure` what to write instead."""

    def __init__(self, code: str, message: str, cure: str) -> None:
        self.code = code
        self.message = message
        self.cure = cure
        super().__init__(f"{message}. {cure}{'' if cure.endswith('?') else '.'}")


def load_of(text: str, rules: Rules, service: Service | None) -> Load:
    """Return the load that a text says: `quiet`, `unknown`, or measures such as `waiting=6,tunis=down`.

    Raises:
        LoadError: it says none.

    """
    if text.strip() in {"quiet", UNKNOWN}:
        return Load(known=False) if text.strip() == UNKNOWN else QUIET

    def blame(said: "_Said", code: str, message: str, cure: str, *, key: bool) -> None:  # noqa: ARG001 - as in a file
        raise LoadError(code, message, cure)

    return _Saying(rules, service, blame).load(_pieces(text))


def says_file(text: str, folder: Path) -> bool:
    """Tell whether a text names a file with a load, and is none itself: it looks like one, or it is there."""
    if "=" in text or text.strip() in {"quiet", UNKNOWN}:
        return False
    looks = "/" in text or ("." in text and text.rpartition(".")[2] not in _MEASURES)
    return looks or (folder / text).is_file()


def load_file(path: Path, rules: Rules, service: Service | None) -> Load:
    """Return the load that a YAML file describes.

    Raises:
        RefusedFileError: it can't be read, or it says no load.

    """
    document = read(read_file(path), str(path))
    found = load_at(document, (), rules, service)
    document.refuse()
    return found


def load_at(document: Document, path: Where, rules: Rules, service: Service | None) -> Load:
    """Return the load that stands in a file at `path`; problems are noted there."""
    value = document.get(path)
    if isinstance(value, Text):
        try:
            return load_of(value, rules, service)
        except LoadError as error:
            document.blame(path, error.code, error.message, error.cure)
            return QUIET
    if not isinstance(value, dict):
        document.blame(path, "C101", "a list says no load", "Write measures: {waiting: 6, ready: 0}")
        return QUIET

    def blame(said: "_Said", code: str, message: str, cure: str, *, key: bool) -> None:
        document.blame(said.where, code, message, cure, key=key)

    return _Saying(rules, service, blame).load(list(_statements(document, path, value)))


@dataclass(frozen=True, slots=True)
class _Said:
    """One statement: a measure, of what (empty: to be found out), its value, and where both stand."""

    of: str
    measure: str
    value: Value
    where: Where = ()
    of_where: Where = ()


class _Blame(Protocol):
    def __call__(self, said: _Said, code: str, message: str, cure: str, *, key: bool) -> None: ...


def _pieces(text: str) -> list[_Said]:
    found = []
    for piece in text.split(","):
        key, _, value = (part.strip() for part in piece.partition("="))
        if not key or not value:
            cure = "Write measures: waiting=6,ready=0,tunis=down"
            if piece.strip().rpartition(".")[2] in _OF_QUEUE:
                cure = f"Write {piece.strip()}={_FORMS.get(piece.strip().rpartition('.')[2], '5')}"
            raise LoadError("C101", f"`{piece.strip()}` says no load", cure)
        found.append(_said(key, Text(value, plain=True)))
    return found


def _said(key: str, value: Value, where: Where = ()) -> _Said:
    name, _, measure = key.rpartition(".")
    if key not in _MEASURES and (not name or (measure not in _MEASURES and value in _HEALTH)):
        return _Said(key, "health", value, where)
    return _Said(name, measure, value, where)


def _statements(document: Document, path: Where, mapping: Mapping[Text, Value]) -> Iterator[_Said]:
    for key, value in mapping.items():
        where = (*path, str(key))
        if key not in _SECTIONS:
            yield _said(key, value, where)
        elif not isinstance(value, dict):
            document.blame(where, "K104", "`name: value` lines are expected here", "Write {support: {waiting: 6}}")
        else:
            for name, below in value.items():
                if isinstance(below, dict):
                    for measure, each in below.items():
                        of_where = (*where, str(name))
                        yield _Said(name, measure, each, (*of_where, str(measure)), of_where)
                else:
                    yield _Said(name, "health", below, (*where, str(name)))


@dataclass(slots=True)
class _Saying:
    """What was said so far."""

    rules: Rules
    service: Service | None
    blame: _Blame
    queues: dict[str, dict[str, float | None]] = field(default_factory=dict)
    sites: dict[str, SiteLoad] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    places: dict[tuple[str, str], _Said] = field(default_factory=dict)

    def load(self, statements: Sequence[_Said]) -> Load:
        """Return the load that these make together."""
        for said in statements:
            self._take(said)
        queues = {}
        for queue, measures in self.queues.items():
            try:
                queues[queue] = queue_load(measures)
            except ContradictionError as error:
                place = self.places[queue, error.measure]
                self.blame(place, "C104", f"{queue}: {error}", error.cure, key=True)
        return Load(queues, self.sites, self.rates)

    def _take(self, said: _Said) -> None:
        if said.measure not in _MEASURES:
            self.blame(said, "C102", f"`{said.measure}` is no measure", suggest(said.measure, _MEASURES), key=True)
            return
        of = self._of(said)
        if of is None:
            return
        if (of, said.measure) in self.places:
            self.blame(said, "C105", f"`{said.measure}` of `{of}` is said twice", "Remove one of the two", key=True)
            return
        self.places[of, said.measure] = said
        try:
            self._keep(of, said)
        except PydanticCustomError as error:
            found = error.context or {}
            self.blame(said, found["code"], found["message"], found["cure"], key=False)

    def _keep(self, of: str, said: _Said) -> None:
        """Note a value.

        Raises:
            PydanticCustomError: it is none.

        """
        if said.measure in _OF_QUEUE:
            unknown = word(said.value) == UNKNOWN and said.measure in {"estimated_wait", "service_level"}
            self.queues.setdefault(of, {})[said.measure] = None if unknown else self._amount(said)
        elif said.measure == "call_rate":
            self.rates[of] = number(said.value)
        else:
            before = self.sites.get(of, SiteLoad())
            health = Health(_one_of(said)) if said.measure == "health" else before.health
            calls = self._calls(of, said) if said.measure == "calls" else before.calls
            self.sites[of] = SiteLoad(calls, health)

    def _calls(self, of: str, said: _Said) -> int:
        found, site = number(said.value), self.rules.sites[of]
        if isinstance(site, External) and 0 < site.max_calls < found:
            message = f"`{of}` never has {found} calls: its `max_calls` is {site.max_calls}"
            self.blame(said, "V142", message, f"Write a number from 0 to {site.max_calls}", key=False)
        return found

    def _amount(self, said: _Said) -> float:
        found = _OF_QUEUE[said.measure](said.value)
        if said.measure == "service_level" and found != int(found):
            self.blame(said, "V142", f"{said.value} is no whole percentage", f"Write {found:.0f}%", key=False)
        return found

    # --- names ------------------------------------------------------------------------------------------------------

    def _of(self, said: _Said) -> str | None:
        """Return the queue, site or service that a statement is about, or None with a problem noted."""
        known = self._known(said.measure)
        if not said.of:
            return self._only(said, known)
        found = queue_named(self.rules, said.of) if said.measure in _OF_QUEUE else said.of
        if found is not None and found in known:
            return found
        names = list(known)
        if said.measure in _OF_QUEUE:
            names += [site.name for site in self.rules.sites.values() if isinstance(site, InHouse)]
        site = self.rules.sites.get(said.of)
        if said.measure == "health" and isinstance(site, InHouse):
            cure = f"Say how many are there: {said.of}.logged_in=0"
            self.blame(said, "C103", f"`{said.of}` is in-house: it is neither up nor down", cure, key=True)
        elif said.measure == "calls" and isinstance(site, InHouse):
            cure = f"Say how many wait or talk: {said.of}.waiting=3, {said.of}.busy=3"
            self.blame(said, "C103", f"`{said.of}` is in-house: its queue is measured, not its lines", cure, key=True)
        elif said.measure == "health" and not isinstance(said.value, dict) and said.value not in _HEALTH:
            cure = suggest(said.of, _MEASURES)
            self.blame(said, "C102", f"`{said.of}` is neither a measure nor a site", cure, key=True)
        else:
            kind = "queue" if said.measure in _OF_QUEUE else "service" if said.measure in _OF_SERVICE else "site"
            code = {"queue": "N305", "service": "N304", "site": "N306"}[kind]
            there = replace(said, where=said.of_where or said.where)
            self.blame(there, code, f"there is no {kind} `{said.of}`", suggest(said.of, names), key=True)
        return None

    def _known(self, measure: str) -> tuple[str, ...]:
        rules = self.rules
        if measure in _OF_QUEUE:
            return tuple({site.queue: None for site in rules.sites.values() if isinstance(site, InHouse)})
        if measure in _OF_SERVICE:
            return tuple(rules.services)
        return tuple(site.name for site in rules.sites.values() if isinstance(site, External))

    def _only(self, said: _Said, known: tuple[str, ...]) -> str | None:
        """Return what a measure without a name is about: there must be no choice."""
        service, near = self.service, known
        if service is not None and service.name in self.rules.services:
            if said.measure in _OF_SERVICE:
                return service.name
            near = queues_of(service) if said.measure in _OF_QUEUE else sites_of(service)
        if len(near) == 1:
            return near[0]
        whose = f" of the service `{service.name}`" if service is not None else ""
        kind = "queue" if said.measure in _OF_QUEUE else "service" if said.measure in _OF_SERVICE else "site"
        names = " or ".join(f"`{name}.{said.measure}`" for name in near)
        if near:
            self.blame(
                said, "C103", f"`{said.measure}` does not say of which {kind}{whose}", f"Write {names}", key=True
            )
        else:
            self.blame(said, "C103", f"there is no {kind}{whose}", f"Leave `{said.measure}` out", key=True)
        return None


def _one_of(said: _Said) -> str:
    found = word(said.value)
    if found not in _HEALTH:
        context = {"code": "V130", "message": f"`{found}` is no health of a site", "cure": suggest(found, _HEALTH)}
        raise PydanticCustomError("refused", "{message}", context)
    return found
