"""The link to each PABX: how fresh its picture is, and which listings are to be read again."""

from dataclasses import dataclass, field

from ccrouter.live.durations import since
from ccrouter.live.effects import Relist
from ccrouter.live.events import Listing
from ccrouter.routing.snapshot import Seconds

AUDIT_S: Seconds = 60.0
"""Each listing is read again this long after the last one: what went wrong unseen heals by itself."""

PAUSE_S: Seconds = 1.0
"""Least time between two requests for one listing, whatever is heard."""

PATIENCE_S: Seconds = 5.0
"""Time for a listing to begin once it was asked for; and, once the link is up, for the first ones to be complete."""

READING_S: Seconds = 30.0
"""A listing that takes longer was cut off: its end, should it come, counts for nothing."""

LISTINGS = tuple(Listing)

ListingKey = tuple[Listing, str]
"""A listing, and the queue that it is restricted to (empty for all)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A listing that is being read: place of its begin in the order of events, and the instant."""

    mark: int
    at: float


@dataclass(slots=True)
class Link:
    """The link to one PABX.

    Attributes:
        up_at: instant of the last LinkUp; None while the link is down.
        up_mark: its place in the order of events.
        reading: listings that have begun and are not complete.
        done_at: full listings read since the link came up, and when.
        asked_at: last request for each listing.
        unbegun: listings that were asked for and have not begun, with the reasons.
        wanted: listings to ask for, with their reasons.

    """

    pabx: str
    up_at: float | None = None
    up_mark: int = 0
    heard_at: float = 0.0
    reading: dict[ListingKey, Reading] = field(default_factory=dict)
    done_at: dict[Listing, float] = field(default_factory=dict)
    asked_at: dict[ListingKey, float] = field(default_factory=dict)
    unbegun: dict[ListingKey, str] = field(default_factory=dict)
    wanted: dict[ListingKey, str] = field(default_factory=dict)

    @property
    def up(self) -> bool:
        """Tell whether the link is up."""
        return self.up_at is not None

    @property
    def in_sync(self) -> bool:
        """Tell whether the link is up and every listing has been read since."""
        return self.up_at is not None and len(self.done_at) == len(LISTINGS)

    def came_up(self, mark: int, at: float) -> None:
        """Start afresh: nothing has been read yet."""
        self.went_down()
        self.up_at, self.up_mark = at, mark

    def went_down(self) -> None:
        """Forget what was being read; the resync after the next LinkUp reads all."""
        self.up_at = None
        for memory in (self.reading, self.done_at, self.asked_at, self.unbegun, self.wanted):
            memory.clear()

    def begin(self, key: ListingKey, mark: int, at: float) -> None:
        """Note where a listing began; where the one before has not ended, its place counts: that drops less."""
        before = self.reading.get(key)
        self.reading[key] = Reading(mark if before is None else before.mark, at)
        self.unbegun.pop(key, None)
        self.wanted.pop(key, None)

    def done(self, key: ListingKey, at: float) -> Reading | None:
        """Note that a listing is complete; return where it began, or None where it never did."""
        reading = self.reading.pop(key, None)
        listing, queue = key
        if reading is not None and self.up and not queue:
            self.done_at[listing] = at
        return reading

    def want(self, listing: Listing, reason: str, queue: str = "") -> None:
        """Let a listing be asked for; nothing is asked of a link that is down."""
        if self.up:
            self.wanted.setdefault((listing, queue), reason)

    def requests(self, at: float) -> list[Relist]:
        """Return the requests that are due.

        What was wanted while that listing was being read waits for its end: it may have begun too early. What was
        asked for and has not begun will begin late enough.
        """
        due = []
        for key, reason in list(self.wanted.items()):
            age = since(self.asked_at[key], at) if key in self.asked_at else PATIENCE_S
            if key in self.reading or (key not in self.unbegun and age < PAUSE_S):
                continue
            del self.wanted[key]
            if key not in self.unbegun or age >= PATIENCE_S:
                self.asked_at[key] = at
                self.unbegun[key] = reason
                due.append(Relist(pabx=self.pabx, listing=key[0], reason=reason, queue=key[1]))
        return due

    def tick(self, at: float) -> None:
        """Want what is overdue: listings that were cut off or never began, and every one after a while."""
        if self.up_at is None:
            return
        for key, reading in list(self.reading.items()):
            if since(reading.at, at) >= READING_S:
                del self.reading[key]
                self.want(key[0], "a listing was cut off", key[1])
        for key, reason in self.unbegun.items():
            if since(self.asked_at[key], at) >= PATIENCE_S:
                self.want(key[0], reason, key[1])
        for listing in LISTINGS:
            if listing not in self.done_at:
                if since(self.up_at, at) >= PATIENCE_S:
                    self.want(listing, "a listing was never complete")
            elif since(self.done_at[listing], at) >= AUDIT_S:
                self.want(listing, "audit")
        self.asked_at = {
            key: asked_at
            for key, asked_at in self.asked_at.items()
            if key in self.unbegun or since(asked_at, at) < PAUSE_S
        }
