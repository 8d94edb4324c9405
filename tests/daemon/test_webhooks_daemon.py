"""Webhooks of a living daemon: calls are told, a kill loses nothing that was kept, and an admin can try one."""

import re
import socket
from collections.abc import Iterator

import pytest

from ccrouter.app.webhook_post import ANSWER_WITHIN_S
from support.agi import CALLER, keyed, request
from support.daemon_process import DaemonError
from support.office import Office, open_office
from support.receiver import OTHER_SECRET, SECRET, Answer, Receiver


def with_webhook(office: Office, url: str, *more: str) -> None:
    """Add webhooks to the settings: `crm` and those written out."""
    (office.daemon.folder / "crm.secret").touch(mode=0o600)
    (office.daemon.folder / "crm.secret").write_text(f"{SECRET}\n")
    settings = office.daemon.folder / "settings.yaml"
    crm = f'  - {{name: crm, url: "{url}", secret: {{file: crm.secret}}, events: [offered, routed], caller: whole}}\n'
    settings.write_text(f"{settings.read_text()}webhooks:\n{crm}{''.join(more)}")


@pytest.fixture
def receiver() -> Receiver:
    """Give a receiver that has an address, and does not listen yet."""
    with Receiver().listening() as receiver:
        pass
    return receiver


@pytest.fixture
def office(receiver: Receiver) -> Iterator[Office]:
    """Give an office that runs, without a PABX, and with a webhook to that receiver."""
    with open_office() as office:
        with_webhook(office, receiver.url)
        office.start()
        yield office


def call(office: Office, *uniqueids: str) -> None:
    """Let calls ask over FastAGI, as Asterisk does."""
    for uniqueid in uniqueids:
        asked = request(network_script=b"route/pbx", uniqueid=uniqueid.encode())
        with socket.create_connection(("127.0.0.1", office.agi_port), timeout=20) as line, line.makefile("rb") as told:
            line.sendall(keyed(asked, office.key))
            while told.readline():
                line.sendall(b"200 result=1\n")


def waiting(office: Office, count: int) -> None:
    """Wait until so many events are in the outbox."""
    office.daemon.wait_until(lambda status: status.webhooks[0].waiting == count)


def test_calls_are_told_as_they_come(office: Office, receiver: Receiver) -> None:
    """With what the rules made of them, and the caller as the settings say."""
    with receiver.listening():
        call(office, "1795297266.1")
        receiver.wait(lambda one: one.kinds() == ["offered", "routed"])
    offered, routed = receiver.taken
    assert {each["pabx"] for each in receiver.taken} == {"pbx"}
    assert {each["uniqueid"] for each in receiver.taken} == {"1795297266.1"}
    assert {each["number"] for each in receiver.taken} == {"0800 123 456"}
    assert {each["caller"] for each in receiver.taken} == {CALLER}
    assert (offered["rule"], routed["rule"], routed["target"]) == ("", "otherwise", "desk")


def test_a_kill_loses_nothing_that_was_kept(office: Office, receiver: Receiver) -> None:
    """While nobody listens the daemon is killed, twice; then all is told, in order, each event known by its id."""
    ids = [f"1795297266.{n}" for n in range(1, 31)]
    for n, some in enumerate((ids[:10], ids[10:20])):
        call(office, *some)
        waiting(office, 20 * (n + 1))
        office.daemon.kill()
        office.start()
    call(office, *ids[20:])
    with receiver.listening():
        receiver.wait(lambda one: len({each["id"] for each in one.taken}) == 60)
    assert all(list(dict.fromkeys(receiver.kinds(each))) == ["offered", "routed"] for each in ids)


def test_killed_while_it_tells_it_tells_the_rest(office: Office, receiver: Receiver) -> None:
    """What was under way may come twice, with the same id; nothing is missing."""
    ids = [f"1795297266.{n}" for n in range(1, 21)]
    call(office, *ids)
    waiting(office, 40)
    receiver.answer = lambda _: None if len(receiver.taken) >= 7 else Answer()
    with receiver.listening():
        receiver.wait(lambda one: len(one.got) > len(one.taken) >= 7)
        office.daemon.kill()
        receiver.answer = lambda _: Answer()
        receiver.let_go()
        office.start()
        receiver.wait(lambda one: len({each["id"] for each in one.taken}) == 40)
    assert all(list(dict.fromkeys(receiver.kinds(each))) == ["offered", "routed"] for each in ids)


def test_an_admin_tries_a_webhook_and_sees_how_it_fares(office: Office, receiver: Receiver) -> None:
    """By `ccrouter webhook` and `ccrouter status`; neither shows its path, nor the secret, nor does the log."""
    with pytest.raises(DaemonError, match="crm did not take it: no connection: Connection refused"):
        office.daemon.command("webhook", "test", "crm")
    with pytest.raises(DaemonError, match="there is no webhook crn; there are: crm"):
        office.daemon.command("webhook", "test", "crn")
    call(office, "1795297266.1")
    office.daemon.wait_until(lambda status: status.webhooks[0].state == "failing")
    waiting(office, 2)
    told = "crm: failing, no connection: Connection refused; 2 events wait"
    assert f"WEBHOOK {told}" in office.daemon.command("status")
    assert 'ccrouter_webhook_waiting{webhook="crm"}' in office.daemon.metrics()
    with receiver.listening():
        assert "crm took it: it answered 204 after " in office.daemon.command("webhook", "test", "crm")
        receiver.wait(lambda one: sorted(one.kinds()) == ["offered", "ping", "routed"])
    office.daemon.wait_until(lambda status: status.webhooks[0].state == "well" and not status.webhooks[0].waiting)
    assert "WEBHOOK" not in office.daemon.command("status")
    listed = office.daemon.command("webhook", "list")
    assert "127.0.0.1" in listed
    assert re.search(r"offered, routed +all +well ", listed)
    shown = "\n".join((listed, *map(str, office.daemon.lines)))
    assert "/hook" not in shown
    assert SECRET not in shown


def test_a_receiver_that_hangs_costs_no_call_anything(receiver: Receiver) -> None:
    """Calls are decided, and the other webhook is told, while one hangs and another refuses the signature."""
    hung, forged = Receiver(answer=lambda _: None), Receiver(secret=OTHER_SECRET)
    with receiver.listening(), hung.listening(), forged.listening(), open_office() as office:
        more = [
            f'  - {{name: {name}, url: "{each.url}", secret: {{file: crm.secret}}, events: [offered, routed]}}\n'
            for name, each in (("hung", hung), ("forged", forged))
        ]
        with_webhook(office, receiver.url, *more)
        office.start()
        ids = [f"1795297266.{n}" for n in range(100)]
        call(office, *ids)
        receiver.wait(lambda one: len(one.taken) == 200)
        slowest = office.daemon.metrics()["ccrouter_loop_lag_max_seconds"]
        assert forged.forged
        assert not forged.taken
    assert slowest < ANSWER_WITHIN_S / 2


def test_a_stop_keeps_what_was_noted(office: Office, receiver: Receiver) -> None:
    """It does not wait for the receiver, and the next run tells it."""
    call(office, *(f"1795297266.{n}" for n in range(5)))
    assert office.daemon.stop() == 0
    with receiver.listening():
        office.start()
        receiver.wait(lambda one: len({each["id"] for each in one.taken}) == 10)
