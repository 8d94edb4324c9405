"""The pages of the demo: tokens of this run, and the addresses at which a browser shows them."""

import secrets
from dataclasses import dataclass, field
from typing import Final

from ccrouter.config.tokens import hash_of

POSITION: Final = "paris1"
BYTES: Final = 16
"""Of a token: enough, and an address with it fits a terminal of 80 columns."""


def _token() -> str:
    return f"demo-{secrets.token_urlsafe(BYTES)}"


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages at a port of the loopback.

    Attributes:
        port: of ccrouter's HTTP.
        desk: token of a supervisor, who may switch modes.
        seat: token of whoever sits at POSITION.

    """

    port: int
    desk: str = field(default_factory=_token)
    seat: str = field(default_factory=_token)

    @property
    def wallboard(self) -> str:
        """The address of the wallboard."""
        return f"http://127.0.0.1:{self.port}/#token={self.desk}"

    @property
    def position(self) -> str:
        """The address of a position's page."""
        return f"http://127.0.0.1:{self.port}/position#token={self.seat}"

    @property
    def tokens(self) -> str:
        """The text of the file of tokens."""
        return (
            "tokens:\n"
            f"  supervisor: {{role: switch, sha256: {hash_of(self.desk)}}}\n"
            f"  {POSITION}: {{role: position, position: PJSIP/{POSITION}, sha256: {hash_of(self.seat)}}}\n"
        )
