"""One letter told to one webhook: signed by the rules of Standard Webhooks, posted, and what the answer means."""

import asyncio
import hashlib
import hmac
import os
import socket
from base64 import b64encode
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from ccrouter.clock import Clock
from ccrouter.config.webhooks import Webhook, signing_key

ANSWER_WITHIN_S: Final = 5.0
ANSWER_BYTES: Final = 1024
"""Of an answer's body that are read; a connection with a longer one is closed."""

LONGEST_REST_S: Final = 3600.0
"""For which a receiver's Retry-After is followed."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one attempt.

    Attributes:
        result: delivered, refused, timeout or unreachable, as the metric has it.
        why: in words, without anything of the address; empty where it was delivered.
        rest_s: for how long the receiver asks to be left alone.
        gone: it asks never to be told again.

    """

    result: str
    status: int = 0
    why: str = ""
    rest_s: float = 0.0
    gone: bool = False

    @property
    def well(self) -> bool:
        """Tell whether it was delivered."""
        return self.result == "delivered"


def signed(webhook: Webhook, event: str, at: int, body: bytes) -> Mapping[str, str]:
    """Return the headers that prove who tells it, and when: one signature for each secret."""
    content = f"{event}.{at}.".encode() + body
    keys = [signing_key(secret.get_secret_value()) or b"" for secret in webhook.secrets]
    signatures = [b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode() for key in keys]
    return {
        "webhook-id": event,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


class Post:
    """Posts letters, over connections that are kept; made inside the running loop, and closed by `close`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._names = _Names()
        self._session = aiohttp.ClientSession(
            # Each line has a few letters under way at the most: receivers that hang must take no connection of others.
            connector=aiohttp.TCPConnector(limit=0, resolver=self._names, ttl_dns_cache=60),
            timeout=aiohttp.ClientTimeout(total=ANSWER_WITHIN_S),
            headers={"User-Agent": f"ccrouter/{version('ccrouter')}", "Content-Type": "application/json"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # nobody unfolds here what somebody else packed
        )

    async def close(self) -> None:
        """Let go of all connections."""
        await self._session.close()
        await self._names.close()

    async def tell(self, webhook: Webhook, event: str, body: bytes) -> Told:
        """Post a letter once; never raises on account of the receiver."""
        headers = signed(webhook, event, int(self._clock.now()), body)
        try:
            async with self._session.post(webhook.url, data=body, headers=headers, allow_redirects=False) as answer:
                await answer.content.read(ANSWER_BYTES)
                if not answer.content.at_eof():
                    answer.close()
                return self._meant(answer.status, answer.headers.get("Retry-After", ""))
        except TimeoutError:
            return Told("timeout", why=f"no answer within {ANSWER_WITHIN_S:g} s")
        except aiohttp.ClientConnectorCertificateError:
            return Told("unreachable", why="its certificate is not trusted")
        except aiohttp.ClientConnectorError as error:
            return Told("unreachable", why=f"no connection: {_said(error.os_error)}")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Told("unreachable", why=f"the connection failed: {type(error).__name__}")

    def _meant(self, status: int, retry_after: str) -> Told:
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return Told("delivered", status)
        asks = status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
        return Told(
            "refused",
            status,
            f"it answered {status}",
            rest_s=self._rest_s(retry_after) if asks else 0.0,
            gone=status == HTTPStatus.GONE,
        )

    def _rest_s(self, retry_after: str) -> float:
        """Return what a Retry-After asks for: seconds, or a date (RFC 9110, 10.2.3); 0 for nothing that makes sense."""
        if retry_after.isascii() and retry_after.isdecimal():
            asked = float(retry_after[:9])
        else:
            try:
                asked = parsedate_to_datetime(retry_after).timestamp() - self._clock.now()
            except (ValueError, OverflowError):
                return 0.0
        return min(max(0.0, asked), LONGEST_REST_S)


def _said(error: OSError) -> str:
    """Return what the system says, without the address that asyncio adds."""
    if isinstance(error, socket.gaierror):
        return "the name is not known"
    return os.strerror(error.errno) if error.errno else type(error).__name__


class _Names(AbstractResolver):
    """Looks up names in two threads of its own: a name server that hangs must hold up nobody else who uses threads."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(2, "webhook names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a name, or raise OSError."""
        found = await asyncio.get_running_loop().run_in_executor(self._threads, self._look_up, host, port, family)
        return [
            ResolveResult(
                hostname=host,
                host=address[0],
                port=address[1],
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST,
            )
            for kind, protocol, address in found
        ]

    async def close(self) -> None:
        """Let go of the threads; one that hangs ends when the name server answers."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _look_up(self, host: str, port: int, family: socket.AddressFamily) -> Sequence[tuple[int, int, Any]]:
        rows = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        return [(kind, protocol, address) for kind, _, protocol, _, address in rows]
