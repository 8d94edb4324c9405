"""What tests of the demo share: nobody who watches it, and its logs, which tell why it failed."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo_run.pictures import Picture


class Nobody:
    """Nobody looks at the show."""

    def cue(self, text: str) -> None:
        """Look away."""

    def show(self, picture: Picture) -> None:
        """Look away."""


@contextmanager
def kept_on_failure(folder: Path) -> Iterator[None]:
    """Remove the folder at the end, unless that is a failure: it then says where the logs are."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"All logs and files are kept in {folder}")
        raise
    shutil.rmtree(folder, ignore_errors=True)
