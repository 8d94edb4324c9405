"""How much one may ask: requests a second of each token and of each address, and requests in hand at once.

The bounds are wide. They keep a program that went wild from taking the event loop away from calls; nobody who polls
once a second comes near them. A token's requests count for the token alone: others at its address hold nobody up.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from typing import Final

from aiohttp import web

TOKEN_HZ: Final = 20.0
TOKEN_BURST: Final = 400
"""Requests of one token that may come at once: 250 streams that all come back after a restart are among them."""

ADDRESS_HZ: Final = 100.0
ADDRESS_BURST: Final = 3000
"""Of one address without a token: the files of the pages for some hundred browsers behind one proxy."""

MOST_KEYS: Final = 1024
"""Tokens, and addresses, that are remembered; the one that asked longest ago is forgotten first."""

IN_HAND: Final = 16
"""Requests of one token that are worked on at once, streams apart."""

ALL_IN_HAND: Final = 64

IPV6_NETWORK: Final = 64
"""Bits of an IPv6 address that tell who it is: the rest is for each to choose."""


class CrowdedError(Exception):
    """Too many requests are in hand: of this token, or of `all_` of them."""

    def __init__(self, *, all_: bool) -> None:
        self.all_ = all_
        super().__init__("too many requests are in hand")


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Pace:
    """Requests by key, as token buckets: `burst` at once, and `rate_hz` each second from then on."""

    def __init__(self, steady: Callable[[], float], rate_hz: float, burst: int) -> None:
        self._steady = steady
        self._rate_hz = rate_hz
        self._burst = burst
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait_s(self, key: str) -> float:
        """Count a request, and return how long to wait before it may be done; 0 for not at all."""
        now = self._steady()
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(self._burst, now)
            if len(self._buckets) > MOST_KEYS:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        bucket.left = min(self._burst, bucket.left + (now - bucket.at) * self._rate_hz)
        bucket.at = now
        if bucket.left < 1:  # one that is refused costs nothing
            return (1 - bucket.left) / self._rate_hz
        bucket.left -= 1
        return 0.0


@dataclass(slots=True)
class InHand:
    """Requests that are worked on."""

    most: int = IN_HAND
    all_most: int = ALL_IN_HAND
    _of: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def holding(self, key: str) -> Iterator[None]:
        """Count a request while the context lasts.

        Raises:
            CrowdedError: there are too many.

        """
        if self._of[key] >= self.most:
            raise CrowdedError(all_=False)
        if self._of.total() >= self.all_most:
            raise CrowdedError(all_=True)
        self._of[key] += 1
        try:
            yield
        finally:
            self._of[key] -= 1
            if not self._of[key]:
                del self._of[key]


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one server."""

    tokens: Pace
    addresses: Pace
    in_hand: InHand = field(default_factory=InHand)


def usual_limits(steady: Callable[[], float]) -> Limits:
    """Return the bounds as they are served with; `steady` tells seconds that never go back."""
    return Limits(Pace(steady, TOKEN_HZ, TOKEN_BURST), Pace(steady, ADDRESS_HZ, ADDRESS_BURST))


def source_of(request: web.BaseRequest) -> str:
    """Return who asks as far as the address tells: of IPv6 the network, in which each has as many as they like."""
    remote = request.remote or ""
    try:
        address = ip_address(remote)
    except ValueError:
        return remote
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(int(address) >> IPV6_NETWORK)
    return remote
