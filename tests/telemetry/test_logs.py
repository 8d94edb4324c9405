"""Log lines as they come out of the stream."""

import asyncio
import io
import json
import logging
import os
import threading
import warnings
from collections.abc import Callable, Iterator

import pytest
import structlog

from ccrouter.telemetry.logs import Form, Level, Logs
from ccrouter.telemetry.outlet import Outlet
from ccrouter.telemetry.privacy import REDACTED
from support.hand_clock import HandClock

Written = Callable[..., list[str]]


class Broken(io.StringIO):
    """A stream on a full disk."""

    def write(self, _: str) -> int:
        """Refuse."""
        raise OSError(28, "No space left on device")


@pytest.fixture
def clock() -> HandClock:
    """Give a clock that stands still."""
    return HandClock()


@pytest.fixture
def open_logs(clock: HandClock) -> Iterator[Callable[..., tuple[Logs, Callable[[], list[str]]]]]:
    """Open logs on a stream of their own; the second value closes them and returns the lines."""
    opened: list[Logs] = []

    def make(level: Level = "info", form: Form = "json", *, mask_callers: bool = True) -> tuple[Logs, Written]:
        stream = io.StringIO()
        logs = Logs(clock, stream, level=level, form=form, mask_callers=mask_callers)
        opened.append(logs)

        def lines() -> list[str]:
            logs.close()
            return stream.getvalue().splitlines()

        return logs, lines

    yield make
    for logs in opened:
        logs.close()
    structlog.reset_defaults()


def test_a_json_line_has_instant_level_event_and_fields(open_logs: Callable[..., tuple[Logs, Written]]) -> None:
    """Each line is one object, with what was bound before what is said."""
    logs, lines = open_logs()
    logs.logger.bind(decision="d7").info("routed", service="support", caller="+33612345678")
    (line,) = lines()
    assert json.loads(line) == {
        "at": "2026-11-21T19:37:15.250+00:00",
        "level": "info",
        "event": "routed",
        "decision": "d7",
        "service": "support",
        "caller": "+336********",
    }


def test_a_console_line_is_one_line_without_orders_to_the_terminal(
    open_logs: Callable[..., tuple[Logs, Written]],
) -> None:
    """A value with an escape sequence and a line end in it stays a value."""
    logs, lines = open_logs(form="console")
    logs.logger.info("routed", name="a\x1b[31m\r\nforged line")
    (line,) = lines()
    assert "\x1b" not in line
    assert "forged line" in line


@pytest.mark.parametrize(("level", "told"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_decides_what_is_told(
    open_logs: Callable[..., tuple[Logs, Written]], level: Level, told: int
) -> None:
    """Lines below the level are not made, from whichever logger they come."""
    logs, lines = open_logs(level=level)
    for log in (logs.logger, logging.getLogger("elsewhere")):
        log.debug("one")
        log.info("two")
        log.warning("three")
        log.error("four")
    assert 2 * told == len(lines())


def test_libraries_write_into_the_same_stream(open_logs: Callable[..., tuple[Logs, Written]]) -> None:
    """The standard library's loggers and warnings come as lines like ours, without numbers and secrets."""
    _, lines = open_logs()
    logging.getLogger("aiohttp.server").error("call of %s, password=%s", "0612345678", "hunter2")
    logging.getLogger("odd").error("%d", "not a number")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", stacklevel=1)
    first, second, third = map(json.loads, lines())
    assert (first["logger"], first["event"]) == ("aiohttp.server", "call of 061*******, password=[redacted]")
    assert second["event"] == "%d"
    assert third["logger"] == "py.warnings"


def test_panoramisk_is_kept_from_telling_its_login(open_logs: Callable[..., tuple[Logs, Written]]) -> None:
    """Below `warning` it writes whole messages, with the password; even our debug level does not ask for them."""
    _, lines = open_logs(level="debug")
    logging.getLogger("panoramisk.ami_protocol").info('Adding action "login" to awaiting list: Secret: hunter2')
    assert lines() == []


async def test_asyncio_tells_of_an_exception_that_nobody_took(open_logs: Callable[..., tuple[Logs, Written]]) -> None:
    """What the event loop reports is in the log, with its traceback and without numbers."""
    _, lines = open_logs()
    loop = asyncio.get_running_loop()
    loop.call_exception_handler({"message": "lost", "exception": ValueError("bad 0612345678")})
    (line,) = lines()
    assert (json.loads(line)["logger"], json.loads(line)["event"]) == ("asyncio", "lost")
    assert "ValueError: bad 061*******" in json.loads(line)["exception"]


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_no_local_variable(open_logs: Callable[..., tuple[Logs, Written]], form: Form) -> None:
    """Where an error came from is told; what stood in variables at that moment is not."""
    logs, lines = open_logs(form=form)
    password = "hunter2"[::-1]
    try:
        _ = ()[len(password)]
    except IndexError:
        logs.logger.exception("failed")
    text = "\n".join(lines())
    assert "IndexError" in text
    assert password not in text


def test_a_line_that_cannot_be_made_is_told_and_nothing_is_raised(
    open_logs: Callable[..., tuple[Logs, Written]],
) -> None:
    """An error inside the log is a line of its own."""
    logs, lines = open_logs()
    logs.logger.info("routed", exc_info=("not", "an", "error"))
    assert json.loads(lines()[0])["event"] == "a log line could not be made"


def test_whoever_asks_structlog_itself_gets_the_same_lines(open_logs: Callable[..., tuple[Logs, Written]]) -> None:
    """No line takes another way out."""
    _, lines = open_logs()
    structlog.get_logger().info("elsewhere", secret="x")  # noqa: S106 - no secret of anybody
    assert REDACTED in lines()[0]


def test_closing_gives_the_standard_librarys_loggers_back(clock: HandClock) -> None:
    """What stood there before stands there again."""
    before = (logging.getLogger().level, logging.getLogger().handlers[:])
    with Logs(clock, io.StringIO()):
        assert before[1] != logging.getLogger().handlers
    assert before == (logging.getLogger().level, logging.getLogger().handlers)
    structlog.reset_defaults()


def test_a_full_disk_loses_lines_and_counts_them(clock: HandClock) -> None:
    """Calls go on; the number of lines lost is known."""
    logs = Logs(clock, Broken())
    logs.logger.info("one")
    logs.logger.info("two")
    logs.close()
    structlog.reset_defaults()
    assert logs.dropped == 2


def test_a_reader_that_hangs_never_holds_up_who_logs() -> None:
    """With the pipe full and nobody reading, lines are dropped and counted, and what was kept comes out in order."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        outlet = Outlet(stream, max_waiting=100)
        line = "x" * 1000
        for _ in range(3000):
            outlet.put(line)
        assert outlet.dropped > 0
        kept = 3000 - outlet.dropped
        seen: list[str] = []
        with os.fdopen(reading) as reader:
            thread = threading.Thread(target=lambda: seen.extend(reader.readline() for _ in range(kept)))
            thread.start()
            outlet.close()
            thread.join()
    assert [f"{line}\n"] * kept == seen
