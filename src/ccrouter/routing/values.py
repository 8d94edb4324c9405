"""How values are made of which there are thousands in a second: frozen dataclasses that take no longer than need be.

The type checker holds them to be frozen, which is what keeps anybody from changing one; to have that watched while it
runs as well makes each take three times as long to make.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from dataclasses import dataclass as plain_dataclass

    def dataclass(*, frozen: bool = False, **options: bool) -> object:
        """Return the decorator of dataclasses, which are not frozen any more once the types were checked."""
        return plain_dataclass(unsafe_hash=frozen, **options)


__all__ = ["dataclass"]
