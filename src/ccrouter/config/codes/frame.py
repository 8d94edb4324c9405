"""Around the examples of codes: small good files of which a piece takes the place of one or more sections."""

import re
from typing import Final

from ccrouter.config.codes.code import Code

ROUTING: Final = """\
timezone: Europe/Paris
calendars:
  office: {hours: "Mo-Fr 08:30-18:30"}
sites:
  paris: {in_house: {queue: support, max_wait: 2min}}
  tunis: {external: {dial: PJSIP/+21671000000@trunk-tunis, answer_within: 25s, max_calls: 30}}
messages:
  closed: {play: ccrouter/closed}
modes: [crisis]
numbers:
  "0800 123 456": {service: support}
services:
  support:
    rules:
      - {name: crisis, when: {mode: crisis}, to: tunis}
    otherwise: [paris, closed]
"""

SETTINGS: Final = """\
pabxs:
  - {name: main, host: 127.0.0.1, username: ccrouter, secret: {env: CCROUTER_AMI_SECRET}}
routing: routing.yaml
control: control.sock
state_dir: .
"""

CASES: Final = """\
routing: routing.yaml
cases:
  - {name: by day, number: "0800 123 456", at: 2026-11-25 10:00, expect: paris}
"""

TOKENS: Final = "tokens: {}\n"

_FRAMES: Final = {"routing": ROUTING, "settings": SETTINGS, "cases": CASES, "tokens": TOKENS}

_RULES: Final = """\
services:
  support:
    rules:
{}
    otherwise: [paris, closed]
"""


def framed(code: Code, piece: str) -> str:
    """Return a whole file with a piece of it.

    Sections replace those of the frame; a list is of the rules of its service, or of its cases.
    """
    if code.alone:
        return piece
    if piece.startswith("- ") and code.of == "cases":
        piece = "\n".join(["cases:", *(f"  {line}" for line in piece.splitlines())])
    elif piece.startswith("- "):
        piece = _RULES.format("\n".join(f"      {line}" for line in piece.splitlines()))
    sections = re.findall(r"(?m)^\S.*\n(?:[ -].*\n)*", _FRAMES[code.of])
    given = set(re.findall(r"(?m)^(\w+):", piece))
    rest = [section for section in sections if section.partition(":")[0] not in given]
    return "".join([piece if piece.endswith("\n") else f"{piece}\n", *rest])
