"""Every kind of problem that `ccrouter check` can tell: the registry of codes.

A code is a letter for its family and three digits; it keeps its meaning for good.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ccrouter.config.codes.cases import CASES
from ccrouter.config.codes.code import Code, Severity
from ccrouter.config.codes.destinations import DESTINATIONS
from ccrouter.config.codes.keys import KEYS
from ccrouter.config.codes.load import LOAD
from ccrouter.config.codes.meaning import MEANING
from ccrouter.config.codes.names import NAMES
from ccrouter.config.codes.settings import SETTINGS
from ccrouter.config.codes.text import TEXT
from ccrouter.config.codes.times import TIMES
from ccrouter.config.codes.values import VALUES

__all__ = ["CODES", "FAMILIES", "Code", "Severity"]

FAMILIES: Final[Mapping[str, tuple[Code, ...]]] = MappingProxyType(
    {
        "The file as text and as YAML": TEXT,
        "Keys and shapes": KEYS,
        "Values": VALUES,
        "Times and calendars": TIMES,
        "Names": NAMES,
        "Destinations, plans and shares": DESTINATIONS,
        "Load and thresholds": LOAD,
        "What the rules mean": MEANING,
        "The settings file": SETTINGS,
        "Loads and cases, which the rules are asked with": CASES,
    }
)
"""All codes by family, in the order in which they are documented."""

CODES: Final[Mapping[str, Code]] = MappingProxyType(
    {code.code: code for family in FAMILIES.values() for code in family}
)
