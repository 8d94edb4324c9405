"""A small PABX in memory: it knows the truth, and tells it as a real one does, by events and by listings."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ccrouter.live.events import (
    CallEnded,
    CallerConnected,
    CallerJoined,
    CallerLeft,
    CallerListed,
    CallHungUp,
    CallListed,
    DeviceState,
    Event,
    Listing,
    PositionCalled,
    PositionSeen,
    PositionSilent,
    QueueListed,
    SiteAnswered,
    StepBegan,
    StepEnded,
    TalkEnded,
)
from ccrouter.routing.plan import PlayStep, QueueStep, SiteStep, Step

PABX = "pabx1"


@dataclass
class Channel:
    """A caller; `index` is the number of the step under way, 0 while the router is asked. Guests have no plan."""

    uniqueid: str
    steps: tuple[Step, ...] = ()
    decision: str = ""
    index: int = 0
    bridged: bool = False
    queue: str = ""

    @property
    def step(self) -> Step | None:
        """Return the step under way."""
        return self.steps[self.index - 1] if self.index else None

    @property
    def place(self) -> tuple[str, str]:
        """Return kind and target of the step under way."""
        if isinstance(self.step, QueueStep):
            return "queue", self.step.site
        if isinstance(self.step, SiteStep):
            return "site", self.step.site
        return ("play", self.step.message) if isinstance(self.step, PlayStep) else ("", "")


@dataclass
class ModelPabx:
    """Channels, queues and members, and the events that were not delivered yet."""

    at: float = 1_795_289_835.0
    channels: dict[str, Channel] = field(default_factory=dict)
    queues: dict[str, list[str]] = field(default_factory=lambda: {"support": [], "orders": []})
    joined_at: dict[str, float] = field(default_factory=dict)
    members: dict[tuple[str, str], DeviceState] = field(default_factory=dict)
    undelivered: list[Event] = field(default_factory=list)

    # --- what a state must show when all is told ---

    def phases(self) -> dict[str, str]:
        """Return phase and target of each call with a plan."""
        return {
            channel.uniqueid: f"{self._phase(channel)} {channel.place[1]}"
            for channel in self.channels.values()
            if channel.index
        }

    def _phase(self, channel: Channel) -> str:
        if channel.bridged:
            return "talking"
        return {"queue": "waiting", "site": "dialling", "play": "playing"}[channel.place[0]]

    def calls_at(self) -> dict[str, int]:
        """Return the calls at each site."""
        targets = [channel.place[1] for channel in self.channels.values() if channel.place[0] in {"queue", "site"}]
        return {target: targets.count(target) for target in targets}

    # --- what happens ---

    def ask(self, uniqueid: str, steps: tuple[Step, ...], decision: str) -> None:
        """Let a caller come in whose plan is decided."""
        self.channels[uniqueid] = Channel(uniqueid, steps, decision)

    def guest(self, uniqueid: str, queue: str) -> None:
        """Let a caller come into a queue by another way."""
        self.channels[uniqueid] = Channel(uniqueid, queue=queue)
        self._join(self.channels[uniqueid], queue, len(self.queues[queue]) + 1)

    def go_on(self, channel: Channel, result: str = "") -> None:
        """End the step under way, and begin the next; the last one ends the call."""
        if channel.index:
            self.end_step(channel, result)
        if channel.index == len(channel.steps):
            self.hang_up(channel)
            return
        channel.index += 1
        kind, target = channel.place
        self._tell(StepBegan, channel, kind=kind, target=target, step=channel.index, **self._header(channel))
        if isinstance(channel.step, QueueStep):
            self._join(channel, channel.step.queue, len(self.queues[channel.step.queue]) + 1)

    def end_step(self, channel: Channel, result: str) -> None:
        """End the step under way."""
        self._leave(channel)
        channel.bridged = False
        kind, target = channel.place
        self._tell(
            StepEnded,
            channel,
            kind=kind,
            target=target,
            step=channel.index,
            result=result,
            cause=0,
            elapsed_s=1.0,
            **self._header(channel),
        )

    def ring(self, channel: Channel, interface: str) -> None:
        """Let a position ring for a caller who waits."""
        called = f"{interface}-{channel.uniqueid}"
        self._tell(PositionCalled, channel, queue=channel.queue, interface=interface, called=called)

    def cease(self, channel: Channel, interface: str) -> None:
        """Let a position stop ringing."""
        self._tell(PositionSilent, channel, queue=channel.queue, interface=interface)

    def answer(self, channel: Channel) -> None:
        """Let a position or a site answer."""
        channel.bridged = True
        if channel.queue:
            queue = channel.queue
            self._leave(channel)
            channel.queue = queue
            self._tell(CallerConnected, channel, queue=queue, interface="PJSIP/a1", hold_s=0.0, ring_s=1.0)
        else:
            self._tell(SiteAnswered, channel)

    def end_talk(self, channel: Channel) -> None:
        """Let the one who was called hang up."""
        self._end_bridge(channel)
        if channel.index:
            self.end_step(channel, "answered")
        self.hang_up(channel)

    def hang_up(self, channel: Channel) -> None:
        """Let the caller go."""
        self._end_bridge(channel)
        self._leave(channel)
        if channel.index:
            kind, target = channel.place
            self._tell(CallEnded, channel, kind=kind, target=target, entry="routed", **self._header(channel, "channel"))
        self._tell(CallHungUp, channel, cause=16)
        del self.channels[channel.uniqueid]

    def withdraw(self, channel: Channel, steps: tuple[Step, ...], decision: str) -> None:
        """Take a caller out, onto another plan."""
        self.end_step(channel, "withdraw")
        channel.steps, channel.decision, channel.index = steps, decision, 0
        self.go_on(channel)

    def member(self, queue: str, interface: str, device: DeviceState) -> None:
        """Let a member's telephone change."""
        self.members[queue, interface] = device
        self.undelivered.append(self._member_row(queue, interface))

    # --- listings ---

    def rows(self, listing: Listing) -> list[Event]:
        """Return what a listing shows at this instant."""
        if listing is Listing.QUEUES:
            return [row for queue in self.queues for row in self._queue_rows(queue)]
        return (
            [self._call_row(channel) for channel in self.channels.values() if channel.steps]
            if (listing is Listing.CALLS)
            else []
        )

    def _queue_rows(self, queue: str) -> list[Event]:
        members = [self._member_row(*key) for key in self.members if key[0] == queue]
        callers = [
            CallerListed(
                pabx=PABX,
                at=self.at,
                queue=queue,
                uniqueid=uniqueid,
                channel=f"C/{uniqueid}",
                position=position,
                wait_s=float(int(self.at - self.joined_at[uniqueid])),
            )
            for position, uniqueid in enumerate(self.queues[queue], start=1)
        ]
        return [QueueListed(pabx=PABX, at=self.at, queue=queue), *members, *callers]

    def _call_row(self, channel: Channel) -> Event:
        kind, target = channel.place
        header = self._header(channel) if channel.index else {**self._header(channel), "decision": ""}
        return CallListed(
            pabx=PABX,
            at=self.at,
            uniqueid=channel.uniqueid,
            kind=kind,
            target=target,
            since=self.at,
            bridged=channel.bridged,
            **header,
        )

    def _member_row(self, queue: str, interface: str) -> PositionSeen:
        return PositionSeen(
            pabx=PABX,
            at=self.at,
            queue=queue,
            interface=interface,
            name=interface,
            device=self.members[queue, interface],
            paused=False,
            paused_reason="",
            penalty=0,
            in_call=False,
            last_call_at=0.0,
            wrapup_s=0.0,
        )

    # --- telling ---

    def _end_bridge(self, channel: Channel) -> None:
        if channel.bridged and channel.queue:
            self._tell(TalkEnded, channel, queue=channel.queue, interface="PJSIP/a1", hold_s=0.0, talk_s=9.0)
            channel.queue = ""
        channel.bridged = False

    def _join(self, channel: Channel, queue: str, position: int) -> None:
        channel.queue = queue
        self.queues[queue].insert(position - 1, channel.uniqueid)
        self.joined_at[channel.uniqueid] = self.at
        self._tell(CallerJoined, channel, queue=queue, channel=f"C/{channel.uniqueid}", position=position)

    def _leave(self, channel: Channel) -> None:
        queue, channel.queue = channel.queue, ""
        if queue and channel.uniqueid in self.queues[queue]:
            self.queues[queue].remove(channel.uniqueid)
            self._tell(CallerLeft, channel, queue=queue)

    def _tell(self, event: Callable[..., Event], caller: Channel, /, **fields: object) -> None:
        self.undelivered.append(event(pabx=PABX, at=self.at, uniqueid=caller.uniqueid, **fields))

    def _header(self, channel: Channel, *without: str) -> dict[str, str]:
        header = {
            "channel": f"C/{channel.uniqueid}",
            "number": "0800",
            "decision": channel.decision,
            "service": "sav",
            "rule": "rule",
        }
        return {name: value for name, value in header.items() if name not in without}
