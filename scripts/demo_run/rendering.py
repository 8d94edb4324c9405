"""configs/demo made to fit this run: its ports, and calendars that suit the hour. All else stays as it is written."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

CONFIGS: Final = Path(__file__).resolve().parent.parent.parent / "configs" / "demo"
ZONE: Final = "Europe/Paris"


def render_settings(*, ami_port: int, agi_port: int, http_port: int, ami_secret: Path) -> str:
    """Return the settings file with the ports and the secret of this run, and a file of tokens beside it."""
    values = {
        "port: 5038": f"port: {ami_port}",
        "port: 4573": f"port: {agi_port}",
        "port: 0": f"port: {http_port}, tokens: tokens",
        "ami.secret": f'"{ami_secret}"',
    }
    return _rendered("settings.yaml", values)


def render_routing(now: datetime, waited_s: int) -> str:
    """Return the routing file with `evening` closed at `now`, a holiday of the agency today, and its longest wait."""
    local = now.astimezone(ZoneInfo(ZONE))
    # Open for five hours on the other side of the clock, a holiday of two days: the show may go on past midnight.
    opens = (local.hour + 10) % 24
    today, tomorrow = local.date(), local.date() + timedelta(days=1)
    values = {
        "18:00-23:00": f"{opens:02}:00-{(opens + 5) % 24:02}:00",
        "2026-12-25: closed": f"{today}: closed, {tomorrow}: closed",
        "waited: 4s": f"waited: {waited_s}s",
        f"timezone: {ZONE}": f"timezone: {ZONE}",
    }
    return _rendered("routing.yaml", values)


def _rendered(name: str, values: dict[str, str]) -> str:
    text = (CONFIGS / name).read_text()
    for old, new in values.items():
        if text.count(old) != 1:
            raise ValueError(f"{CONFIGS / name} must say `{old}` once, for the demo to put its own there")
        text = text.replace(old, new)
    return text
