"""What a command does when nobody reads on: `ccrouter status | head -3`."""

import os
import sys
from typing import Any, Final, TextIO

import click

NOBODY_READS: Final = 141
"""Exit status: what a shell tells of a program that SIGPIPE ended."""


class QuietGroup(click.Group):
    """Commands that end without a word when what reads their output has closed the pipe."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as click has it
        """Run the command; what it still has to print is printed here, where a closed pipe can be met."""
        try:
            try:
                return super().invoke(ctx)
            finally:
                for stream in _streams():
                    stream.flush()
        except BrokenPipeError:
            pass
        except BaseExceptionGroup as group:  # of work that is done with several daemons at once
            if group.split(BrokenPipeError)[1] is not None:
                raise
        _let_go()
        sys.exit(NOBODY_READS)


def _streams() -> list[TextIO]:
    """Return where is printed; a program started with either closed has none there."""
    return [stream for stream in (sys.stdout, sys.stderr) if stream is not None]


def _let_go() -> None:
    """Lead what is left in the buffers nowhere: Python flushes them at its end, and would tell of the pipe again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in _streams():
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
