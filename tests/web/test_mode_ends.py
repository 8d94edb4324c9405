"""When a mode that an admin switches on ends, and what is said of one that was off already."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ccrouter.web.orders import ModeOrder, OrderError
from support.admin_desk import AdminDesk


def order(on: bool = True, **details: object) -> ModeOrder:  # noqa: FBT001, FBT002 - the switch itself
    """Return an order about the mode crisis."""
    return ModeOrder("crisis", on, "alice", "flooded", **details)  # type: ignore[arg-type] # a test's shorthand


@pytest.fixture
def desk(tmp_path: Path) -> AdminDesk:
    """Give a desk on Saturday 2026-11-21, 20:37:15 in Paris."""
    return AdminDesk(tmp_path)


@pytest.mark.parametrize(
    ("until", "utc"),
    [("monday 08:00", "2026-11-23T07:00:00"), ("22:00", "2026-11-21T21:00:00"), ("2027-07-01", "2027-06-30T22:00:00")],
)
async def test_a_mode_ends_at_an_hour_of_the_rules_time_zone(desk: AdminDesk, until: str, utc: str) -> None:
    """As a person on the spot says it."""
    state = await desk.mode_switch.switch(order(until=until))
    assert state.until == datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp()
    assert state.zone == "Europe/Paris"
    assert desk.audit.latest(1)[0].until == state.until


@pytest.mark.parametrize(("until", "told"), [("2026-11-21 20:00", "is past"), ("someday", "says no instant")])
async def test_an_end_that_can_not_be_is_refused(desk: AdminDesk, until: str, told: str) -> None:
    """Nothing is switched."""
    with pytest.raises(OrderError, match=told):
        await desk.mode_switch.switch(order(until=until))
    assert not desk.mode_switch.is_on("crisis")
    assert desk.audit.latest(1) == []


async def test_switching_off_what_is_off_is_told_and_is_no_deed(desk: AdminDesk) -> None:
    """Whoever reads the audit journal finds changes only."""
    await desk.mode_switch.switch(order())
    assert (await desk.mode_switch.switch(order(on=False))).changed
    assert not (await desk.mode_switch.switch(order(on=False))).changed
    assert [deed.what for deed in desk.audit.latest(9)] == ["mode off", "mode on"]
