"""A real daemon with a PABX that does as it is told, and a token of each role: for tests that ask it over HTTP.

It runs in a thread of its own, so that a test may ask with any client.
"""

import asyncio
import json
import re
import threading
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from ccrouter.config.tokens import hash_of, new_token
from ccrouter.web.doors import API
from ccrouter.web.holders import Holder, Role
from support.ami_peer import Caller, Order
from support.board_house import BoardHouse, board_house
from support.office import Office

T = TypeVar("T")

POSITION: Final = "PJSIP/101"
SITE: Final = "tunis"
HOLDERS: Final[Mapping[Role, Holder]] = {
    Role.POSITION: Holder("the-position", Role.POSITION, POSITION),
    Role.SITE: Holder("the-site", Role.SITE, SITE),
    Role.READ: Holder("the-read", Role.READ),
    Role.SWITCH: Holder("the-switch", Role.SWITCH),
    Role.ADMINISTER: Holder("the-administer", Role.ADMINISTER),
}

SPARE: Final = 40
"""Tokens of each role: whoever asks hundreds of times in a row takes another one each time, and none asks too much."""

MEMBER_ORDERS: Final = ("QueueAdd", "QueueRemove", "QueuePause")


@dataclass
class ApiHouse:
    """A house whose daemon runs.

    Attributes:
        tokens: of each role, all alike.
        orders: what the PABX was asked to do with positions and callers.

    """

    board: BoardHouse
    tokens: Mapping[Role, list[str]]
    loop: asyncio.AbstractEventLoop
    _asked: int = 0

    @property
    def url(self) -> str:
        """Return where the API is."""
        return f"http://127.0.0.1:{self.board.office.http_port}{API}"

    @property
    def orders(self) -> list[Order]:
        """Return what the PABX was asked to do with positions and callers."""
        assert self.board.link is not None
        return [each for each in self.board.link.orders if each["Action"] in {*MEMBER_ORDERS, "QueueWithdrawCaller"}]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the thread of the house, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def token(self, role: Role) -> str:
        """Return one of the tokens of a role."""
        self._asked += 1
        return self.tokens[role][self._asked % SPARE]

    def ask(self, method: str, path: str, role: Role | None, body: object = None) -> tuple[int, Any]:
        """Return status and content of an answer; of a stream its beginning."""
        headers = {} if role is None else {"Authorization": f"Bearer {self.token(role)}"}
        data = None if body is None else json.dumps(body).encode()
        asked = Request(f"{self.url}{path}", data, headers, method=method)  # noqa: S310 - our own loopback address
        try:
            with urlopen(asked, timeout=10) as answer:  # noqa: S310
                if answer.headers.get_content_type() == "text/event-stream":
                    return answer.status, answer.readline()
                return answer.status, json.loads(answer.read() or "null")
        except HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def state(self) -> list[object]:
        """Return all that a request could have changed."""
        paths = ("/modes", "/overrides", "/versions", "/history", "/rules")
        return [*(self.ask("GET", path, Role.READ) for path in paths), list(self.orders)]


@contextmanager
def api_house() -> Iterator[ApiHouse]:
    """Give a house with calls: one that was answered, one that waits, one at a site."""
    tokens = {role: [new_token() for _ in range(SPARE)] for role in HOLDERS}
    loop, made, leave = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    houses: list[BoardHouse] = []
    faults: list[BaseException] = []

    def prepare(office: Office) -> None:
        text = office.daemon.settings.read_text()
        office.daemon.settings.write_text(re.sub(r"(?m)^(http: .*)}$", r"\1, tokens: tokens}", text))
        file = office.daemon.folder / "tokens"
        file.touch(mode=0o600)
        lines = (_line(HOLDERS[role], number, each) for role in tokens for number, each in enumerate(tokens[role]))
        file.write_text("tokens:\n" + "".join(lines))

    async def live() -> None:
        async with board_house(prepare) as house:
            house.peer.commands = (*house.peer.commands, *MEMBER_ORDERS)
            house.peer.values[f"DEVICE_STATE({POSITION})"] = "NOT_INUSE"
            for action in MEMBER_ORDERS:
                house.peer.replies[action] = _done
            await asyncio.to_thread(house.office.daemon.wait_until, lambda status: status.pabxs[0].in_sync)
            await _populate(house)
            await asyncio.to_thread(house.office.daemon.wait_until, lambda status: status.queues[0].waiting == 1)
            houses.append(house)
            made.set()
            await leave.wait()

    def thread() -> None:
        try:
            loop.run_until_complete(live())
        except BaseException as error:  # noqa: BLE001 - told in the thread of the test
            faults.append(error)
            made.set()
        finally:
            loop.close()

    runner = threading.Thread(target=thread)
    runner.start()
    made.wait()
    try:
        if faults:
            raise faults[0]
        yield ApiHouse(houses[0], tokens, loop)
    finally:
        if not faults:
            loop.call_soon_threadsafe(leave.set)
        runner.join()
    if faults:
        raise faults[0]


def _line(holder: Holder, number: int, token: str) -> str:
    role = holder.role.name.lower()
    scope = f', {role}: "{holder.of}"' if holder.of else ""
    return f"  {holder.name}-{number}: {{role: {role}{scope}, sha256: {hash_of(token)}}}\n"


def _done(call: Caller, order: Order) -> None:
    text = {"QueueAdd": "Added interface to queue", "QueueRemove": "Removed interface from queue"}
    call.answer(order, Message=text.get(order["Action"], "Interface paused successfully"))


async def _populate(house: BoardHouse) -> None:
    await house.whole_call()
    for kind, target, event in (("queue", "desk", "QueueCallerJoin"), ("site", SITE, "")):
        uniqueid = house.new_uniqueid()
        plan = (await house.call(uniqueid)).decode()
        found = re.search(r'"v1\|([^|]+)\|', plan)
        assert found is not None, plan
        channel = {"Uniqueid": uniqueid, "Linkedid": uniqueid, "Channel": f"PJSIP/carrier-{target}"}
        step = {"Number": "0800123456", "Decision": found[1], "Service": "support", "Rule": "otherwise"}
        house.tell("CCRouterStep begin", **channel, **step, Step="1", Kind=kind, Target=target)
        if event:
            house.tell(event, **channel, Queue="support", Position="1")
