"""The sites that the routing file names: what the live state must know of each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SiteLimits:
    """One site of the routing file.

    Attributes:
        name: as in the file.
        endpoint: what the PABX watches, such as `PJSIP/trunk-tunis`; empty for in-house sites and where nothing does.
        max_calls: capacity; 0 stands for no limit.
        queue: queue of an in-house site; empty for an external one.

    """

    name: str
    endpoint: str = ""
    max_calls: int = 0
    queue: str = ""
