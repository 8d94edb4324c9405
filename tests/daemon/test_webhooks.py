"""Webhooks against receivers on the loopback: what happens is told, in order, signed, until it is taken."""

import asyncio
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from structlog.testing import capture_logs

from ccrouter.app import webhook_line, webhook_post
from ccrouter.app import webhooks as module
from ccrouter.app.webhooks import Webhooks
from ccrouter.clock import SystemClock
from ccrouter.config.webhooks import Webhook
from ccrouter.store import outbox as outbox_module
from ccrouter.store.outbox import Letter, Outbox
from ccrouter.store.schema import outbox_database
from ccrouter.telemetry.webhooks import WebhookCounts
from ccrouter.web.board import Happened
from ccrouter.web.orders import UnknownNameError
from support.full_disk import full_disk
from support.receiver import OTHER_SECRET, SECRET, Answer, Receiver

CALLER = "0612345678"
LIFE = ("offered", "routed", "ringing", "answered", "ended")
PATIENCE_S = 20
PEM = Path(__file__).parent.parent / "support" / "tls" / "pbx.example.pem"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing rest for long, and nothing hang for seconds."""
    for name, value in (("LOOK_AGAIN_S", 0.02), ("AGAIN_S", 0.05), ("LETTER_REST_S", 0.1), ("WEBHOOK_REST_S", 0.1)):
        monkeypatch.setattr(webhook_line, name, value)
    for name in ("GATHER_S", "PACE_S"):
        monkeypatch.setattr(webhook_line, name, 0.002)
    for name, value in (("GATHER_S", 0.002), ("AGAIN_S", 0.05), ("LEAD_EVERY_S", 0.05), ("PAUSE_S", 0.001)):
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(webhook_post, "ANSWER_WITHIN_S", 1.0)


def hook(receiver: Receiver, name: str = "crm", *secrets: str, **details: Any) -> Webhook:  # noqa: ANN401 - a test's shorthand
    """Return a webhook that is told of a whole life at this receiver."""
    kept = tuple(SecretStr(each) for each in secrets or (SECRET,))
    return Webhook(name, receiver.url, kept, **{"events": frozenset((*LIFE, "missed", "overflowed")), **details})


def happened(n: int, kind: str = "ended", **details: Any) -> Happened:  # noqa: ANN401 - a test's shorthand
    """Return something that happened to the call `<n>.0`."""
    told = {
        "at": time.time(),  # noqa: TID251 - whoever verifies a signature goes by it
        "pabx": "pbx",
        "uniqueid": f"{n}.0",
        "number": "0800 123 456",
        "label": "After-sales",
        "service": "support",
        "caller": CALLER,
    }
    return Happened(kind, **{**told, **details})


class Desk:
    """A router with its webhooks, as far as they go."""

    def __init__(self, folder: Path, *webhooks: Webhook, holder: str = "router 1", spared_bytes: int = 0) -> None:
        clock = SystemClock()
        self.registry = CollectorRegistry()
        self.database = outbox_database(folder, clock)
        self.outbox = Outbox(self.database, spared_bytes=spared_bytes)
        self.calm = True
        self.webhooks = Webhooks(
            webhooks,
            self.outbox,
            holder=holder,
            clock=clock,
            counts=WebhookCounts(self.registry, [each.name for each in webhooks]),
            log=structlog.get_logger(),
            calm=lambda: self.calm,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Desk"]:
        """Let it run while the context lasts."""
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(self.webhooks.run())
            try:
                yield self
            finally:
                task.cancel()
        self.database.close()

    def tell(self, *told: Happened) -> None:
        """Let it happen."""
        for each in told:
            self.webhooks.note(each)

    def counted(self, result: str, webhook: str = "crm") -> float:
        """Return how often that became of a delivery."""
        labels = {"webhook": webhook, "result": result}
        return self.registry.get_sample_value("ccrouter_webhook_deliveries_total", labels) or 0.0

    def gauge(self, name: str, webhook: str = "crm") -> float | None:
        """Return a gauge."""
        return self.registry.get_sample_value(f"ccrouter_webhook_{name}", {"webhook": webhook})


async def until(holds: Callable[[], bool]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - threads, and another program's sockets, make it so
            await asyncio.sleep(0.005)


async def got(receiver: Receiver, count: int) -> None:
    """Wait until a receiver took so many events."""
    await asyncio.to_thread(receiver.wait, lambda one: len(one.taken) >= count)


# --- what is told, and how --------------------------------------------------------------------------------------------


async def test_a_whole_life_arrives_in_order_and_signed(tmp_path: Path) -> None:
    """By the rules of Standard Webhooks, as its own library verifies them; the id is that of the header."""
    with Receiver().listening() as receiver:
        async with Desk(tmp_path, hook(receiver)).running() as desk:
            desk.tell(*(happened(1, kind) for kind in LIFE))
            await got(receiver, len(LIFE))
            await until(lambda: desk.gauge("waiting") == 0)
            assert desk.counted("delivered") == len(LIFE)
            assert desk.gauge("oldest_timestamp_seconds") == 0
    assert receiver.kinds() == list(LIFE)
    assert len({each["id"] for each in receiver.taken}) == len(LIFE)
    last = receiver.taken[-1]
    assert {name: last[name] for name in ("kind", "pabx", "uniqueid", "number", "label", "service", "caller")} == {
        "kind": "ended",
        "pabx": "pbx",
        "uniqueid": "1.0",
        "number": "0800 123 456",
        "label": "After-sales",
        "service": "support",
        "caller": "061*******",
    }
    assert receiver.headers["webhook-id"] == last["id"]
    assert receiver.headers["content-type"] == "application/json"
    assert receiver.headers["user-agent"].startswith("ccrouter/")


@pytest.mark.parametrize(("caller", "seen"), [("none", None), ("masked", "061*******"), ("whole", CALLER)])
async def test_a_caller_is_told_as_the_settings_say(tmp_path: Path, caller: str, seen: str | None) -> None:
    """Not at all, by the first digits, or whole; what is kept on disk meanwhile is no more than that."""
    with Receiver().listening() as receiver:
        async with Desk(tmp_path, hook(receiver, caller=caller)).running() as desk:
            desk.tell(happened(1))
            await got(receiver, 1)
        assert receiver.taken[0]["caller"] == seen
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())  # noqa: ASYNC240 - nothing else runs any more
    assert (CALLER.encode() in kept) <= (caller == "whole")


async def test_only_what_was_asked_for_is_told(tmp_path: Path) -> None:
    """Events and services by the settings, each webhook by its own."""
    with Receiver().listening() as receiver, Receiver().listening() as other:
        asked = hook(receiver, events=frozenset({"ended"}), services=frozenset({"support"}))
        async with Desk(tmp_path, asked, hook(other, "dwh")).running() as desk:
            desk.tell(happened(1, "answered"), happened(1), happened(2, service="sales"), happened(3))
            await got(receiver, 2)
            await got(other, 4)
        assert {each["uniqueid"] for each in receiver.taken} == {"1.0", "3.0"}


@pytest.mark.parametrize("secret", [SECRET, OTHER_SECRET])
async def test_while_a_secret_is_changed_both_are_good(tmp_path: Path, secret: str) -> None:
    """The receiver may know the one or the other."""
    with Receiver(secret=secret).listening() as receiver:
        async with Desk(tmp_path, hook(receiver, "crm", SECRET, OTHER_SECRET)).running() as desk:
            desk.tell(happened(1))
            await got(receiver, 1)
    assert receiver.forged == 0


async def test_who_has_another_secret_believes_nothing(tmp_path: Path) -> None:
    """It is refused by the receiver, and tried again."""
    with Receiver(secret=OTHER_SECRET).listening() as receiver:
        async with Desk(tmp_path, hook(receiver)).running() as desk:
            desk.tell(happened(1))
            await until(lambda: desk.counted("refused") >= 2)
    assert (receiver.forged >= 2, receiver.taken) == (True, [])


# --- receivers in trouble ---------------------------------------------------------------------------------------------


async def test_what_is_refused_is_told_again_in_the_order_of_its_call(tmp_path: Path) -> None:
    """Later events of the same call wait for it, those of other calls do not; the id stays the same."""
    refusals = {"1.0": 3}

    def answer(event: dict[str, Any]) -> Answer:
        left = refusals.get(event["uniqueid"], 0)
        refusals[event["uniqueid"]] = left - 1
        return Answer(500 if left > 0 else 200)

    with Receiver(answer=answer).listening() as receiver:
        async with Desk(tmp_path, hook(receiver)).running() as desk:
            desk.tell(happened(1, "offered"), happened(2, "offered"), happened(1, "ended"), happened(2, "ended"))
            await got(receiver, 4)
    assert (receiver.kinds("1.0"), receiver.kinds("2.0")) == (["offered", "ended"], ["offered", "ended"])
    refused = [each["id"] for each in receiver.got if each["uniqueid"] == "1.0"]
    assert refused[:4] == refused[:1] * 4
    assert desk.counted("refused") == 3


async def test_one_event_that_is_never_taken_holds_up_no_other_call(tmp_path: Path) -> None:
    """A receiver that stumbles over one event is told all others."""

    def answer(event: dict[str, Any]) -> Answer:
        return Answer(400 if event["uniqueid"] == "1.0" else 200)

    with Receiver(answer=answer).listening() as receiver:
        async with Desk(tmp_path, hook(receiver)).running() as desk:
            desk.tell(*(happened(n) for n in range(1, 30)))
            await got(receiver, 28)
            desk.tell(happened(99))
            await got(receiver, 29)
            await until(lambda: desk.gauge("waiting") == 1)


async def test_a_receiver_that_hangs_delays_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not another webhook, and not the event loop; it is told again after the time-out."""
    monkeypatch.setattr(webhook_post, "ANSWER_WITHIN_S", 3.0)
    with Receiver(answer=lambda _: None).listening() as hung, Receiver().listening() as well:
        async with Desk(tmp_path, hook(hung, "hung"), hook(well, "well")).running() as desk:
            began = asyncio.get_running_loop().time()
            longest = 0.0
            for n in range(50):
                before = asyncio.get_running_loop().time()
                desk.tell(happened(n))
                await asyncio.sleep(0)
                longest = max(longest, asyncio.get_running_loop().time() - before)
            await got(well, 50)
            took_s = asyncio.get_running_loop().time() - began
            await until(lambda: desk.counted("timeout", "hung") >= webhook_line.IN_TROUBLE)
            hung.answer = lambda _: Answer()
            hung.let_go()
            await got(hung, 50)
    # Whoever waited for the one that hangs would wait for its time-out.
    assert took_s < webhook_post.ANSWER_WITHIN_S
    assert longest < webhook_post.ANSWER_WITHIN_S
    assert well.kinds() == ["ended"] * 50


async def test_many_receivers_that_hang_take_no_connection_of_others(tmp_path: Path) -> None:
    """Each has its letters under way until their time is over; another webhook must not wait for that."""
    names = [f"hung{n}" for n in range(6)]
    with Receiver(answer=lambda _: None).listening() as hung, Receiver().listening() as well:
        hooks = [*(hook(hung, name) for name in names), hook(well, "well")]
        async with Desk(tmp_path, *hooks).running() as desk:
            desk.tell(*(happened(n) for n in range(50)))
            await until(lambda: all(desk.counted("timeout", name) for name in names))
            await got(well, 50)
            hung.let_go()
    assert desk.counted("timeout", "well") == 0


async def test_a_receiver_that_is_not_there_is_told_when_it_is(tmp_path: Path) -> None:
    """Nothing is lost, and in between it is left alone: one try now and then, not one for each event."""
    with Receiver().listening() as receiver:
        pass
    with capture_logs() as logs:
        async with Desk(tmp_path, hook(receiver)).running() as desk:
            desk.tell(*(happened(n, kind) for n in range(20) for kind in ("offered", "ended")))
            await until(lambda: desk.webhooks.states()[0].state == "failing")
            await until(lambda: desk.webhooks.states()[0].waiting == 40)
            state = desk.webhooks.states()[0]
            assert state.line == "crm: failing, no connection: Connection refused; 40 events wait"
            assert 2 <= desk.counted("unreachable") <= 30
            with receiver.listening():
                await got(receiver, 40)
                await until(lambda: desk.webhooks.states()[0].state == "well")
    assert all(receiver.kinds(f"{n}.0") == ["offered", "ended"] for n in range(20))
    told = [line["event"] for line in logs]
    assert told == ["a webhook takes no events", "a webhook takes events again"]
    assert "/hook" not in str(logs)


async def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    """What is signed for one receiver goes to no other."""
    with Receiver().listening() as other:
        away = Answer(307, {"Location": other.url})
        with Receiver(answer=lambda _: away).listening() as receiver:
            async with Desk(tmp_path, hook(receiver)).running() as desk:
                desk.tell(happened(1))
                await until(lambda: desk.counted("refused") >= 2)
    assert other.got == []


@pytest.mark.parametrize("status", [429, 503])
async def test_who_asks_for_a_rest_gets_it(tmp_path: Path, status: int) -> None:
    """Retry-After is followed for the whole webhook."""
    answers = [Answer(status, {"Retry-After": "1"})]
    with Receiver(answer=lambda _: answers.pop() if answers else Answer()).listening() as receiver:
        async with Desk(tmp_path, hook(receiver)).running() as desk:
            loop = asyncio.get_running_loop()
            told_at = loop.time()
            desk.tell(happened(1))
            await until(lambda: desk.counted("refused") == 1)
            desk.tell(happened(2))
            await got(receiver, 2)
            assert loop.time() - told_at >= 1


async def test_who_is_gone_is_told_no_more_until_it_is_back(tmp_path: Path) -> None:
    """After 410 nothing is sent but a test; what waits is told when that was taken."""
    answers = [Answer(410)]
    with Receiver(answer=lambda _: answers.pop() if answers else Answer()).listening() as receiver:
        with capture_logs() as logs:
            async with Desk(tmp_path, hook(receiver)).running() as desk:
                desk.tell(happened(1))
                await until(lambda: desk.webhooks.states()[0].state == "stopped")
                desk.tell(happened(2))
                await until(lambda: desk.webhooks.states()[0].waiting == 2)
                assert len(receiver.got) == 1
                tested = await desk.webhooks.test("crm")
                assert (tested.delivered, tested.status) == (True, 204)
                await got(receiver, 3)
        assert receiver.kinds() == ["ping", "ended", "ended"]
    assert "a webhook wants no more events and gets none" in [line["event"] for line in logs]


async def test_an_endless_answer_is_not_read(tmp_path: Path) -> None:
    """The event counts as taken, and the connection is closed."""
    with Receiver(answer=lambda _: Answer(200, endless=True)).listening() as receiver:
        async with Desk(tmp_path, hook(receiver)).running() as desk:
            desk.tell(happened(1), happened(2))
            await until(lambda: desk.counted("delivered") == 2)


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tmp_path: Path) -> None:
    """Nothing is told, and it is said why."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(PEM)
    with Receiver(tls=tls).listening() as receiver:
        async with Desk(tmp_path, hook(receiver)).running() as desk:
            desk.tell(happened(1))
            await until(lambda: desk.webhooks.states()[0].state == "failing")
            assert desk.webhooks.states()[0].why == "its certificate is not trusted"
    assert receiver.got == []


async def test_a_test_of_nobody_and_of_who_is_away(tmp_path: Path) -> None:
    """The one is refused, the other tells why."""
    with Receiver().listening() as receiver:
        pass
    async with Desk(tmp_path, hook(receiver)).running() as desk:
        with pytest.raises(UnknownNameError, match="there is no webhook crn; there are: crm"):
            await desk.webhooks.test("crn")
        tested = await desk.webhooks.test("crm")
    assert (tested.delivered, tested.status, tested.answer) == (False, 0, "no connection: Connection refused")


# --- backlog, disk, two routers ---------------------------------------------------------------------------------------


async def test_a_backlog_is_told(tmp_path: Path) -> None:
    """Each once, those of a call in order, and no more at once than may be."""
    with Receiver().listening() as receiver:
        desk = Desk(tmp_path, hook(receiver))
        desk.calm = False
        async with desk.running():
            desk.tell(*(happened(n, kind) for n in range(400) for kind in LIFE))
            await until(lambda: desk.gauge("waiting") == 2000)
            assert receiver.got == []
            desk.calm = True
            await asyncio.to_thread(receiver.wait, lambda one: len(one.taken) >= 2000)
    assert len({each["id"] for each in receiver.taken}) == len(receiver.taken) == 2000
    assert all(receiver.kinds(f"{n}.0") == list(LIFE) for n in range(0, 400, 19))
    assert receiver.most_abreast <= webhook_line.ABREAST


async def test_what_waits_in_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the disk takes nothing the notes on top are dropped, and counted for who wanted them; then it heals."""
    monkeypatch.setattr(module, "MOST_NOTES", 5)
    with Receiver().listening() as receiver:
        desk = Desk(tmp_path, hook(receiver), spared_bytes=1 << 60)
        with capture_logs() as logs:
            async with desk.running():
                desk.tell(*(happened(n) for n in range(8)))
                await until(lambda: "nearly full" in desk.webhooks.states()[0].why)
                assert desk.counted("dropped") == 3
                desk.outbox._spared_bytes = 0
                await got(receiver, 5)
                await until(lambda: not desk.webhooks.states()[0].why)
    assert [line["event"] for line in logs] == [
        "the outbox of webhooks can't be used; calls go on",
        "the outbox of webhooks can be used again",
    ]


async def test_a_disk_that_hangs_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What happens is noted meanwhile, and told when the disk answers; a stop waits for it no longer than it may."""
    may_write = threading.Event()
    with Receiver().listening() as receiver:
        desk = Desk(tmp_path, hook(receiver))
        put = desk.outbox.put

        def hangs(given: Iterable[Letter]) -> Mapping[str, int]:
            may_write.wait(PATIENCE_S)
            return put(given)

        monkeypatch.setattr(desk.outbox, "put", hangs)
        async with desk.running():
            loop = asyncio.get_running_loop()
            await until(lambda: desk.webhooks.states()[0].state == "well")
            longest = 0.0
            for n in range(200):
                before = loop.time()
                desk.tell(happened(n))
                await asyncio.sleep(0.001)
                longest = max(longest, loop.time() - before)
            assert longest < PATIENCE_S / 2
            assert receiver.got == []
            may_write.set()
            await got(receiver, 200)
            may_write.clear()
            desk.tell(happened(999))
            await asyncio.sleep(0.05)
            began = loop.time()
        assert loop.time() - began < PATIENCE_S / 2
        may_write.set()


async def test_a_disk_that_fills_up_while_letters_are_sent_repeats_none_for_ever(tmp_path: Path) -> None:
    """What was told and can't be taken down is not sent again and again; later all goes on."""
    with Receiver().listening() as receiver:
        desk = Desk(tmp_path, hook(receiver))
        async with desk.running():
            desk.tell(happened(1))
            await got(receiver, 1)
            with capture_logs(), full_disk(1):
                desk.tell(*(happened(n) for n in range(2, 5)))
                await until(lambda: bool(desk.webhooks.states()[0].why))
                await asyncio.sleep(0.3)
            await got(receiver, 4)
    assert len(receiver.got) <= 5


async def test_of_two_routers_on_one_folder_one_tells(tmp_path: Path) -> None:
    """Both see all; each event arrives once. When the first stops, the other goes on, and nothing is missing."""
    with Receiver().listening() as receiver:
        first, second = (Desk(tmp_path, hook(receiver), holder=f"router {n}") for n in (1, 2))
        async with second.running():
            async with first.running():
                for n in range(20):
                    life = [happened(n, kind) for kind in LIFE]
                    for desk in (first, second):
                        desk.tell(*life)
                await got(receiver, 100)
                told = {desk.webhooks.states()[0].state for desk in (first, second)}
                assert told == {"well", "standby"}
                # What is under way at a stop may come twice, with the same id.
                await until(lambda: first.gauge("waiting") == 0)
            second.tell(happened(50))
            await got(receiver, 101)
    assert len({each["id"] for each in receiver.taken}) == len(receiver.taken) == 101
    assert all(receiver.kinds(f"{n}.0") == list(LIFE) for n in range(20))


async def test_when_the_router_that_tells_dies_the_other_one_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gives nothing back: its lease ends by itself, and what it had not told is told."""
    monkeypatch.setattr(outbox_module, "LEASE_S", 0.5)
    with Receiver().listening() as receiver:
        first, second = (Desk(tmp_path, hook(receiver), holder=f"router {n}") for n in (1, 2))
        monkeypatch.setattr(first.outbox, "resign", lambda _: None)
        async with first.running():
            await until(lambda: first.webhooks.states()[0].state == "well")
            first.calm = False
            first.tell(happened(1))
            await until(lambda: first.gauge("waiting") == 1)
        async with second.running():
            second.tell(happened(1), happened(2))
            await until(lambda: second.gauge("waiting") == 2)
            assert second.webhooks.states()[0].state in {"standby", "well"}
            await got(receiver, 2)
    assert {each["uniqueid"] for each in receiver.taken} == {"1.0", "2.0"}


async def test_what_was_noted_before_a_stop_is_kept(tmp_path: Path) -> None:
    """It is in the outbox when the process ends, and told by the next one."""
    with Receiver().listening() as receiver:
        pass
    desk = Desk(tmp_path, hook(receiver))
    async with desk.running():
        await asyncio.sleep(0)
        desk.tell(*(happened(n) for n in range(500)))
    with receiver.listening():
        async with Desk(tmp_path, hook(receiver)).running():
            await got(receiver, 500)
    assert len({each["id"] for each in receiver.taken}) == 500
