"""Positions that log in, pause and log out over the API, and callers who are sent elsewhere by hand: on a real PABX."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

from ccrouter.clock import SystemClock
from phones import FOREVER_MS, Call, Callee, sign_in
from small_pabx import POSITIONS_ADDRESS
from support.asking import Tokens
from support.listener import Event
from support.real_daemon import LOOK_AGAIN_S
from support.real_house import HousePlan, RealHouse

ROUTING: Final = """
timezone: Europe/Paris
sites:
  paris: {in_house: {queue: support, max_wait: 60s}}
  lille: {in_house: {queue: sales, max_wait: 60s}}
  nowhere: {in_house: {queue: absent, max_wait: 60s}}
  fixed: {in_house: {queue: fixed, max_wait: 60s}}
  tunis: {external: {dial: PJSIP/33100@trunk-tunis, answer_within: 5s}}
  narrow: {external: {dial: PJSIP/33200@trunk-narrow, answer_within: 5s, max_calls: 1}}
  busy: {external: {dial: PJSIP/33300@trunk-busy, answer_within: 5s}}
messages:
  closed: {play: please-try-call-later}
numbers:
  "0800 000 031": {service: support, label: Support}
  "0800 000 032": {service: elsewhere}
services:
  support:
    screen_pop: {CRM: "https://crm.example/{caller}?number={number}"}
    otherwise: [paris, closed]
  elsewhere: {otherwise: [narrow, closed]}
"""

TOKENS: Final = Tokens.of(
    {
        "alice": "role: position, position: PJSIP/agent1",
        "bob": "role: position, position: PJSIP/agent2, queues: [support]",
        "nobody": "role: position, position: PJSIP/nobody",
        "dialler": "role: position, position: Local/00900@from-positions/n",
        "site": "role: position, position: PJSIP/trunk-tunis",
        "boss": "role: switch",
        "wall": "role: read",
    }
)

HOUSE: Final = HousePlan(
    routing=ROUTING,
    sites={
        "tunis": {"answer_ms": 20, "talk_ms": 300},
        "narrow": {"answer_ms": 20, "talk_ms": FOREVER_MS},
        "busy": {"status": 486},
    },
    queues=("support", "sales"),
    positions=12,
    routers=2,
    tokens=TOKENS.text,
    pabx_files={"queues.conf": "\n[fixed](queue)\nmember => PJSIP/agent12\n"},
)

ALICE, BOB = "/positions/PJSIP/agent1", "/positions/PJSIP/agent2"
ON, OFF = {"on": True}, {"on": False}
PATIENCE_S: Final = 20


def ask(house: RealHouse, who: str, method: str, path: str, body: object = None, rank: int = 1) -> tuple[int, Any]:
    """Ask one of the two routers."""
    return TOKENS.ask(house.daemons[rank - 1].http_port, who, method, path, body)


def done(house: RealHouse, who: str, path: str, body: object, rank: int = 1) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return the answer to an order that is carried out."""
    status, answer = ask(house, who, "PUT", path, body, rank)
    assert status == 200, answer
    return answer


def refused(house: RealHouse, who: str, path: str, body: object, method: str = "PUT") -> str:
    """Return why an order is refused as things are."""
    status, answer = ask(house, who, method, path, body)
    assert status == 409, answer
    return str(answer["detail"])


def members(house: RealHouse, queue: str) -> dict[str, str]:
    """Return the members of a queue by the PABX's own word, with the reason of a pause; `-` for none."""
    return {
        row["Location"]: row["PausedReason"] if row["Paused"] == "1" else "-"
        for row in house.listener.listed("QueueStatus", Queue=queue)
        if row["Event"] == "QueueMember"
    }


@contextmanager
def at_work(house: RealHouse, *names: str, answer_ms: int = 400, talk_ms: int = 300) -> Iterator[list[Callee]]:
    """Give the telephones of positions, signed in, that answer for themselves; logged out of all queues afterwards."""
    phones = []
    for name in names:
        phone = Callee(
            house.folder, f"{name}-{house.fresh()}", address=POSITIONS_ADDRESS, answer_ms=answer_ms, talk_ms=talk_ms
        )
        sign_in(house.pabx, house.folder, [name], phone.port)
        phones.append(phone)
    try:
        yield phones
    finally:
        for name in names:
            for queue in ("support", "sales"):
                house.listener.ask("QueueRemove", Queue=queue, Interface=f"PJSIP/{name}")
        for phone in phones:
            phone.sipp.stop()


def test_an_agent_logs_in_takes_a_call_pauses_and_logs_out(house: RealHouse) -> None:
    """Each order is a fact of the PABX when it is answered, whichever router carried it out; the calls follow."""
    with at_work(house, "agent1", "agent2") as (alice, bob):
        seen = done(house, "alice", f"{ALICE}/queues/support", ON)
        assert seen["position"]["queues"] == ["support"]
        wait_for_state(house, ALICE, "ready")
        [call] = house.calls("0800000031")
        with house.start([call]) as callers:
            uniqueid = house.wait_for(call, Event="QueueCallerJoin")["Uniqueid"]
            # Who calls is known to the router alone that was asked about the call.
            rank = wait_for(lambda: deciding(house, uniqueid))
            shown = wait_for_call(house, "alice", ALICE, "ringing", rank)
            assert (shown["uniqueid"], shown["caller"], shown["number"]) == (uniqueid, call.caller, "0800 000 031")
            assert shown["links"] == [
                {"name": "CRM", "address": f"https://crm.example/{call.caller}?number=0800000031"}
            ]
            assert ask(house, "wall", "GET", ALICE, rank=rank)[1]["call"]["caller"] == f"{call.caller[:3]}{'*' * 8}"
            assert wait_for_call(house, "alice", ALICE, "talking")["uniqueid"] == uniqueid
            callers.wait()
        assert [received.answered for received in house.received(alice, call)] == [True]

        done(house, "boss", f"{ALICE}/pause", {"on": True, "reason": "fire drill"}, rank=2)
        assert members(house, "support") == {"PJSIP/agent1": "fire drill"}
        done(house, "bob", f"{BOB}/queues/support", ON)
        [second] = house.calls("0800000031")
        house.place([second])
        house.ending(second)
        assert [len(house.received(phone, second)) for phone in (alice, bob)] == [0, 1]

        # Whoever is paused and logs in to a second queue is paused there as well, with the same reason.
        done(house, "alice", f"{ALICE}/queues/sales", ON)
        assert members(house, "sales") == {"PJSIP/agent1": "fire drill"}
        seen = done(house, "alice", f"{ALICE}/pause", OFF)
        assert not seen["position"]["paused"]
        wait_for_state(house, ALICE, "ready")
        assert members(house, "support") == {"PJSIP/agent1": "-", "PJSIP/agent2": "-"}
        done(house, "alice", f"{ALICE}/queues/sales", OFF)
        seen = done(house, "alice", f"{ALICE}/queues/support", OFF)
        assert seen["position"]["state"] == "logged_out"
        assert members(house, "support") == {"PJSIP/agent2": "-"}
    told = ask(house, "boss", "GET", "/history?positions=true&limit=4", rank=2)[1]["deeds"]
    assert [(deed["who"], deed["what"], deed["subject"]) for deed in told] == [
        ("alice (token)", "position log-out", "PJSIP/agent1 support"),
        ("alice (token)", "position log-out", "PJSIP/agent1 sales"),
        ("alice (token)", "position resumed", "PJSIP/agent1"),
        ("alice (token)", "position log-in", "PJSIP/agent1 sales"),
    ]


def wait_for(look: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return what a look finds, as soon as it finds anything."""
    clock = SystemClock()
    deadline = clock.steady() + PATIENCE_S
    while not (found := look()):
        assert clock.steady() < deadline
        time.sleep(LOOK_AGAIN_S)
    return found


def deciding(house: RealHouse, uniqueid: str) -> int:
    """Return the rank of the router that was asked about a call; 0 while none tells."""
    asked = [daemon.rank for daemon in house.daemons if daemon.logged(event="call routed", uniqueid=uniqueid)]
    return asked[0] if asked else 0


def wait_for_state(house: RealHouse, path: str, state: str) -> None:
    """Wait until a position is in a state: the PABX itself hears of a telephone a moment after it signed in."""
    wait_for(lambda: ask(house, "wall", "GET", path)[1]["position"]["state"] == state)


def wait_for_call(house: RealHouse, who: str, path: str, doing: str, rank: int = 1) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return the call of a position as soon as it is told so."""

    def look() -> Any:  # noqa: ANN401 - whatever JSON holds
        call = ask(house, who, "GET", path, rank=rank)[1]["call"]
        return call if call is not None and call["doing"] == doing else None

    return wait_for(look)


def test_what_can_not_be_is_refused_with_the_reason(house: RealHouse) -> None:
    """By the PABX's word or by our own: and nothing that would dial out becomes a member."""
    with at_work(house, "agent1", "agent2"):
        assert "has no such queue" in refused(house, "alice", f"{ALICE}/queues/absent", ON)
        assert ask(house, "alice", "PUT", f"{ALICE}/queues/unheard", ON)[0] == 404
        assert "not for the queue sales" in refused(house, "bob", f"{BOB}/queues/sales", ON)
        assert "no telephone PJSIP/nobody" in refused(house, "nobody", "/positions/PJSIP/nobody/queues/support", ON)
        local = "/positions/Local/00900%40from-positions%2Fn/queues/support"
        assert "can't be logged in here" in refused(house, "dialler", local, ON)
        trunk = "/positions/PJSIP/trunk-tunis/queues/support"
        assert "is the trunk of a site" in refused(house, "site", trunk, ON)
        assert ask(house, "boss", "PUT", "/positions/PJSIP/agent5/queues/support", {**ON, "reason": "x"})[0] == 404
        assert "is in no queue" in refused(house, "alice", f"{ALICE}/pause", {"on": True, "reason": "lunch"})
        fixed = "/positions/PJSIP/agent12/queues/fixed"
        assert "queues.conf" in refused(house, "boss", fixed, {**OFF, "reason": "x"})
        assert "misread" in refused(house, "alice", f"{ALICE}/pause", {"on": True, "reason": "x|Local/00900@outbound"})
        assert ask(house, "alice", "PUT", f"{BOB}/pause", {"on": True, "reason": "lunch"})[0] == 403
        assert ask(house, "wall", "PUT", f"{ALICE}/queues/support", {**ON, "reason": "x"})[0] == 403
        assert members(house, "support") == {}
        done(house, "alice", f"{ALICE}/queues/support", ON)
        done(house, "alice", f"{ALICE}/queues/support", ON)
        assert members(house, "support") == {"PJSIP/agent1": "-"}


# --- callers who wait -------------------------------------------------------------------------------------------------


def send(house: RealHouse, call: Call, *to: str, rank: int = 1) -> tuple[int, Any]:
    """Have a waiting caller sent to sites."""
    uniqueid = house.wait_for(call, Event="QueueCallerJoin")["Uniqueid"]
    path, body = f"/waiting/{uniqueid}/send", {"to": to, "reason": "a test"}
    answer = ask(house, "boss", "POST", path, body, rank)
    for _ in range(200):
        if answer[0] != 404 or not any(each["Uniqueid"] == uniqueid for each in in_queue(house)):
            break
        answer = ask(house, "boss", "POST", path, body, rank)
    return answer


def in_queue(house: RealHouse) -> list[Event]:
    """Return the callers in the queue by the PABX's own word: a router on a busy machine hears it a little later."""
    return [row for row in house.listener.listed("QueueStatus", Queue="support") if row["Event"] == "QueueEntry"]


def wait_for_waiting(house: RealHouse) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return the one caller who waits, as soon as the first router tells."""
    [waiting] = wait_for(lambda: ask(house, "wall", "GET", "/waiting")[1])
    return waiting


def test_a_waiting_caller_is_sent_to_a_site(house: RealHouse) -> None:
    """The site has a real call; journal and history tell who did it; only the router on duty does it."""
    house.sit_down("support", answer_ms=FOREVER_MS)
    [call] = house.calls("0800000031")
    with house.start([call]) as callers:
        status, answer = send(house, call, "tunis", rank=2)
        assert (status, "router 1 is on duty" in answer["detail"]) == (409, True)
        waiting = wait_for_waiting(house)
        assert (waiting["label"], waiting["sendable"]) == ("Support", True)
        assert waiting["caller"] in {None, f"{call.caller[:3]}{'*' * 8}"}
        status, answer = send(house, call, "tunis")
        assert (status, answer["to"]) == (200, "tunis"), answer
        assert callers.wait()[0].answered
    house.ending(call)
    assert house.steps(call) == ["queue paris -> withdraw 0", "site tunis -> answered 16"]
    assert [received.answered for received in house.received(house.sites["tunis"], call)] == [True]
    made = ask(house, "wall", "GET", f"/journal/{waiting['uniqueid']}")[1][-1]["record"]
    assert made["trace"] == [["sent by hand", "yes", [["sent to tunis", "yes", "by boss (token): a test"]]]]
    told = house.daemon.command("explain", "--call", waiting["uniqueid"])
    assert "goes to tunis, then paris, then closed, by `sent by hand`" in told
    lines = ask(house, "wall", "GET", "/journal?rule=sent%20by%20hand&limit=1")[1]["lines"]
    assert [line["uniqueid"] for line in lines] == [waiting["uniqueid"]]
    [deed] = ask(house, "wall", "GET", "/history?limit=1")[1]["deeds"]
    assert (deed["who"], deed["what"], deed["why"]) == ("boss (token)", "caller sent", "a test")
    assert deed["subject"] == f"{waiting['uniqueid']} to tunis"


def test_a_caller_whom_no_site_takes_comes_back_to_the_queue(house: RealHouse) -> None:
    """A site that is busy costs them nothing; one that is full is not even tried, and that is told."""
    house.sit_down("support", answer_ms=FOREVER_MS)
    [first, second] = house.calls("0800000031", 2)
    [other] = house.calls("0800000032")
    with house.start([other]), house.start([first, second]):
        house.wait_for(other, UserEvent="CCRouterStep", Phase="begin", Kind="site")
        house.daemon.wait_until(lambda status: {site.name: site.calls for site in status.sites}["narrow"] == 1)
        status, answer = send(house, second, "narrow")
        assert (status, answer["detail"]) == (409, "the caller stays in the queue: narrow is full (1 of 1 calls)")
        assert send(house, first, "busy")[0] == 200
        house.wait_for(first, UserEvent="CCRouterStep", Phase="begin", Kind="queue", Rule="sent by hand")
        assert house.steps(first)[:2] == ["queue paris -> withdraw 0", "site busy -> busy 17"]
        house.daemon.wait_until(lambda status: {queue.name: queue.waiting for queue in status.queues}["support"] == 2)
        house.hang_up()


def test_nobody_is_torn_from_the_position_that_answers_in_that_moment(
    house: RealHouse, figure: Callable[[str], None]
) -> None:
    """Around the instant of the answer each caller has one whole talk, and the answer tells with whom."""
    house.sit_down("support", 8, answer_ms=500, talk_ms=1500)

    def later(place: int, call: Call) -> tuple[Call, int, Any]:
        """Send a caller when a position has nearly answered, or has just."""
        house.wait_for(call, Event="QueueCallerJoin")
        threading.Event().wait(0.3 + 0.05 * (place % 8))
        return (call, *send(house, call, "tunis"))

    told: list[tuple[Call, int, Any]] = []
    for _ in range(2):
        calls = house.calls("0800000031", 16)
        with house.start(calls, per_s=25) as callers, ThreadPoolExecutor(16) as threads:
            told += threads.map(later, range(16), calls)
            assert all(met.answered for met in callers.wait())
    takers = Counter(taker for call, *_ in told for taker in house.takers([call])[0])
    figure(f"of {len(told)} callers {takers['tunis']} were moved, {takers['support']} stayed with who answered")
    for call, status, answer in told:
        house.ending(call)
        [taker] = house.takers([call])
        assert taker in (["support"], ["tunis"]), (call, answer)
        if status == 200 and answer["moved"]:
            assert taker == ["tunis"]
        if status != 200:
            assert taker == ["support"], answer
    assert {"support", "tunis"} <= takers.keys()
