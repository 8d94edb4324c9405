"""Modes switched from a telephone and shown by its lamp: real telephones, a real Asterisk, the real daemon."""

import json
import secrets
import socket
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from phones import Call
from support.agi import keyed, request
from support.listener import Listener
from support.real_house import HousePlan, RealHouse
from telephone import DARK, LIT, Answered, Lamp, dial

ROUTING: Final = """
timezone: Europe/Paris
sites:
  tunis: {external: {dial: PJSIP/33100@trunk-tunis, answer_within: 5s}}
  backup: {external: {dial: PJSIP/33200@trunk-backup, answer_within: 5s}}
messages:
  closed: {play: beep}
modes:
  crisis: {code: "1", phones: [PJSIP/agent1, PJSIP/agent3], ends_after: 4h}
  fair: {code: "22", phones: PJSIP/agent1, ends_after: 2s}
  all_outside: {}
numbers:
  "0800 000 001": {service: support}
services:
  support:
    rules:
      - {name: crisis, when: {mode: crisis}, to: [backup, closed]}
    otherwise: [tunis, closed]
"""

WATCHER: Final = secrets.token_hex(8)

CARELESS: Final = """
[from-carrier]
; An admin's mistake: callers reach the codes.
include => ccrouter-modes
exten => 0900000009,1,Goto(ccrouter,*481,1)
"""

HOUSE = HousePlan(
    routing=ROUTING,
    sites={"tunis": {"answer_ms": 20, "talk_ms": 100}, "backup": {"answer_ms": 20, "talk_ms": 100}},
    positions=3,
    relayed=True,
    pabx_files={
        "extensions.conf": CARELESS,
        "manager.conf": f"\n[watcher]\nsecret = {WATCHER}\nread = call,dialplan\n",
    },
)

Dial = Callable[..., Answered]


@pytest.fixture
def watcher(house: RealHouse) -> Iterator[Listener]:
    """Hand out a session that hears what the dialplan runs, and the states of devices."""
    with Listener(house.pabx.ami_port, "watcher", WATCHER) as session:
        yield session


@pytest.fixture
def dials(house: RealHouse) -> Iterator[Dial]:
    """Return what dials a code from a position; afterwards all modes are off."""
    yield lambda position, code, **habits: dial(
        house.pabx, house.folder, position, code, name=f"telephone{house.fresh()}", **habits
    )
    for mode in modes(house):
        house.daemon.switch(mode, on=False)


def modes(house: RealHouse) -> set[str]:
    """Return the modes that are on, as the daemon's status tells."""
    status = house.daemon.wait_until(lambda _: True)
    return {mode.name for mode in status.modes if mode.on}


def told(watcher: Listener) -> list[str]:
    """Return what telephones were told so far: sounds and tones in order, each with its application."""
    played = ("Playback", "PlayTones")
    runs = [event for event in watcher.events if event.get("Event") == "Newexten" and event["Application"] in played]
    return [f"{event['Application']} {event['AppData']}" for event in runs]


def last_deed(house: RealHouse) -> tuple[str, ...]:
    """Return who did what to crisis last, and why, as the audit journal tells."""
    deeds = json.loads(house.daemon.command("history", "--json"))["deeds"]
    last = next(deed for deed in deeds if deed["subject"] == "crisis")
    return tuple(last[key] for key in ("who", "what", "why"))


def rule_of(house: RealHouse) -> str:
    """Return by which rule a caller is routed now."""
    [call] = house.calls("0800000001")
    house.place([call])
    return house.ending(call)["Rule"]


def lamp_turns(watcher: Listener, state: str, count: int = 1) -> None:
    """Wait until the lamp of crisis has come to a state so many times."""
    watcher.wait_for(
        lambda event: event.get("Device") == "Custom:ccrouter-1" and event.get("State") == state, count=count
    )


def test_a_telephone_switches_a_mode_and_its_lamp_shows_it(house: RealHouse, watcher: Listener, dials: Dial) -> None:
    """On: heard, in the lamp, in the rules, in the list, in the audit, after kill -9. The same code switches it off."""
    assert rule_of(house) == "otherwise"
    with Lamp(house.pabx, house.folder, "agent2", "*481", f"lamp{house.fresh()}") as lamp:
        lamp.wait_until(DARK)
        heard = dials("agent1", "*481")
        lamp.wait_until(DARK, LIT)
        assert told(watcher) == ["Playback activated"]
        assert watcher.wait_for(lambda event: event.get("Variable") == "PLAYBACKSTATUS")["Value"] == "SUCCESS"
        assert heard.packets > 20
        assert heard.sound > 1000
        assert rule_of(house) == "crisis"
        [crisis] = [mode for mode in house.daemon.wait_until(lambda _: True).modes if mode.name == "crisis"]
        assert (crisis.on, crisis.author) == (True, "agent1 (PJSIP/agent1)")
        assert crisis.reason == "by telephone, code *481"
        assert crisis.until is not None
        assert crisis.since is not None
        assert round(crisis.until - crisis.since) == 4 * 3600
        assert "by telephone, code *481" in house.daemon.command("mode", "list")
        assert last_deed(house) == ("agent1 (PJSIP/agent1)", "mode on", "by telephone, code *481")

        house.daemon.kill()
        house.daemon.start()
        house.daemon.wait_until(lambda status: all(pabx.in_sync for pabx in status.pabxs))
        assert modes(house) == {"crisis"}
        assert rule_of(house) == "crisis"

        dials("agent3", "*481")
        lamp.wait_until(DARK, LIT, DARK)
        assert told(watcher) == ["Playback activated", "Playback de-activated"]
        assert rule_of(house) == "otherwise"


def test_explicit_codes_say_what_shall_be(house: RealHouse, watcher: Listener, dials: Dial) -> None:
    """`*1` behind a code switches on and `*0` off, whatever was before."""
    for code, on in (("*481*1", {"crisis"}), ("*481*1", {"crisis"}), ("*481*0", set[str]())):
        dials("agent1", code, listens_ms=1100)
        assert modes(house) == on
    assert told(watcher) == ["Playback activated", "Playback activated", "Playback de-activated"]


def test_a_mode_ends_at_its_hour_and_its_lamp_goes_out(house: RealHouse, watcher: Listener, dials: Dial) -> None:
    """A mode switched by telephone ends when the routing file says."""
    dials("agent1", "*4822", listens_ms=100)
    for state in ("INUSE", "NOT_INUSE"):
        watcher.wait_for(
            lambda event, state=state: (  # type: ignore[misc] # mypy infers no lambda with a default
                event.get("Device") == "Custom:ccrouter-22" and event.get("State") == state
            )
        )
    assert modes(house) == set()


@pytest.fixture
def another_prefix(house: RealHouse) -> Iterator[None]:
    """Have the codes begin with #7, and the router asked as it is where several PABXs ask it."""
    before = house.pabx.layout.agi
    for prefix, agi in (("#7", f"{before}/pbx"), ("", before)):
        house.listener.ask("Setvar", Variable="CCROUTER_MODE_PREFIX", Value=prefix)
        house.listener.ask("Setvar", Variable="CCROUTER_AGI", Value=agi)
        house.pabx.cli("dialplan reload")
        if prefix:
            yield


@pytest.mark.usefixtures("another_prefix")
def test_the_prefix_is_the_admins(house: RealHouse, dials: Dial) -> None:
    """A global changes it for codes and lamps, at the next reload of the dialplan."""
    with Lamp(house.pabx, house.folder, "agent2", "#71", f"lamp{house.fresh()}") as lamp:
        lamp.wait_until(DARK)
        dials("agent1", "#71*1", listens_ms=100)
        lamp.wait_until(DARK, LIT)
    assert last_deed(house)[-1] == "by telephone, code #71*1"


# --- who may not ------------------------------------------------------------------------------------------------------

SPOOFED: Final = (
    'P-Asserted-Identity: "agent1" <sip:agent1@127.0.0.1>',
    'Remote-Party-ID: "agent1" <sip:agent1@127.0.0.1>;party=calling;privacy=off',
)


def test_another_telephone_is_refused(house: RealHouse, watcher: Listener, dials: Dial) -> None:
    """Whatever it says of itself: it hears the tone and why, nothing changes, and the audit has it."""
    before = len(house.daemon.lines)
    heard = dials("agent2", "*481", headers=SPOOFED, listens_ms=2600)
    assert modes(house) == set()
    assert told(watcher) == ["PlayTones !250/400,!0/150,!250/400,!0", "Playback feature-not-avail-line"]
    assert heard.sound > 1000
    line = house.daemon.wait_for_line(event="this telephone may not switch the mode", since=before)
    assert (line["phone"], line["dialled"], line["mode"]) == ("PJSIP/agent2", "*481", "crisis")
    assert last_deed(house) == ("agent2 (PJSIP/agent2)", "mode refused", "by telephone, code *481")
    assert house.daemon.metrics()['ccrouter_mode_codes_dialled_total{answer="refused",pabx="pbx"}'] >= 1


def test_a_code_that_no_mode_has(house: RealHouse, watcher: Listener, dials: Dial) -> None:
    """Its tone is another one."""
    dials("agent1", "*489", listens_ms=1500)
    assert told(watcher)[0] == "PlayTones !950/330,!1400/330,!1800/330,!0"
    assert modes(house) == set()


def test_outside_callers_switch_nothing(house: RealHouse) -> None:
    """By the routed entry a code is a number; and where an admin lets callers reach the codes, the router refuses."""
    before = len(house.daemon.lines)
    calls = [
        Call(caller="agent1", number="*481", name='"agent1"'),
        Call(caller="33612345678", number="+*481"),
        Call(caller="33612345679", number="0900000009"),
    ]
    house.place(calls, patience_ms=500, talk_ms=300)
    line = house.daemon.wait_for_line(event="this telephone may not switch the mode", since=before)
    assert line["phone"] == "PJSIP/carrier"
    assert len(house.daemon.logged(event="this telephone may not switch the mode", since=before)) == 1
    assert modes(house) == set()


def ask_router(house: RealHouse, channel: str, uniqueid: str) -> str:
    """Return what the router answers to a request for `mode` that no PABX sent."""
    port = int(house.pabx.layout.agi.split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
        asked = request(network_script=b"mode", channel=channel.encode(), uniqueid=uniqueid.encode())
        link.sendall(keyed(asked, (house.daemon.folder / "state" / "agi.key").read_text().strip()))
        return link.recv(4096).decode()


def test_whoever_reaches_the_routers_port_switches_nothing(house: RealHouse) -> None:
    """A forged request is not believed: no such channel, or one that dialled no code."""
    assert ask_router(house, "PJSIP/agent1-0000ffff", "1.1") == 'SET VARIABLE CCROUTER_MODE "failed"\n'
    house.start(house.calls("0800000001"), patience_ms=3000)
    channel = house.listener.wait_for(lambda event: event.get("UserEvent") == "CCRouterStep")
    assert ask_router(house, channel["Channel"], channel["Uniqueid"]) == 'SET VARIABLE CCROUTER_MODE "failed"\n'
    assert modes(house) == set()


# --- when something is down -------------------------------------------------------------------------------------------


def test_without_a_router_the_code_fails_at_once(house: RealHouse, watcher: Listener, dials: Dial) -> None:
    """Stopped or dead: the tone within a second or so, nothing hangs, and nothing is switched afterwards."""
    failed = "PlayTones 480+620/150,0/150"
    house.daemon.freeze()
    heard = dials("agent1", "*481", listens_ms=1500)
    assert heard.after_s < 1.6
    assert heard.sound > 1000
    house.daemon.thaw()
    assert told(watcher)[0] == failed
    house.daemon.kill()
    assert dials("agent1", "*481", listens_ms=1200).after_s < 1.6
    assert told(watcher).count(failed) == 2
    house.daemon.start()
    house.daemon.wait_until(lambda status: all(pabx.in_sync for pabx in status.pabxs))
    assert modes(house) == set()


def test_the_lamp_is_right_again_after_the_link_was_cut(house: RealHouse, watcher: Listener, dials: Dial) -> None:
    """What changed meanwhile shows as soon as the link is back."""
    dials("agent1", "*481", listens_ms=100)
    lamp_turns(watcher, "INUSE")
    house.relay.refuse()
    house.daemon.switch("crisis", on=False)
    house.relay.mend()
    lamp_turns(watcher, "NOT_INUSE")


def test_the_lamp_of_a_code_that_is_taken_out_goes_out(house: RealHouse, watcher: Listener, dials: Dial) -> None:
    """Although nobody ran when it was; with the code back in the file it shows the mode again."""
    dials("agent1", "*481", listens_ms=100)
    lamp_turns(watcher, "INUSE")
    file = house.daemon.folder / "routing.yaml"
    house.daemon.kill()
    file.write_text(ROUTING.replace('{code: "1"', '{code: "9"'))
    house.daemon.start()
    lamp_turns(watcher, "INVALID")
    file.write_text(ROUTING)
    house.daemon.command("reload")
    lamp_turns(watcher, "INUSE", count=2)
