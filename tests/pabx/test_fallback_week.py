"""The router is gone for a week: its PABX goes on by the rules that it wrote in time."""

import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ccrouter.clock import SystemClock
from ccrouter.config.load import compile_text
from ccrouter.config.public_holidays import public_holidays
from ccrouter.outlook.loads import QUIET
from ccrouter.routing.rules import Rules
from small_pabx import free_port
from support.bed import Bed, Question, bed
from support.proved import SOMEBODY
from support.real_daemon import RealDaemon
from support.real_house import PABX, SETTINGS, in_sync

ROUTING = """
timezone: Europe/Paris
calendars:
  office: {hours: "Mo-Sa 08:00-19:00", holidays: FR}
  week: {hours: "Mo-Sa 08:00-19:00"}
sites:
  paris: {in_house: {queue: paris, max_wait: 90s}}
  tunis: {external: {dial: PJSIP/+33155000000@trunk-0, answer_within: 20s}}
  backup: {external: {dial: PJSIP/+33155000001@trunk-1, answer_within: 20s}}
messages: {closed: {play: all-circuits-busy-now}}
modes: [crisis]
numbers: {"0800 123 456": {service: support}}
services:
  support:
    rules:
      - {name: crisis, when: {mode: crisis}, to: [backup, closed]}
      - {name: holiday, when: {closed: office, open: week}, to: [closed]}
      - {name: out of hours, when: {closed: office}, to: [tunis, closed]}
    otherwise: [paris, closed]
"""
NUMBER = Question("0800123456", SOMEBODY)


@dataclass
class Week:
    """A PABX, and the real daemon that writes its compiled rules."""

    here: Bed
    daemon: RealDaemon
    rules: Rules

    def met(self) -> tuple[str, str, str]:
        """Place a call; return the source of its plan, the rule, and where it went first."""
        taken = self.here.call(NUMBER)
        return taken.entry, taken.plan.split("|")[3], taken.step[1]

    def days(self, first: datetime) -> Iterator[datetime]:
        """Yield ten o'clock of the days from the second day after `first` on."""
        ten = first.astimezone(self.rules.zone).replace(hour=10, minute=0, second=0, microsecond=0)
        for ahead in range(2, 400):
            yield ten + timedelta(days=ahead)


@pytest.fixture
def week() -> Iterator[Week]:
    """Give a house in which calls are routed, and the compiled rules are in force on the PABX.

    The older Asterisk alone: that both versions take the daemon's file, and decide alike by it, others prove.
    """
    rules = compile_text(ROUTING.encode(), "routing.yaml")
    with ExitStack() as stack:
        here = stack.enter_context(bed(16, [rules]))
        folder = Path(tempfile.mkdtemp(prefix="ccrouter-"))
        stack.callback(shutil.rmtree, folder)
        daemon = RealDaemon(folder, free_port(socket.SOCK_STREAM))
        settings = SETTINGS.format(
            name=PABX,
            ami=here.pabx.ami_port,
            secret=here.pabx.ami_secret_file,
            agi=here.agi_port,
            http=daemon.http_port,
            control=daemon.socket.name,
            rank=1,
        )
        daemon.settings.write_text(f'{settings}fallback: {{file: "{here.file}"}}\n')
        (folder / "routing.yaml").write_text(ROUTING)
        (folder / "state").mkdir()
        stack.callback(daemon.close)
        daemon.start()
        daemon.wait_until(in_sync)
        stack.enter_context(here.under(QUIET, rules))
        yield Week(here, daemon, rules)


def test_the_rules_outlive_the_router_by_a_week(week: Week) -> None:
    """The next Sunday and the next holiday are what they are by the rules, and a mode that was to end has ended."""
    now = datetime.fromtimestamp(SystemClock().now(), week.rules.zone)
    days = list(week.days(now))
    week.daemon.wait_for_line(event="compiled rules written")
    seen = len(week.daemon.lines)
    week.daemon.command("mode", "set", "crisis", "--for", "1d", "--reason", "storm")
    week.daemon.wait_for_line(event="compiled rules written", since=seen)
    week.here.reload()
    assert week.met() == ("routed", "crisis", "backup")

    week.daemon.kill()
    week.here.show(now.timestamp() + 3600)
    assert week.met() == ("fallback", "crisis", "backup")
    week.here.show(now.timestamp() + 86400 - 60)
    assert week.met() == ("fallback", "crisis", "backup")
    week.here.show(now.timestamp() + 86400 + 120)
    entry, rule, _ = week.met()
    assert entry == "fallback"
    assert rule != "crisis"
    sunday = next(day for day in days if day.weekday() == 6)
    week.here.show(sunday.timestamp())
    assert week.met() == ("fallback", "out of hours", "tunis")
    free = public_holidays("FR")
    weekdays = [day for day in days if day > sunday and day.weekday() < 6]
    working = next(day for day in weekdays if day.date() not in free)
    holiday = next(day for day in weekdays if day.date() in free)
    for day, expected in sorted([(working, ("otherwise", "paris")), (holiday, ("holiday", "closed"))]):
        week.here.show(day.timestamp())
        assert week.met() == ("fallback", *expected)
