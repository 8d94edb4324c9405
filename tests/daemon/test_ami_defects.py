"""The defects of panoramisk 1.4, and where each is shown handled."""

import re
from pathlib import Path

from ccrouter.ami import link as link_module

DEFECTS = {
    "its FastAGI server spins, slips and has no limits": "test_nothing_of_panoramisk_but_four_names_is_used",
    "orders without an answer are sent again after a reconnection": "test_what_was_not_answered_is_never_sent_again",
    "orders given in an outage are sent later": "test_orders_while_the_link_is_down_are_not_sent_later",
    "pending futures are not failed on loss": "test_all_who_wait_learn_of_the_loss_at_once",
    "a silent peer is never noticed": "test_a_silent_peer_is_noticed_after_two_pings",
    "answers to pings are not checked": "test_a_peer_that_only_talks_is_noticed_too",
    "no log-in deadline": "test_a_log_in_that_is_never_answered_has_a_deadline",
    "no connection deadline": "test_a_peer_without_a_greeting_has_a_deadline",
    "a wrong password retries for ever in silence": "test_a_wrong_password_is_told_clearly_and_tried_seldom",
    "close() in an outage does not stop the retries": "test_a_stopped_link_connects_no_more",
    "no action has a deadline, and one that timed out is never forgotten": (
        "test_an_order_that_is_never_answered_is_given_up_and_forgotten"
    ),
    "a cancelled action is never forgotten": "test_an_order_that_is_cancelled_is_forgotten",
    "a late answer": "test_an_answer_that_comes_too_late_is_heard_and_harms_nothing",
    "a list cut by a disconnection never ends": "test_a_listing_that_is_cut_off_ends_with_the_link",
    "a list has no bound in size or time": "test_a_listing_is_bounded",
    "QueueAdd hangs, Originate without Async raises": "test_what_looks_like_a_list_is_answered_all_the_same",
    "an exception in a callback closes the link and loses the rest of the chunk": (
        "test_an_exception_of_the_sink_costs_neither_the_link_nor_the_rest"
    ),
    "coroutine callbacks finish out of order": "test_a_flood_is_told_in_order_and_the_link_stays",
    "bytes are decoded before framing; an empty last field is dropped": (
        "test_a_letter_that_is_split_over_two_reads_is_kept"
    ),
    "a misspelt header reads as ''": "test_a_misspelt_field_is_a_fault_and_never_empty",
    "an event that carries a pending ActionID is not told": "test_an_event_with_the_id_of_an_order_is_heard",
    "no check of values": "test_a_value_that_would_be_another_order_is_not_sent",
    "no bound to a message": "test_a_message_without_an_end_costs_the_link_and_not_the_memory",
    "events are matched by patterns after parsing": "test_events_that_nobody_wants_are_dropped_by_their_name",
    "the event Shutdown closes the link": "test_a_forged_shutdown_cuts_nothing",
    "the password is logged": "test_panoramisk_logs_no_password",
    "timers and tasks outlive the connection": "test_nothing_is_left_of_a_hundred_connections",
    "without read=system FullyBooted never comes": "test_fully_booted_that_never_comes_is_explained",
}


def test_every_defect_is_shown_handled() -> None:
    """The table above names tests that exist."""
    tests = Path(__file__).parent.parent
    defined = {
        name
        for file in tests.glob("*/test_ami_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text(), re.MULTILINE)
    }
    assert set(DEFECTS.values()) <= defined


def test_nothing_of_panoramisk_but_four_names_is_used() -> None:
    """One module imports it, and neither its FastAGI server nor its call manager."""
    source = Path(link_module.__file__).parent.parent
    found = {
        (file.name, line)
        for file in source.rglob("*.py")
        for line in re.findall(r"^\s*(?:from|import) (panoramisk.*)$", file.read_text(), re.MULTILINE)
    }
    assert found == {
        ("connection.py", "panoramisk.actions import Action"),
        ("connection.py", "panoramisk.ami_protocol import AMIProtocol"),
        ("connection.py", "panoramisk.manager import Manager"),
        ("connection.py", "panoramisk.message import Message as PanoramiskMessage"),
    }
