"""M: what a file means; it is good, and may still not be what was wanted."""

from typing import Final

from ccrouter.config.codes.code import Code

MEANING: Final[tuple[Code, ...]] = ()
