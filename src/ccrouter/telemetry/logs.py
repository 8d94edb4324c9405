"""Logs: structlog with JSON or console lines, and the standard library's loggers brought into the same stream."""

import json
import logging
import sys
import traceback
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import TracebackType
from typing import Final, Literal, Self, TextIO, cast

import structlog
from pydantic_core import to_json
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from ccrouter.clock import Clock, utc
from ccrouter.telemetry.outlet import Outlet
from ccrouter.telemetry.privacy import cleaned, foreign

Level = Literal["debug", "info", "warning", "error"]
Form = Literal["json", "console"]
Render = Callable[[Mapping[str, object]], str]

FOREIGN_LEVELS: Final = {
    "panoramisk": logging.WARNING,  # below, it writes whole messages, the login with its password among them
    "aiohttp.access": logging.WARNING,
    "asyncio": logging.WARNING,
    "watchfiles": logging.WARNING,
}
"""Loggers of libraries that say too much."""


class Logs:
    """All log lines of the process, from start to close.

    Attributes:
        logger: what is handed to those who log; `bind` gives one that adds fields to each of its lines.

    """

    def __init__(
        self, clock: Clock, stream: TextIO, *, level: Level = "info", form: Form = "json", mask_callers: bool = True
    ) -> None:
        self._outlet = Outlet(stream)
        lines = _Lines(clock, _renderer(form, stream), mask_callers=mask_callers)
        out = _Out(self._outlet)
        threshold = logging.getLevelNamesMapping()[level.upper()]
        # Also for whoever asks structlog itself, so that no line takes another way.
        structlog.configure(
            processors=[lines.own],
            wrapper_class=structlog.make_filtering_bound_logger(threshold),
            logger_factory=lambda *_: out,
            cache_logger_on_first_use=False,
        )
        # Bound already: what `get_logger` gives would make a logger for each line.
        self.logger = cast("FilteringBoundLogger", structlog.get_logger().bind())
        self._foreign = _Foreign(lines, self._outlet)
        root = logging.getLogger()
        self._before = (root.level, root.handlers[:])
        root.handlers[:] = [self._foreign]
        root.setLevel(threshold)
        for name, least in FOREIGN_LEVELS.items():
            logging.getLogger(name).setLevel(max(least, threshold))
        logging.captureWarnings(capture=True)

    @property
    def dropped(self) -> int:
        """Return how many lines could not be written."""
        return self._outlet.dropped

    @property
    def waiting(self) -> int:
        """Return how many lines wait to be written."""
        return self._outlet.waiting

    def close(self) -> None:
        """Write what waits and let go of the standard library's loggers."""
        logging.captureWarnings(capture=False)
        root = logging.getLogger()
        if self._foreign in root.handlers:
            level, root.handlers[:] = self._before
            root.setLevel(level)
        self._outlet.close()

    def __enter__(self) -> Self:
        """Return the logs."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close them."""
        self.close()


class _Out:
    """Where structlog takes a line that was made, whatever its level."""

    def __init__(self, outlet: Outlet) -> None:
        self.debug = self.info = self.warning = self.error = self.critical = outlet.put


class _Lines:
    """Makes lines from fields; one that can't be made is told as such, and nothing is raised."""

    def __init__(self, clock: Clock, render: Render, *, mask_callers: bool) -> None:
        self._clock = clock
        self._render = render
        self._mask_callers = mask_callers

    def own(self, _: WrappedLogger, level: str, fields: EventDict) -> str:
        """Return a line of structlog's, made here and now: it shows what its values are at this instant."""
        try:
            error = fields.pop("exc_info", None)
            clean: dict[str, object] = {"at": _instant(self._clock.now()), "level": level, "event": ""}
            clean |= cleaned(fields, mask_callers=self._mask_callers)
            if error:
                clean["exception"] = foreign(_traceback(error), mask_callers=self._mask_callers, lines=True)
            return self._render(clean)
        except Exception as failure:  # noqa: BLE001 - whatever goes wrong in a log line must not stop a call
            return json.dumps({"level": "error", "event": "a log line could not be made", "error": repr(failure)})

    def foreign(self, record: logging.LogRecord) -> str:
        """Return a line of the standard library's loggers."""
        try:
            text = record.getMessage()
        except Exception:  # noqa: BLE001 - its arguments do not fit its text
            text = str(record.msg)
        fields: EventDict = {
            "event": foreign(text, mask_callers=self._mask_callers),
            "logger": record.name,
        }
        if record.exc_info:
            fields["exc_info"] = record.exc_info
        return self.own(None, record.levelname.lower(), fields)


class _Foreign(logging.Handler):
    def __init__(self, lines: _Lines, outlet: Outlet) -> None:
        super().__init__()
        self._lines = lines
        self._outlet = outlet

    def emit(self, record: logging.LogRecord) -> None:
        self._outlet.put(self._lines.foreign(record))


def _renderer(form: Form, stream: TextIO) -> Render:
    if form == "json":
        return lambda fields: to_json(fields).decode()
    # Imported here for its cost. Its own tracebacks would show local variables, secrets among them: ours come as text.
    from structlog.dev import ConsoleRenderer, plain_traceback  # noqa: PLC0415

    console = ConsoleRenderer(
        colors=stream.isatty(), sort_keys=False, timestamp_key="at", exception_formatter=plain_traceback
    )
    return lambda fields: str(console(None, "", dict(fields)))


def _instant(at: float) -> str:
    """Return an instant in UTC with its milliseconds."""
    second, micros = divmod(round(at * 1_000_000), 1_000_000)
    return f"{_second(second)}.{micros // 1000:03}+00:00"


@lru_cache(maxsize=2)
def _second(at: int) -> str:
    return f"{utc(at):%Y-%m-%dT%H:%M:%S}"


def _traceback(error: object) -> str:
    if isinstance(error, BaseException):
        return "".join(traceback.format_exception(error))
    if isinstance(error, tuple):
        kind, value, trace = cast("tuple[type[BaseException], BaseException, TracebackType | None]", error)
        return "".join(traceback.format_exception(kind, value, trace))
    return "".join(traceback.format_exception(*sys.exc_info()))
