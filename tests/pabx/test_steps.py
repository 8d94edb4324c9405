"""Every kind of step, and every way in which it can end, on a real Asterisk."""

from phones import FOREVER_MS, dial_code, sign_in
from small_pabx import POSITIONS_ADDRESS, free_port
from support.rig import Rig

HEAD = "v1|d1|support|peak||position|0|"
LAST = "play|closed|beep"
BACKUP = "site|backup|PJSIP/+34@trunk-backup|5|0|pass"


def site(name: str, limit_s: int = 1) -> str:
    """Return the step to a site of the rig."""
    return f"site|{name}|PJSIP/+33@trunk-{name}|{limit_s}|0|pass"


def test_a_site_that_does_not_take_the_call_leads_to_the_next_step(rig: Rig) -> None:
    """A failed site step ends with its result and cause, and the caller gets the next site."""
    results = {
        "busy": "busy 17",
        "congested": "congestion 34",
        "unknown": "chanunavail 1",
        "away": "noanswer 19",
        "ringing": "noanswer 19",
        "silent": "noanswer 0",
        "dead": "chanunavail 3",
    }
    calls = {name: rig.calls(rig.number(f"{HEAD}&{site(name)}&{BACKUP}&{LAST}"))[0] for name in results}
    placed = rig.place(list(calls.values()))
    told = {name: rig.course(call) for name, call in calls.items()}
    then = "site backup -> answered 16"
    assert told == {name: [f"site {name} -> {result}", then] for name, result in results.items()}
    assert all(rig.received(rig.sites["backup"], call)[0].answered for call in calls.values())
    assert all(met.answered for met in placed)


def test_a_site_cannot_send_the_caller_elsewhere(rig: Rig) -> None:
    """A redirection by a site is a refusal: where callers go is for the plan to say."""
    [call] = rig.calls(rig.number(f"{HEAD}&{site('moved')}&{BACKUP}&{LAST}"))
    rig.place([call])
    rig.ending(call)
    # The cause is 23 in Asterisk 22, and none in 16.
    assert [step.rpartition(" ")[0] for step in rig.steps(call)] == ["site moved -> busy", "site backup -> answered"]


def test_the_cause_of_a_step_is_its_own(rig: Rig) -> None:
    """The cause of an earlier site is not told again for a later one that gave none."""
    [call] = rig.calls(
        rig.number(f"{HEAD}&{site('congested')}&{site('silent')}&{site('busy')}&{site('ringing')}&{LAST}")
    )
    rig.place([call])
    rig.ending(call)
    assert rig.steps(call) == [
        "site congested -> congestion 34",
        "site silent -> noanswer 0",
        "site busy -> busy 17",
        "site ringing -> noanswer 19",
        "play closed -> done 0",
    ]


def test_a_site_that_hangs_up_ends_the_call(rig: Rig) -> None:
    """The caller of a site that says goodbye is not routed again."""
    [call] = rig.calls(rig.number(f"{HEAD}&{BACKUP}&{site('tunis')}&{LAST}"))
    [placed] = rig.place([call])
    assert rig.ending(call)["Decision"] == "d1"
    assert rig.steps(call) == ["site backup -> answered 16"]
    assert list(dict.fromkeys(placed.names)) == ["sent", "180", "200", "bye", "end"]


def test_a_position_answers_and_hangs_up(rig: Rig) -> None:
    """A queue step that took the call is the last one, and its end is told."""
    queue = rig.queue()
    agent = rig.sit_down(queue, answer_ms=50, talk_ms=100)
    [call] = rig.calls(rig.number(f"{HEAD}&queue|paris|{queue}|20&{site('tunis')}&{LAST}"))
    [placed] = rig.place([call])
    rig.ending(call)
    assert rig.steps(call) == ["queue paris -> answered 0"]
    assert [received.names for received in rig.received(agent, call)] == [("invite", "answered", "hung-up")]
    assert placed.names[-2:] == ("bye", "end")


def test_a_caller_waits_no_longer_than_the_step_says(rig: Rig) -> None:
    """A queue step ends at its limit, also while a position rings, and the next step takes the caller."""
    queue = rig.queue()
    rig.sit_down(queue, answer_ms=60_000)
    [call] = rig.calls(rig.number(f"{HEAD}&queue|paris|{queue}|1&{BACKUP}&{LAST}"))
    rig.place([call])
    rig.ending(call)
    assert rig.steps(call) == ["queue paris -> timeout 0", "site backup -> answered 16"]


def test_nobody_logged_in(rig: Rig) -> None:
    """A queue without members is left at once."""
    [call] = rig.calls(rig.number(f"{HEAD}&queue|paris|{rig.queue()}|20&{BACKUP}&{LAST}"))
    [placed] = rig.place([call])
    rig.ending(call)
    assert rig.steps(call) == ["queue paris -> joinempty 0", "site backup -> answered 16"]
    assert placed.after_s("200") < 1


def test_all_telephones_out_of_reach(rig: Rig) -> None:
    """A queue whose members have no telephone that works is left at once."""
    queue = rig.queue()
    rig.listener.ask("QueueAdd", Queue=queue, Interface="PJSIP/nobody")
    [call] = rig.calls(rig.number(f"{HEAD}&queue|paris|{queue}|20&{BACKUP}&{LAST}"))
    rig.place([call])
    rig.ending(call)
    assert rig.steps(call) == ["queue paris -> joinempty 0", "site backup -> answered 16"]


def test_the_last_position_logs_out(rig: Rig) -> None:
    """Who waits when the last position goes is taken on by the next step."""
    queue = rig.queue()
    rig.sit_down(queue, answer_ms=FOREVER_MS)
    [call] = rig.calls(rig.number(f"{HEAD}&queue|paris|{queue}|20&{BACKUP}&{LAST}"))
    with rig.start([call]) as callers:
        rig.wait_for(call, Event="QueueCallerJoin")
        [member] = [event for event in rig.listener.listed("QueueStatus", Queue=queue) if "Location" in event]
        rig.listener.ask("QueueRemove", Queue=queue, Interface=member["Location"])
        callers.wait()
    rig.ending(call)
    assert rig.steps(call) == ["queue paris -> leaveempty 0", "site backup -> answered 16"]


def test_a_full_queue(rig: Rig) -> None:
    """A queue at its own maximum refuses, and the next step takes the caller."""
    rig.sit_down("short", answer_ms=FOREVER_MS)
    first, second = rig.calls(rig.number(f"{HEAD}&queue|paris|short|20&{BACKUP}&{LAST}"), 2)
    with rig.start([first], patience_ms=3000):
        rig.wait_for(first, Event="QueueCallerJoin")
        rig.place([second])
    rig.ending(second)
    assert rig.steps(second) == ["queue paris -> full 0", "site backup -> answered 16"]


def test_a_queue_that_does_not_exist(rig: Rig) -> None:
    """A plan may name a queue that the PABX lost: the next step takes the caller."""
    [call] = rig.calls(rig.number(f"{HEAD}&queue|paris|nowhere|20&{BACKUP}&{LAST}"))
    rig.place([call])
    rig.ending(call)
    assert rig.steps(call) == ["queue paris -> unknown 0", "site backup -> answered 16"]


def test_a_message_is_played_without_an_answer(rig: Rig) -> None:
    """`position`: a message costs the number's owner nothing; the caller then hears that nobody can be reached."""
    [call] = rig.calls(rig.number(f"{HEAD}&{LAST}"))
    [placed] = rig.place([call])
    rig.ending(call)
    assert rig.steps(call) == ["play closed -> done 0"]
    assert list(dict.fromkeys(placed.names)) == ["sent", "183", "480", "end"]


def test_what_is_missing_is_no_silence(rig: Rig) -> None:
    """A sound file or a mailbox that is not there gives a tone for some seconds, then the end."""
    [message] = rig.calls(rig.number(f"{HEAD}&play|closed|ccrouter/not-there"))
    [mailbox] = rig.calls(rig.number(f"{HEAD}&voicemail|reception|999@nowhere"))
    early, answered = rig.place([message, mailbox])
    assert rig.course(message) == ["play closed -> failed 0"]
    assert rig.course(mailbox) == ["voicemail reception -> failed 0"]
    assert "183" in early.names
    assert early.after_s("480") > 5
    assert answered.after_s("bye") > 5


def test_voicemail(rig: Rig) -> None:
    """The voicemail answers; the caller who hangs up in it leaves nothing behind."""
    [call] = rig.calls(rig.number(f"{HEAD}&voicemail|reception|100@default"))
    [placed] = rig.place([call], talk_ms=300)
    assert rig.ending(call)["Kind"] == "voicemail"
    assert rig.steps(call) == ["voicemail reception"]
    assert placed.answered


def test_an_answer_on_entry_comes_before_everything(rig: Rig) -> None:
    """`entry`: the caller is answered at once and hears music while waiting."""
    queue = rig.queue()
    rig.sit_down(queue, answer_ms=400, talk_ms=100)
    [call] = rig.calls(rig.number(f"v1|d1|support|peak|fr|entry|0|beep&queue|paris|{queue}|20&{LAST}"))
    [placed] = rig.place([call])
    assert rig.ending(call)["Language"] == "fr"
    assert placed.names == ("sent", "200", "bye", "end")
    assert placed.after_s("200") < 0.4


def test_without_an_answer_a_caller_hears_ringing_until_a_position_answers(rig: Rig) -> None:
    """`position`: the owner of a green number pays from the moment when somebody takes the call."""
    queue = rig.queue()
    rig.sit_down(queue, answer_ms=400, talk_ms=100)
    [call] = rig.calls(rig.number(f"{HEAD}&queue|paris|{queue}|20&{LAST}"))
    [placed] = rig.place([call])
    rig.ending(call)
    assert list(dict.fromkeys(placed.names)) == ["sent", "180", "200", "bye", "end"]
    assert placed.after_s("200") > 0.4


def test_an_announcement_needs_no_answer(rig: Rig) -> None:
    """`position`: the announcement at entry is early media, and so is the ringing after it."""
    queue = rig.queue()
    rig.sit_down(queue, answer_ms=400, talk_ms=100)
    [call] = rig.calls(rig.number(f"v1|d1|support|peak||position|0|beep&queue|paris|{queue}|20&{LAST}"))
    [placed] = rig.place([call])
    rig.ending(call)
    assert list(dict.fromkeys(placed.names)) == ["sent", "183", "200", "bye", "end"]
    assert placed.after_s("200") > 0.7


def test_priority_is_the_rank_and_waiting_again_keeps_it(rig: Rig) -> None:
    """The plan's priority counts in tens; who comes back stands before newcomers of the same priority."""
    queue, other = rig.queue(), rig.queue()
    for name in (queue, other):
        rig.sit_down(name, answer_ms=FOREVER_MS)
    back = rig.calls(rig.number(f"{HEAD}&queue|lyon|{other}|1&queue|paris|{queue}|20&{LAST}"))
    usual = rig.calls(rig.number(f"{HEAD}&queue|paris|{queue}|20&{LAST}"))
    urgent = rig.calls(rig.number(f"v1|d1|support|peak||position|2|&queue|paris|{queue}|20&{LAST}"))
    with rig.start(back + usual, patience_ms=2500) as first:
        rig.wait_for(back[0], Event="QueueCallerJoin", Queue=queue)
        with rig.start(urgent, patience_ms=500) as last:
            rig.wait_for(urgent[0], Event="QueueCallerJoin")
            waiting = [event for event in rig.listener.listed("QueueStatus", Queue=queue) if "Position" in event]
            last.wait()
        first.wait()
    ranks = [(entry["CallerIDNum"], entry["Priority"]) for entry in waiting]
    assert [(urgent[0].caller, "20"), (back[0].caller, "1"), (usual[0].caller, "0")] == ranks


def test_a_position_logs_in_and_out_of_its_queues(rig: Rig) -> None:
    """The codes *11 and *12 of the small PABX put a position into all its queues, and take it out again."""
    sign_in(rig.pabx, rig.folder, ["lead"], free_port(address=POSITIONS_ADDRESS))
    for code, logged_in in (("*11", {"queue1", "queue2"}), ("*12", set())):
        dial_code(rig.pabx, rig.folder, ["lead"], code)
        members = [event for event in rig.listener.listed("QueueStatus") if event.get("Location") == "PJSIP/lead"]
        assert {member["Queue"] for member in members} == logged_in
