"""A small routing file with all that a calendar can say, and another version of it."""

from typing import Final

from ccrouter.config.load import compile_text
from ccrouter.routing.rules import Rules

FILE: Final = """
timezone: Europe/Paris
calendars:
  office:
    hours: "Mo-Fr 08:30-18:30; Sa 09:00-12:00"
    holidays: FR-57
    exceptions: {2026-12-24: "08:30-16:00", 2026-12-31: closed, 2026-07-14: "10:00-12:00"}
  night: {hours: "Mo-Su 22:00-06:00", holidays: FR-6AE}
  early: {hours: "Mo-Su 02:15-02:45"}
  summer: {hours: "Jul-Aug Mo-Fr 10:00-16:00", holidays: FR}
sites:
  paris: {in_house: {queue: support, max_wait: 90s}}
  tunis: {external: {dial: PJSIP/1@tunis, answer_within: 25s, calendar: office}}
  backup: {external: {dial: PJSIP/1@backup, answer_within: 20s}}
messages: {closed: {play: ccrouter/closed}}
modes: [crisis]
numbers: {"3949": {service: support}}
services:
  support:
    rules:
      - {name: crisis, when: {mode: crisis, open: office}, to: [backup]}
      - {name: fair, when: {from: 2026-03-29 04:00, before: 2026-04-03 12:00, open: office}, to: [backup, paris]}
      - {name: early, when: {open: early}, to: [backup]}
      - {name: night, when: {open: night}, to: [backup, closed]}
      - {name: summer, when: {open: summer}, to: [tunis, paris]}
      - {name: office, when: {open: office}, to: [{share: {paris: 70, tunis: 30}}]}
    otherwise: [tunis, closed]
"""

EDITS: Final = (
    ("Mo-Fr 08:30-18:30; Sa", "Mo-Fr 08:30-18:00; Sa"),
    ("2026-12-31: closed, ", ""),
    ("FR-6AE", "FR"),
    ("02:15-02:45", "02:15-02:30"),
    ("before: 2026-04-03 12:00", "before: 2026-04-03 11:00"),
    ("Jul-Aug Mo-Fr", "Jul Mo-Fr"),
)


def rules(text: str = FILE) -> Rules:
    """Return the rules, or those of another version."""
    return compile_text(text.encode(), "routing.yaml")


def edited() -> Rules:
    """Return rules with other hours, holidays, exceptions and dates."""
    text = FILE
    for before, after in EDITS:
        assert before in text
        text = text.replace(before, after)
    return rules(text)
