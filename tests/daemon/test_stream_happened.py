"""What happens to calls, on its way into the stream: masked, bounded, and for nobody not at all."""

import json
from types import SimpleNamespace
from typing import cast

import structlog
from prometheus_client import CollectorRegistry

from ccrouter.app.board import BoardView
from ccrouter.app.changes import Changes
from ccrouter.app.happenings import Happenings, Listener, Wants
from ccrouter.app.streaming import MOST_PER_S, Streaming
from ccrouter.telemetry.metrics import Metrics
from ccrouter.web.board import Board, Happened
from ccrouter.web.board_stream import BOARD
from ccrouter.web.feed import Feed
from support.hand_clock import HandClock
from support.made_board import made_board
from support.sse import events_in

RANG = Happened("ringing", 1.0, "pbx", "1.1", "0800 123 456", "After-sales", "support", caller="0612345678")


async def test_a_storm_of_calls_is_told_as_far_as_anybody_can_read() -> None:
    """So many a second, the others counted; callers masked; and nothing is made where nobody follows."""
    clock, registry, listeners = HandClock(), CollectorRegistry(), list[tuple[Listener, Wants]]()
    streaming = Streaming(
        cast("BoardView", lambda: made_board(clock.at)),
        happenings=cast("Happenings", SimpleNamespace(follow=lambda *told: listeners.append(told))),
        changed=Changes(),
        registry=registry,
        metrics=cast("Metrics", SimpleNamespace(fault=print)),
        clock=clock,
        log=structlog.get_logger(),
    )
    [(tell, wants)] = listeners
    assert not wants("ringing")
    tell(RANG)
    feed = streaming.streams.feed(BOARD, lambda: Feed(Board, lambda: made_board(clock.at)))
    assert feed.ring.last == 0
    assert wants("ringing")
    for _ in range(1000):
        tell(RANG)
    assert feed.ring.last == MOST_PER_S
    assert registry.get_sample_value("ccrouter_stream_happened_left_out_total") == 1000 - MOST_PER_S
    clock.at += 0.5
    for _ in range(1000):
        tell(RANG)
    assert feed.ring.last == 1.5 * MOST_PER_S
    first, *_ = events_in(feed.ring.after(0, 10**6)[0])
    assert (first.event, first.data["caller"]) == ("happened", "061*******")
    assert "0612345678" not in json.dumps(first.data)
