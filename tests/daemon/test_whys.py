"""What each degraded state of ccrouter itself rests on."""

from dataclasses import dataclass

from ccrouter.app.whys import whys_of
from ccrouter.telemetry.degraded import MEANINGS


@dataclass
class Part:
    """A part of the daemon that is not as it should be, or is."""

    why: str = ""
    refused: str = ""
    why_stale: str = ""


def test_each_state_of_ccrouter_itself_is_looked_up() -> None:
    """None is forgotten, each by its own part; without compiled rules and tokens there is nothing to tell of them."""
    parts = (Part("late"), Part(refused="line 3"), Part("full"), Part("slow"), Part("jumped"))
    found = whys_of(*parts, fallback=Part(why_stale="old"), tokens=Part("gone"))
    assert set(found) == {state for state, meaning in MEANINGS.items() if not meaning.each_pabx}
    assert sorted(why() for why in found.values()) == ["full", "gone", "jumped", "late", "line 3", "old", "slow"]
    without = whys_of(*parts, fallback=None, tokens=None)
    assert sorted(why() for why in without.values()) == ["", "", "full", "jumped", "late", "line 3", "slow"]
