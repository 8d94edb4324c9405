"""What every answer over TCP says to browsers and proxies: not to be kept, sniffed or framed, and made with what."""

from typing import Final

from aiohttp import hdrs, web

HEADERS: Final = {
    hdrs.CACHE_CONTROL: "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    hdrs.SERVER: "ccrouter",
    "X-Content-Type-Options": "nosniff",
}

OF_PAGES: Final = frozenset({hdrs.CACHE_CONTROL, "Content-Security-Policy"})
"""An answer may bring these itself, as the pages for people do."""


def dress(response: web.StreamResponse) -> None:
    """Give an answer what all have."""
    for name, text in HEADERS.items():
        if name not in OF_PAGES or name not in response.headers:
            response.headers[name] = text
