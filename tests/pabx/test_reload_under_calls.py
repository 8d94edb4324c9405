"""The routing file is saved again and again, good and broken, in every way, while real calls come in."""

import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import pytest

from ccrouter.clock import SystemClock
from ccrouter.store.versions import hash_of
from support.daemon_process import Line
from support.parties import served
from support.real_house import HousePlan, RealHouse, queue_in, real_house
from support.saving import WAYS, by_rename, in_place, in_two_writes

TURNS: Final = 100
STORM: Final = 12
"""Saves in a storm, which is every tenth turn: 208 saves in all."""

PAUSE_S: Final = 0.5
"""In the middle of a save: longer than a file must rest."""

PER_S: Final = 10
CALLED: Final = "0800000032"

TAKEN: Final = "routing file in force"
REFUSED: Final = "routing file refused, the old rules stay in force"
FAILURES: Final = "ccrouter_config_watch_failures_total"
OUTCOMES: Final = (TAKEN, REFUSED, "routing file as before")

FAULTS: Final[tuple[Callable[[str], str], ...]] = (
    lambda text: text.replace("to: [ann", "to: [ann, nobody").replace("to: [bob", "to: [bob, nobody"),
    lambda text: text.replace("services:", "servces:"),
    lambda text: text.replace("timezone: Europe/Paris", "timezone: Europe/Pariss"),
    lambda text: text[: text.index("services:") + 25] + "\n",
    lambda text: text + "numbers: {}\n",
    lambda text: text.replace("{service: waiting}", "{service: waiting, prio: 1}"),
    lambda text: text.replace("max_wait: 60s", "max_wait: 60 apples"),
    lambda _: "",
)


def version(n: int, *, withdraws: bool = False) -> str:
    """Return a good file, the `n`th: even ones send calls to ann, odd ones to bob, and say so in the rule's name.

    Its lines make a good file without the last ones too, so that half of it would come into force, if it were read.
    """
    while_waiting = "[{name: come out, when: {waited: 1s}, to: [ann, closed]}]" if withdraws else "[]"
    head = f"""\
timezone: Europe/Paris
modes: [crisis]
sites:
  desk: {{in_house: {{queue: desk, max_wait: 60s}}}}
  ann: {{external: {{dial: PJSIP/33100@trunk-ann, answer_within: 5s}}}}
  bob: {{external: {{dial: PJSIP/33200@trunk-bob, answer_within: 5s}}}}
messages:
  closed: {{play: please-try-call-later}}
services:
  storm:
    rules:
      - {{name: v{n}, when: {{not: {{mode: crisis}}}}, to: [{"bob" if n % 2 else "ann"}, closed]}}
    otherwise: [closed]
  waiting:
    otherwise: [desk, closed]
    while_waiting: {while_waiting}
numbers:
  "0800 000 031": {{service: waiting}}
"""
    numbers = [f'  "0800 000 {100 + at}": {{service: storm}}\n' for at in range(30)]
    return "".join([head, *numbers, '  "0800 000 032": {service: storm}\n'])


HOUSE = HousePlan(
    routing=version(0),
    sites={"ann": {"answer_ms": 20, "talk_ms": 500}, "bob": {"answer_ms": 20, "talk_ms": 500}},
    queues=("desk",),
    positions=2,
)


@pytest.fixture(scope="module")
def shared_house() -> Iterator[RealHouse]:
    """One house for both tests; what is shown here is ccrouter's, whatever the PABX's version."""
    with real_house(22, HOUSE) as house:
        yield house


@dataclass
class Editor:
    """Somebody who saves one version after another, and hears what became of each.

    Attributes:
        whole: the `n` of each good version, by its hash.
        saves: how often a file was saved.
        outcomes: turns by what they came to.
        late_s: from the end of a save to its outcome, of each turn.

    """

    house: RealHouse
    chance: random.Random = field(default_factory=lambda: random.Random(22))  # noqa: S311 - a choice
    whole: dict[str, int] = field(default_factory=lambda: {hash_of(version(0).encode()): 0})
    saves: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    late_s: list[float] = field(default_factory=list)
    _clock: SystemClock = field(default_factory=SystemClock)

    def turn(self, n: int) -> None:
        """Save the `n`th version, and show that exactly one outcome is told of it, the true one."""
        daemon = self.house.daemon
        path = daemon.folder / "routing.yaml"
        text, good = self._text(n)
        since = len(daemon.lines)
        if n % 10 == 0:
            for storm in range(1, STORM):
                passing, _ = self._text(1000 * storm + n)
                self.chance.choice((in_place, by_rename))(path, passing, 0)
            self.saves += STORM - 1
            in_place(path, text)
        else:
            WAYS[n % len(WAYS)](path, text, PAUSE_S)
        self.saves += 1
        ended = self._clock.steady()
        if n % 9 == 0:
            daemon.send(signal.SIGHUP)
        told = self._outcome(since)
        self.late_s.append(self._clock.steady() - ended)
        self.outcomes[told["event"]] += 1
        if good:
            assert (TAKEN, hash_of(text.encode())) == (told["event"], told["version"]), n
        else:
            assert told["event"] == REFUSED, n

    def _outcome(self, since: int) -> Line:
        """Return the one outcome, when the daemon knows no other file than the one that it has read."""
        daemon = self.house.daemon
        with daemon.news:
            assert daemon.news.wait_for(lambda: self._told(since), 20), daemon.log_end()
        [told] = self._told(since)
        return told

    def _told(self, since: int) -> list[Line]:
        return [line for line in self.house.daemon.lines[since:] if line["event"] in OUTCOMES]

    def _text(self, n: int) -> tuple[str, bool]:
        text = version(n)
        if self.chance.random() < 0.5:
            return f"{self.chance.choice(FAULTS)(text)}# {n}\n", False
        self.whole[hash_of(text.encode())] = n
        return text, True


def test_no_call_is_lost_while_the_file_is_saved(house: RealHouse, figure: Callable[[str], None]) -> None:
    """Each call is decided by a whole version that was saved, and reaches the site that this version says, at once."""
    editor = Editor(house)
    calls = house.calls(CALLED, PER_S * 65)
    with house.start(calls, per_s=PER_S) as callers:
        for n in range(1, TURNS + 1):
            editor.turn(n)
        placed = callers.wait(within_s=100)
    assert [met.call.caller for met in placed if not served(met)] == []
    decided = {line["caller"]: line for line in house.daemon.logged(event="call routed", number=CALLED)}
    assert decided.keys() == {call.caller for call in calls}
    versions = Counter(line["rules"] for line in decided.values())
    assert versions.keys() <= editor.whole.keys()
    expected = [editor.whole[decided[call.caller]["rules"]] for call in calls]
    assert [f"v{n}" for n in expected] == [decided[call.caller]["rule"] for call in calls]
    assert [["bob" if n % 2 else "ann"] for n in expected] == house.takers(calls)
    assert [house.ending(call)["Entry"] for call in calls] == ["routed"] * len(calls)
    answered = sorted(met.after_s("200") for met in placed)
    late = sorted(editor.late_s)
    figure(
        f"{len(calls)} calls at {PER_S}/s, 0 lost, by {len(versions)} versions; {editor.saves} saves in {TURNS} turns: "
        f"{editor.outcomes[TAKEN]} taken, {editor.outcomes[REFUSED]} refused, {house.daemon.metrics()[FAILURES]:.0f} "
        f"failures of the watch; outcome told {late[len(late) // 2]:.2f} s after the save (median; at most "
        f"{late[-1]:.2f}); answered after {answered[len(answered) // 2]:.3f} s (median; at most {answered[-1]:.3f})"
    )
    assert editor.saves > 200
    assert editor.outcomes[TAKEN] + editor.outcomes[REFUSED] == TURNS
    assert len(versions) > TURNS / 5
    assert answered[-1] < 1.5


def test_a_reload_leaves_calls_in_progress_alone(house: RealHouse) -> None:
    """Who talks talks on, who waits waits on, through good and bad files; a new rule for those who wait counts."""
    path = house.daemon.folder / "routing.yaml"

    def saved(text: str, event: str) -> None:
        since = len(house.daemon.lines)
        in_two_writes(path, text, 0)
        house.daemon.wait_for_line(event=event, since=since)

    positions = house.sit_down("desk", answer_ms=20, talk_ms=4000)
    talks, waits = house.calls("0800000031", 2)
    with house.start([talks], per_s=PER_S) as talking:
        house.wait_for(talks, Event="AgentConnect")
        house.sit_down("desk", status=486)
        with house.start([waits], per_s=PER_S) as waiting:
            house.daemon.wait_until(lambda status: queue_in(status, "desk").waiting == 1)
            saved(version(901), TAKEN)
            saved("services: [", REFUSED)
            saved(version(902).replace("otherwise: [desk", "otherwise: [bob"), TAKEN)
            assert house.queue("desk").waiting == 1
            saved(version(903, withdraws=True), TAKEN)
            [out] = waiting.wait()
        [talked] = talking.wait()
    assert served(out)
    assert house.course(waits) == ["queue desk -> withdraw 0", "site ann -> answered 16"]
    assert served(talked)
    assert house.course(talks) == ["queue desk -> answered 0"]
    [received] = house.received(positions, talks)
    assert received.names[1:] == ("answered", "hung-up")
