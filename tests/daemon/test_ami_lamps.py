"""Lamps of modes over the loopback: each is set when something changed, and all of them when the link is new."""

import asyncio

from support.ami_peer import AmiPeer, Caller, Held, Order, linked

REFUSED = "Variable not set"


class Board(Held):
    """What a PABX was told of its lamps, in order; it refuses those of `dead` codes."""

    def __init__(self, *dead: str) -> None:
        super().__init__()
        self.dead = dead

    def __call__(self, call: Caller, order: Order) -> None:
        """Answer, and keep what is about a lamp."""
        if not order["Variable"].startswith("DEVICE_STATE(Custom:ccrouter-"):
            call.answer(order)
            return
        if self.of(order)[0] in self.dead:
            call.answer(order, "Error", Message=REFUSED)
        else:
            call.answer(order)
        self.keep((call, order))

    def of(self, order: Order) -> tuple[str, str]:
        """Return code and state."""
        return order["Variable"].removeprefix("DEVICE_STATE(Custom:ccrouter-").rstrip(")"), order["Value"]

    @property
    def told(self) -> list[tuple[str, str]]:
        """Return code and state of each order so far."""
        return [self.of(order) for _, order in self.items]


async def test_a_new_link_sets_every_lamp_and_a_change_sets_one() -> None:
    """On, off, and for a code that was taken out of the file; nothing is sent again that stays as it is."""
    lamps: dict[str, bool | None] = {"1": True, "22": False, "3": None}
    async with AmiPeer() as peer:
        board = peer.replies["Setvar"] = Board()
        async with linked(peer, lamps=lamps) as house:
            await board.until(3)
            assert board.told == [("1", "INUSE"), ("22", "NOT_INUSE"), ("3", "INVALID")]
            lamps["22"] = True
            house.link.light()
            await board.until(4)
            assert board.told[3:] == [("22", "INUSE")]


async def test_a_change_that_nobody_tells_is_seen_within_a_second() -> None:
    """A mode ends by itself."""
    lamps: dict[str, bool | None] = {"1": True}
    async with AmiPeer() as peer:
        board = peer.replies["Setvar"] = Board()
        async with linked(peer, lamps=lamps):
            await board.until(1)
            lamps["1"] = False
            await board.until(2)
            assert board.told == [("1", "INUSE"), ("1", "NOT_INUSE")]


async def test_a_lamp_that_is_left_over_goes_out() -> None:
    """Its code was taken out of the file while nobody ran; devices of others are not touched."""
    async with AmiPeer() as peer:
        peer.values["DB_KEYS(CustomDevstate)"] = "ccrouter-1,ccrouter-7,door,ccrouter-night,xccrouter-8,ccrouter-9x"
        board = peer.replies["Setvar"] = Board()
        async with linked(peer, lamps={"1": True, "2": False}):
            await board.until(3)
            assert sorted(board.told) == [("1", "INUSE"), ("2", "NOT_INUSE"), ("7", "INVALID")]


async def test_all_lamps_are_set_again_on_the_next_link() -> None:
    """The PABX may have been restarted, and modes switched meanwhile."""
    lamps: dict[str, bool | None] = {"1": True, "2": False}
    async with AmiPeer() as peer:
        board = peer.replies["Setvar"] = Board()
        async with linked(peer, lamps=lamps) as house:
            await board.until(2)
            house.link.light()
            (await peer.called()).cut()
            lamps["1"] = False
            await board.until(4)
            assert board.told[2:] == [("1", "NOT_INUSE"), ("2", "NOT_INUSE")]


async def test_a_lamp_that_is_refused_costs_nothing_else() -> None:
    """A PABX without func_devstate: counted and told once, and the others are set all the same."""
    lamps: dict[str, bool | None] = {"1": True, "2": True}
    async with AmiPeer() as peer:
        board = peer.replies["Setvar"] = Board("1")
        async with linked(peer, lamps=lamps) as house:
            await board.until(2)
            for _ in range(3):
                house.link.light()
                await asyncio.sleep(0)
            lamps["2"] = False
            house.link.light()
            await board.until(3)
            assert board.told == [("1", "INUSE"), ("2", "INUSE"), ("2", "NOT_INUSE")]
            assert house.ear.faults == ["lamp_not_set"]
            [line] = [line for line in house.log.entries if line["event"] == "lamp of a mode not set"]
            assert line["code"] == "1"
            assert "func_devstate" in line["reason"]
            assert len(peer.calls) == 1
