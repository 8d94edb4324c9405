"""From a request to a call, or to a telephone that dialled the code of a mode: checked field by field.

The messages of errors never repeat a field's text: it may be the caller's.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ccrouter.agi.protocol import Request
from ccrouter.errors import PeerError
from ccrouter.routing.call import Call

SCRIPT: Final = "route"
"""The path that the dialplan asks for: `agi://host:port/route`, or `/route/<pabx>` where there are several."""

CODE_SCRIPT: Final = "mode"
"""The path for a telephone that dialled the code of a mode; `/mode/<pabx>` likewise."""

NUMBER: Final = re.compile(r"\+?[0-9]{1,40}")
UNIQUEID: Final = re.compile(r"[\x21-\x7e]{1,149}")  # AST_MAX_UNIQUEID, without its final NUL
CHANNEL: Final = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
LANGUAGE: Final = re.compile(r"[\x21-\x7e]{1,39}")  # MAX_LANGUAGE, without its final NUL
PRESENTATION: Final = re.compile(r"[0-9]{1,3}")

RESTRICTION: Final = 0x60
"""Bits of a presentation (AST_PRES_RESTRICTION): 0 allowed, 0x20 prohibited, 0x40 unavailable, 0x60 reserved."""


@dataclass(frozen=True, slots=True)
class CodeDialled:
    """A telephone dialled the code of a mode, or somebody who reached this port says so: the PABX must confirm it.

    Attributes:
        channel: name of the telephone's channel.
        uniqueid: Asterisk's id of it.

    """

    pabx: str
    channel: str
    uniqueid: str


def patience_s(request: Request) -> float:
    """Return how many seconds the dialplan waits for the answer to a request; what it does not say is the shorter."""
    return 1.0 if request.arguments[1:2] == ("1",) else 0.5


def asks_for_mode(request: Request) -> bool:
    """Tell whether a request is about the code of a mode, and not about a call to be routed."""
    return request.script.partition("/")[0] == CODE_SCRIPT


def pabx_named(request: Request, pabxs: Collection[str]) -> str:
    """Return in the name of which PABX a request comes; empty where it is none of `pabxs`."""
    _, slash, named = request.script.partition("/")
    if slash:
        return named if named in pabxs else ""
    return next(iter(pabxs)) if len(pabxs) == 1 else ""


def code_dialled(request: Request, pabxs: Collection[str]) -> CodeDialled:
    """Return which telephone a request for `mode` is about.

    Raises:
        PeerError: another PABX, or a field that no PABX writes so.

    """
    _check_uniqueid(request)
    if not CHANNEL.fullmatch(request.channel):
        raise PeerError("agi_channel is no name of a channel")
    return CodeDialled(_pabx(request.script, CODE_SCRIPT, pabxs), request.channel, request.uniqueid)


def call_of(request: Request, pabxs: Collection[str]) -> Call:
    """Return the call that a request is about; `pabxs` are the names from the settings.

    Raises:
        PeerError: another script or PABX, or a field that no PABX writes so.

    """
    _check_uniqueid(request)
    if not NUMBER.fullmatch(request.extension):
        raise PeerError("agi_extension is no number: digits with an optional leading +")
    shown = _shown(request.callingpres)
    return Call(
        pabx=_pabx(request.script, SCRIPT, pabxs),
        uniqueid=request.uniqueid,
        number=request.extension,
        # Hidden, `unknown`, `anonymous`, or a SIP user's name: nobody's number.
        caller=request.callerid if shown and NUMBER.fullmatch(request.callerid) else None,
        language=_language(request.language),
    )


def _check_uniqueid(request: Request) -> None:
    if not UNIQUEID.fullmatch(request.uniqueid):
        raise PeerError("agi_uniqueid is no id of a channel")


def _pabx(script: str, wanted: str, pabxs: Collection[str]) -> str:
    name, slash, pabx = script.partition("/")
    if name != wanted:
        raise PeerError(f"the script asked for is neither {SCRIPT} nor {CODE_SCRIPT}")
    if slash:
        if pabx not in pabxs:
            raise PeerError(f"the PABX named after {wanted}/ is not in the settings")
        return pabx
    if len(pabxs) != 1:
        raise PeerError(f"there are several PABXs: each must ask for {wanted}/ and its own name")
    return next(iter(pabxs))


@lru_cache(maxsize=64)
def _shown(presentation: str) -> bool:
    """Tell whether a caller's number may be used; the few presentations that there are come again and again."""
    if not PRESENTATION.fullmatch(presentation):
        raise PeerError("agi_callingpres is no presentation")
    return not int(presentation) & RESTRICTION


@lru_cache(maxsize=64)
def _language(language: str) -> str:
    """Return a language; what is none never costs a caller the plan, and stays out of journals and off terminals."""
    return language if LANGUAGE.fullmatch(language) else ""
