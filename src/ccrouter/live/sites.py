"""The sites of the routing file and their health: what the PABXs see of their endpoints, and how real calls fared."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ccrouter.live.breaker import Breaker, Lesson, lesson
from ccrouter.live.effects import SiteHealthChanged
from ccrouter.live.queues import CallKey
from ccrouter.routing.snapshot import DOWN, UNKNOWN, UP, Health, Seconds


@dataclass(frozen=True, slots=True)
class SiteLimits:
    """One site of the routing file.

    Attributes:
        name: as in the file.
        endpoint: what the PABX watches, such as `PJSIP/trunk-tunis`; empty for in-house sites and where nothing does.
        max_calls: capacity; 0 stands for no limit.
        queue: queue of an in-house site; empty for an external one.
        wrap_up_s: wrap-up time of that queue, which no PABX tells; 0 for none.

    """

    name: str
    endpoint: str = ""
    max_calls: int = 0
    queue: str = ""
    wrap_up_s: Seconds = 0.0


@dataclass(slots=True)
class Endpoints:
    """Reachability of SIP endpoints, as each PABX sees it.

    `True`, `False`, or None where nothing watches it. What a PABX told before its link was lost counts only as long as
    no other PABX tells anything.
    """

    seen: dict[str, dict[str, tuple[bool | None, int]]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)

    def see(self, pabx: str, endpoint: str, reachable: bool | None, mark: int) -> None:  # noqa: FBT001 - the fact itself
        """Take in what a PABX tells of an endpoint."""
        self.seen.setdefault(endpoint, {})[pabx] = (reachable, mark)

    def drop_older(self, pabx: str, mark: int) -> None:
        """Forget endpoints of which a PABX has not told since `mark`."""
        gone = [name for name, told in self.seen.items() if pabx in told and told[pabx][1] < mark]
        for name in gone:
            del self.seen[name][pabx]
            if not self.seen[name]:
                del self.seen[name]

    def reachable(self, endpoint: str) -> bool | None:
        """Return whether any PABX reaches an endpoint; None where none says."""
        told = self.seen.get(endpoint, {})
        believed = [
            reachable for pabx, (reachable, _) in told.items() if pabx not in self.lost and reachable is not None
        ]
        believed = believed or [reachable for reachable, _ in told.values() if reachable is not None]
        return any(believed) if believed else None


@dataclass(slots=True)
class Site:
    """One external site."""

    limits: SiteLimits
    breaker: Breaker = field(default_factory=Breaker)
    reachable: bool | None = None
    told: Health = UNKNOWN

    @property
    def health(self) -> Health:
        """Return what the breaker says of a site that may be reachable."""
        if self.reachable is False:
            return DOWN
        health = self.breaker.health
        return UP if health is UNKNOWN and self.reachable else health


@dataclass(frozen=True, slots=True)
class Directory:
    """The sites of the routing file by name, and the names of those in house by queue.

    `wrap_ups` are the wrap-up times of queues, which count for members without one of their own.
    """

    by_name: dict[str, SiteLimits] = field(default_factory=dict)
    by_queue: dict[str, str] = field(default_factory=dict)
    wrap_ups: dict[str, Seconds] = field(default_factory=dict)

    @classmethod
    def of(cls, sites: Iterable[SiteLimits]) -> "Directory":
        """Return the directory of these sites."""
        by_name = {site.name: site for site in sites}
        in_house = [site for site in by_name.values() if site.queue]
        wrap_ups = {site.queue: site.wrap_up_s for site in in_house}
        return cls(by_name, {site.queue: site.name for site in in_house}, wrap_ups)

    def site_of(self, queue: str) -> str:
        """Return the in-house site that a queue belongs to; empty where none is known."""
        return self.by_queue.get(queue, "")

    def queue_of(self, name: str) -> str:
        """Return the queue of an in-house site; empty for any other."""
        site = self.by_name.get(name)
        return "" if site is None else site.queue


class Sites:
    """All sites, the lines of each that the PABXs may use, and the changes of health that nobody has been told yet.

    `effects` holds those changes until they are drained; `changed` the sites whose facts are not the last ones shown.
    """

    def __init__(self) -> None:
        self.endpoints = Endpoints()
        self.effects: list[SiteHealthChanged] = []
        self.changed: set[str] = set()
        self.directory = Directory()
        self.lines: dict[str, dict[str, int]] = {}
        self._external: dict[str, Site] = {}

    def lend(self, pabx: str, name: str, lines: int | None) -> None:
        """Take in how many lines of a site a PABX may use; None where that is not known."""
        lent = self.lines.setdefault(name, {})
        if lines is None:
            lent.pop(pabx, None)
        else:
            lent[pabx] = lines
        self.changed.add(name)

    def configure(self, sites: Iterable[SiteLimits], at: float) -> None:
        """Replace the sites; what is known of an external site that stays is kept."""
        self.changed.update(self.directory.by_name)
        self.directory = Directory.of(sites)
        self.changed.update(self.directory.by_name)
        known, self._external = self._external, {}
        for limits in self.directory.by_name.values():
            if not limits.queue:
                site = self._external[limits.name] = known.get(limits.name) or Site(limits)
                site.limits = limits
                self._reach(site, at)
        limited = {limits.name for limits in self.directory.by_name.values() if limits.max_calls}
        self.lines = {name: lent for name, lent in self.lines.items() if name in limited}

    def health(self, name: str) -> Health:
        """Return the health of an external site."""
        site = self._external.get(name)
        return UNKNOWN if site is None else site.health

    def reach(self, at: float, endpoint: str | None = None) -> None:
        """Look again at what the PABXs tell of `endpoint`, or of all."""
        for site in self._external.values():
            if site.limits.endpoint and endpoint in {None, site.limits.endpoint}:
                self._reach(site, at)

    def arrived(self, name: str, call: CallKey, at: float) -> None:
        """Take in that a call is sent to a site."""
        site = self._external.get(name)
        if site is not None:
            site.breaker.arrived(call, at)
            self._review(site, "one call tries it", at)

    def left(self, name: str, call: CallKey, at: float) -> None:
        """Take in that a call is not at a site any more."""
        site = self._external.get(name)
        if site is not None:
            site.breaker.left(call)
            self._review(site, "the call that tried it taught nothing", at)

    def answered(self, name: str, at: float) -> None:
        """Take in that a site answered."""
        site = self._external.get(name)
        if site is not None:
            site.breaker.alive()
            self._review(site, "answered", at)

    def talk_ended(self, name: str) -> None:
        """Take in that a talk with a site ended as talks do."""
        site = self._external.get(name)
        if site is not None:
            site.breaker.ended_well()

    def ended(self, name: str, result: str, cause: int, at: float) -> None:
        """Take in how a step at a site ended."""
        site = self._external.get(name)
        if site is None:
            return
        what = lesson(result, cause)
        if what is Lesson.ALIVE:
            site.breaker.alive()
            site.breaker.ended_well()
        elif what is Lesson.DEAD:
            site.breaker.dead(at)
        elif what is Lesson.DIED:
            site.breaker.died(at)
        self._review(site, f"{result}, cause {cause}", at)

    def tick(self, at: float) -> None:
        """Let breakers that have been open for long enough have a call tried."""
        for site in self._external.values():
            site.breaker.tick(at)
            self._review(site, "one call may try it", at)

    def clock_set(self, by_s: Seconds) -> None:
        """Let breakers that are open stay so for as long as they would have."""
        for site in self._external.values():
            site.breaker.until += by_s

    def _reach(self, site: Site, at: float) -> None:
        before, site.reachable = site.reachable, self.endpoints.reachable(site.limits.endpoint)
        if before is False and site.reachable is not False:
            site.breaker.trust()
        words = {True: "can be reached", False: "can't be reached", None: "is not watched"}
        self._review(site, f"{site.limits.endpoint or 'its endpoint'} {words[site.reachable]}", at)

    def _review(self, site: Site, reason: str, at: float) -> None:
        health = site.health
        if health is not site.told:
            site.told = health
            self.changed.add(site.limits.name)
            self.effects.append(SiteHealthChanged(site=site.limits.name, health=health, reason=reason, at=at))
