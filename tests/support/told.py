"""What a running PABX told of its calls."""

from dataclasses import dataclass

from phones import Call
from support.listener import Event, Listener


@dataclass(slots=True)
class Told:
    """All that a PABX tells a router, call by call.

    Attributes:
        listener: hears it.

    """

    listener: Listener

    def events(self, call: Call) -> list[Event]:
        """Return all events of a call's own channel so far, in order."""
        return [event for event in self.listener.events if event.get("CallerIDNum") == call.caller]

    def steps(self, call: Call) -> list[str]:
        """Return the steps of a call: `kind target`, and at its end `-> result cause`."""
        told: list[str] = []
        for event in self.events(call):
            if event.get("UserEvent") == "CCRouterStep" and event["Phase"] == "begin":
                told.append(f"{event['Kind']} {event['Target']}")
            elif event.get("UserEvent") == "CCRouterStep":
                told.append(f"{told.pop()} -> {event['Result']} {event['Cause']}")
        return told

    def ending(self, call: Call) -> Event:
        """Return the event that ends a call, waiting for it."""
        return self.wait_for(call, UserEvent="CCRouterEnd")

    def course(self, call: Call) -> list[str]:
        """Return the steps of a call that is over, waiting for its end."""
        self.ending(call)
        return self.steps(call)

    def wait_for(self, call: Call, **wanted: str) -> Event:
        """Return the first event of a call's channel with these fields, waiting for it."""
        return self.listener.wait_for(
            lambda event: event.get("CallerIDNum") == call.caller and wanted.items() <= event.items()
        )

    def channels(self) -> list[Event]:
        """Return the channels that exist."""
        return self.listener.listed("Status")

    def wait_until_quiet(self) -> None:
        """Return when no channel exists any more: the next one that ends is waited for."""
        hangups = sum(event.get("Event") == "Hangup" for event in self.listener.events)
        while self.channels():
            hangups += 1
            self.listener.wait_for(lambda event: event.get("Event") == "Hangup", count=hangups)
