"""Reads the clock and the calendars out of compiled dialplan, as Asterisk would: an evaluator of these lines alone."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

TURNED = re.compile(r"GotoIf\(\$\[\$\{at\} < (\d+)\]\?wall\)")
WALL = re.compile(r"Set\((?:LOCAL\()?wall\)?=\$\[\$\{at\} \+ (-?\d+)\]\)")
RANGE = re.compile(r"\(\$\{minute\} >= (\d+) & \$\{minute\} < (\d+)\)")
EXTENSION = re.compile(r"exten => (_?[0-9.]+),1,Return\((.*)\)")


@dataclass
class DialplanClock:
    """The clock of a compiled file, and when its calendars are open."""

    offsets: list[int] = field(default_factory=list)
    turned: list[int] = field(default_factory=list)
    calendars: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str) -> "DialplanClock":
        """Return what a file says."""
        found, hours = cls(), dict[str, str]()
        for line in text.splitlines():
            if line.startswith("["):
                hours = {}
            elif line.startswith("; calendar: "):
                found.calendars[line.removeprefix("; calendar: ")] = hours
            elif (turned := TURNED.search(line)) is not None:
                found.turned.append(int(turned[1]))
            elif (wall := WALL.search(line)) is not None:
                found.offsets.append(int(wall[1]))
            elif (extension := EXTENSION.fullmatch(line)) is not None:
                hours[extension[1]] = extension[2]
        return found

    def is_open(self, calendar: str, at: datetime) -> bool:
        """Tell what the dialplan would find: the day first, else its weekday."""
        epoch = int(at.timestamp())
        offset = self.offsets[sum(epoch >= turned for turned in self.turned)]
        wall = datetime.fromtimestamp(epoch + offset, UTC)
        hours = self.calendars[calendar]
        said = hours.get(f"{wall.isoweekday()}{wall:%Y%m%d}", hours[f"_{wall.isoweekday()}."])
        if said in {"0", "1"}:
            return said == "1"
        assert RANGE.sub("", said) == f"$[{' | ' * (len(RANGE.findall(said)) - 1)}]", said
        minute = wall.hour * 60 + wall.minute
        return any(int(start) <= minute < int(end) for start, end in RANGE.findall(said))
