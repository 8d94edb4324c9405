"""The faults: how each begins and ends, what it touches, and what may be expected of calls while it lasts."""

import random
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ccrouter.clock import SystemClock
from chaos_run import room
from chaos_run.house import BROKEN_ROUTING, FAILING, ROUTING, House

End = Callable[[], None]

NONE: Final[frozenset[str]] = frozenset()

CALM_ADDED_S: Final = 1.0
"""What a caller may wait longer, whatever happens to a router."""

SLACK_S: Final = 0.5
"""For a busy machine, on top of what is promised."""

LEFT_OUT_S: Final = 10.0
"""How long the PABX does not ask a router that hung, or whose packets disappeared."""


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail.

    Attributes:
        title: for the table.
        begin: brings it about on a house, at the router of this rank where it is one of a router, with chances from
            what is given; returns what ends it.
        touches, touches_at_router: what nothing else may touch at the same time, of the house and of one router.
        lasts_s: the shortest and the longest.
        silences: whether calls may have to do without the router that it is at.
        lingers_s: for how long after the router is ready again it still counts as there.
        left_out_s: for how long after that the PABX may still leave that router out.
        added_s: what a caller may wait longer than in calm.
        weight: how often it comes, against the others.
        ends_router: whether the router's process ends by it.

    """

    title: str
    begin: Callable[[House, int, random.Random], End]
    touches: frozenset[str] = frozenset()
    touches_at_router: frozenset[str] = frozenset()
    lasts_s: tuple[float, float] = (1.5, 5.0)
    silences: bool = False
    lingers_s: float = 1.0
    left_out_s: float = 0.0
    added_s: float = CALM_ADDED_S
    weight: float = 1.0
    ends_router: bool = False

    @property
    def of_router(self) -> bool:
        """Tell whether it is at one router, and not at the house."""
        return bool(self.touches_at_router)


# --- the router -------------------------------------------------------------------------------------------------------


def _kill(house: House, rank: int, _: random.Random) -> End:
    house.routers[rank - 1].kill()
    return house.routers[rank - 1].start


def _stop(house: House, rank: int, _: random.Random) -> End:
    house.routers[rank - 1].freeze()
    return house.routers[rank - 1].thaw


def _restart(house: House, rank: int, _: random.Random) -> End:
    house.routers[rank - 1].stop()
    house.routers[rank - 1].start()
    return _nothing


def _reload(house: House, _: int, rng: random.Random) -> End:
    house.save_rules(f"# {rng.random()}\n{ROUTING}")
    return _nothing


def _bad_file(house: House, _: int, rng: random.Random) -> End:
    house.save_rules(f"# {rng.random()}\n{BROKEN_ROUTING}")
    return lambda: house.save_rules(f"# {rng.random()}\n{ROUTING}")


def _storm(house: House, _: int, rng: random.Random) -> End:
    for _turn in range(30):
        text = f"# {rng.random()}\n{ROUTING}"
        house.save_rules(rng.choice((text, BROKEN_ROUTING, text[: rng.randrange(len(text))], "")))
    return lambda: house.save_rules(f"# {rng.random()}\n{ROUTING}")


# --- its links --------------------------------------------------------------------------------------------------------


def _cut(house: House, rank: int, _: random.Random) -> End:
    house.links[rank - 1].cut()
    return _nothing


def _refuse(house: House, rank: int, _: random.Random) -> End:
    house.links[rank - 1].refuse()
    return house.links[rank - 1].mend


def _silence(house: House, rank: int, _: random.Random) -> End:
    house.links[rank - 1].hold()
    return house.links[rank - 1].mend


def _black_hole(house: House, rank: int, _: random.Random) -> End:
    relay = house.agi_relays[rank - 1]
    if relay is None:
        room.swallow(rank)
        return lambda: room.deliver(rank)
    relay.hold()
    return relay.mend


# --- the PABX ---------------------------------------------------------------------------------------------------------


def _order(command: str) -> Callable[[House, int, random.Random], End]:
    def begin(house: House, _: int, __: random.Random) -> End:
        house.pabx.cli(command)
        return _nothing

    return begin


def _pabx_restart(house: House, _: int, __: random.Random) -> End:
    clock = SystemClock()
    began = clock.now()
    house.pabx.kill()
    house.pabx.start()
    house.down.append((began, clock.now()))
    return _nothing


# --- a trunk ----------------------------------------------------------------------------------------------------------


def _refused(house: House, _: int, __: random.Random) -> End:
    house.trunks[FAILING].become(status=503)
    return house.trunks[FAILING].recover


def _dead(house: House, _: int, __: random.Random) -> End:
    house.trunks[FAILING].die()
    return house.trunks[FAILING].recover


def _slow(house: House, _: int, __: random.Random) -> End:
    house.trunks[FAILING].become(answer_ms=8000, talk_ms=900, rings=False)
    return house.trunks[FAILING].recover


def _late(house: House, _: int, __: random.Random) -> End:
    house.trunks[FAILING].become(answer_ms=2500, talk_ms=900)
    return house.trunks[FAILING].recover


# --- the disk ---------------------------------------------------------------------------------------------------------


def _full(house: House, _: int, __: random.Random) -> End:
    room.fill(house.state)
    return lambda: room.make_room(house.state)


def _frozen(house: House, _: int, __: random.Random) -> End:
    room.freeze(house.state)
    return lambda: room.thaw(house.state)


def _held(house: House, _: int, __: random.Random) -> End:
    holders = []
    for path in sorted(house.state.glob("*.db")):
        holder = sqlite3.connect(path, timeout=5, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        holders.append(holder)

    def end() -> None:
        for holder in holders:
            holder.rollback()
            holder.close()

    return end


# --- the clock --------------------------------------------------------------------------------------------------------

STEPS_S: Final = (-10_800, -600, -90, -5, 5, 90, 600, 10_800)


def _clock(house: House, rank: int, rng: random.Random) -> End:
    _put_off(house.clocks[rank - 1], rng.choice(STEPS_S))
    return lambda: _put_off(house.clocks[rank - 1], 0)


def _put_off(clock: Path, by_s: int) -> None:
    beside = clock.with_suffix(".new")
    beside.write_text(str(by_s))
    beside.rename(clock)


ROUTER: Final = frozenset({"process", "agi"})
LINK: Final = frozenset({"link"})
DISK: Final = frozenset({"disk"})
RULES: Final = frozenset({"rules"})
PABX: Final = frozenset({"pabx"})
TRUNK: Final = frozenset({"trunk"})
ALL: Final = PABX | TRUNK | RULES | {f"{each}{rank}" for each in ROUTER | LINK | {"clock"} for rank in (1, 2)}


def _faults() -> dict[str, Fault]:
    found = {
        # A process that waits for a frozen disk can't be ended.
        "kill": Fault("router: kill -9", _kill, DISK, ROUTER, silences=True, ends_router=True),
        "stop": Fault("router: SIGSTOP", _stop, NONE, ROUTER, silences=True),
        "restart": Fault("router: restart", _restart, DISK, ROUTER, (0, 0), silences=True, ends_router=True),
        "reload": Fault("rules: a good file", _reload, RULES, lasts_s=(1, 1)),
        "bad-file": Fault("rules: a bad file", _bad_file, RULES),
        "storm": Fault("rules: 30 saves at once", _storm, RULES, lasts_s=(1, 2)),
        "cut": Fault("AMI: cut", _cut, NONE, LINK, (0, 0), silences=True),
        "refuse": Fault("AMI: refused", _refuse, NONE, LINK, silences=True),
        "silence": Fault("AMI: silent", _silence, NONE, LINK, silences=True),
        "black-hole": Fault(
            "AGI: black hole",
            _black_hole,
            NONE,
            frozenset({"agi"}),
            silences=True,
            left_out_s=LEFT_OUT_S,
            added_s=2.0,
        ),
        "dialplan-reload": Fault("PABX: dialplan reload", _order("dialplan reload"), PABX, lasts_s=(0, 0), weight=0.5),
        "queue-reload": Fault("PABX: queue reload all", _order("queue reload all"), PABX, lasts_s=(0, 0), weight=0.5),
        "pjsip-reload": Fault(
            "PABX: reload of res_pjsip", _order("module reload res_pjsip.so"), PABX, lasts_s=(0, 0), weight=0.5
        ),
        "core-reload": Fault("PABX: core reload", _order("core reload"), PABX, lasts_s=(1, 1), weight=0.5),
        "pabx-restart": Fault(
            "PABX: kill -9, start", _pabx_restart, ALL, lasts_s=(2, 2), silences=True, lingers_s=3.0, weight=0.25
        ),
        "trunk-503": Fault("trunk: 503", _refused, TRUNK),
        "trunk-dead": Fault("trunk: dies in the talk", _dead, TRUNK, lasts_s=(2, 6)),
        "trunk-slow": Fault("trunk: silent", _slow, TRUNK, lasts_s=(2, 6)),
        "trunk-late": Fault("trunk: answers late", _late, TRUNK, lasts_s=(2, 6)),
        "disk-held": Fault("disk: database held", _held, DISK),
        "clock": Fault("clock: steps, and back", _clock, NONE, frozenset({"clock"})),
    }
    if room.OWN:
        found["disk-full"] = Fault("disk: full", _full, DISK)
        found["disk-frozen"] = Fault("disk: frozen", _frozen, DISK)
    return found


FAULTS: Final[Mapping[str, Fault]] = _faults()


def forms() -> Sequence[str]:
    """Return in sentences which form was used of what needs root."""
    if room.OWN:
        return (
            "black hole: packets to the router's address disappear, in a network of the run's own",
            f"disk: an ext4 of {room.DISK_MB} MB of the run's own, which is filled, and frozen",
        )
    return (
        "black hole: without root, connections are taken and nothing is answered",
        "disk: without root, its database is held; it is never full and never frozen",
    )
