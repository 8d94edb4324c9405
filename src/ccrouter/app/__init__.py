"""The composition root: the only room that knows all the others. It builds, starts in order, stops in reverse."""

from ccrouter.app.run import run_daemon

__all__ = ["run_daemon"]
