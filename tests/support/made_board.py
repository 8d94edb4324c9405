"""Boards made up for the wallboard: of any size, and with anything that may be on one."""

import itertools
from dataclasses import replace
from typing import Final

from ccrouter.live.desks import PositionOnBoard
from ccrouter.live.figures import Figures, Minute
from ccrouter.web.board import (
    Board,
    DecisionOnBoard,
    LinkOnBoard,
    QueueOnBoard,
    ServiceOnBoard,
    SiteOnBoard,
)
from ccrouter.web.status import DegradedStatus, ModeStatus

SERVICES: Final = (
    ("après-vente", "Numéro Vert SAV"),
    ("commandes", "Commandes et livraisons"),
    ("assistance du soir", "Assistance de 18 h à 23 h"),
    ("agence Moselle", "Agence de Metz"),
    ("professionnels", "Ligne pro"),
    ("recouvrement", "Facturation, recouvrement"),
    ("urgence technique", "Astreinte 24 h/24"),
    ("standard", "Standard du siège"),
    ("réclamations", "Réclamations"),
    ("parrainage", "Offre parrainage"),
    ("export", "Export Sales (English)"),
    ("campagne estivale", "Campagne estivale 2026"),
)
FIRST_NAMES: Final = (
    "Anne", "Bruno", "Chloé", "David", "Émilie", "Farid", "Gaëlle", "Hugo", "Inès", "Jules", "Karim", "Léa", "Marion",
    "Nabil", "Océane", "Paul", "Quentin", "Rachida", "Sophie", "Thomas",
)  # fmt: skip
LAST_NAMES: Final = ("Martin", "Bernard", "Dubois", "Lefèvre-Roux", "Moreau")
STATES: Final = ("talking", "talking", "ready", "talking", "wrap_up", "paused", "talking", "ringing", "busy", "out")
REASONS: Final = ("déjeuner", "", "formation", "")
SITES: Final = (
    "paris", "lyon", "tunis", "dakar", "backup", "casablanca", "metz", "lille", "nantes", "bordeaux", "toulouse",
    "marseille", "strasbourg", "rennes", "sfax", "maurice", "lisboa", "bruxelles", "genève", "antananarivo",
)  # fmt: skip


def made_board(at: float, *, services: int = 4, positions: int = 18, sites: int = 5, peak: bool = False) -> Board:
    """Return a board of an ordinary hour, or of a peak."""
    return Board(
        at=at,
        zone="Europe/Paris",
        version="0.1.0",
        rules="3f2a",
        router=1,
        not_ready=(),
        rules_problems=(),
        degraded=(),
        pabxs=(LinkOnBoard("siège", "up", fresh=True),),
        services=tuple(_service(at, place, peak=peak) for place in range(services)),
        queues=(_queue(at),),
        positions=tuple(_position(at, place) for place in range(positions)),
        sites=tuple(_site(place, peak=peak) for place in range(sites)),
        modes=tuple(ModeStatus(name, on=False, zone="Europe/Paris") for name in ("crisis", "all outside")),
        overrides=(),
        decisions=tuple(_decision(at, place) for place in range(12)),
        hour=tuple(_minute(at, back, peak=peak) for back in range(59, -1, -1)),
    )


def troubled(board: Board) -> Board:
    """Return the board with a mode on, a degraded state and calls that can't be routed."""
    crisis = ModeStatus(
        "crisis", on=True, author="Anne (token)", reason="inondation à Paris", since=board.at, until=board.at + 2530
    )
    return replace(
        board,
        not_ready=("no PABX is in sync (siège)",),
        degraded=(
            DegradedStatus("journal_unwritable", "", board.at - 90, "the disk is full", "calls are routed as ever"),
        ),
        modes=(crisis, *board.modes[1:]),
        pabxs=(LinkOnBoard("siège", "connecting", fresh=False),),
    )


def _queue(at: float) -> QueueOnBoard:
    return QueueOnBoard(
        pabx="siège",
        name="support",
        site="paris",
        fresh=True,
        waiting=2,
        oldest_at=at - 40,
        estimated_wait_s=31.0,
        logged_in=12,
        ready=2,
        busy=9,
        paused=1,
    )


def _service(at: float, place: int, *, peak: bool) -> ServiceOnBoard:
    name, label = SERVICES[place % len(SERVICES)]
    waiting = (7, 0, 2, 0, 1, 0, 12, 0, 0, 3, 0, 1)[place % 12] * (2 if peak else 1) if place or peak else 3
    share = (0.72, 0.93, 0.85, 1.0, 0.64, 0.88, 0.41, 0.97, 0.8, 0.79, 0.9, 0.83)[place % 12]
    calls = 40 + 37 * place % 190
    return ServiceOnBoard(
        name=name,
        labels=(label,),
        waiting=waiting,
        oldest_at=at - 11 * waiting if waiting else None,
        estimated_wait_s=14.0 * waiting,
        target=None if place == 7 else 0.8,
        within_s=None if place == 7 else 20.0,
        now=Figures() if place == 3 else _figures(calls // 8, share),
        today=_figures(calls, (share + 1.6) / 2.6),
    )


def _figures(offered: int, share: float) -> Figures:
    outside, abandoned, refused = offered // 7, offered // 20, offered // 40
    return Figures(
        offered=offered,
        answered=offered - abandoned - refused,
        in_time=int(offered * share),
        inside=offered - outside - abandoned - refused,
        outside=outside,
        abandoned=abandoned,
        refused=refused,
    )


def _position(at: float, place: int) -> PositionOnBoard:
    last, first = divmod(place, len(FIRST_NAMES))
    state = STATES[(place * 7) % len(STATES)]
    return PositionOnBoard(
        pabx="siège",
        interface=f"PJSIP/{101 + place}",
        name=f"{FIRST_NAMES[first]} {LAST_NAMES[last % len(LAST_NAMES)]}",
        state=state,
        since=at - 17 * (place % 40) - 3,
        queues=("support", "orders"),
        paused=state == "paused" or place == 3,
        reason=REASONS[place % len(REASONS)] if state == "paused" else "",
    )


def _site(place: int, *, peak: bool) -> SiteOnBoard:
    external = place > 1
    most = (30, 12, 3, 24)[place % 4] if external else 0
    calls = min(most, 3 + 5 * place % 17 + (9 if peak else 0)) if external else 4 + place
    return SiteOnBoard(
        name=SITES[place % len(SITES)],
        external=external,
        calls=0 if place in {4, 9} else calls,
        max_calls=most,
        health="down" if place == 9 else "up",
        open=None if not external else place != 4,
        cost_today={"EUR": 12.5 * place + 0.4} if external and place < 4 else {},
    )


def _decision(at: float, place: int) -> DecisionOnBoard:
    rule, destination, outside, reason = (
        ("débordement", "tunis", True, "waiting: support, at least 5 (7)"),
        ("otherwise", "paris", False, ""),
        ("waited too long", "backup", True, "waited: 90s"),
        ("partage 70/30", "lyon", False, "share 70/30, tunis full"),
    )[place % 4]
    name, label = SERVICES[place % 5]
    return DecisionOnBoard(
        id=f"d{place}",
        at=at - 4 - 9 * place,
        number="0800 123 456",
        label=label,
        service=name,
        rule=rule,
        destination=destination,
        outside=outside,
        reason=reason,
        waited_s=92.0 if place % 4 == 2 else None,
    )


def _minute(at: float, back: int, *, peak: bool) -> Minute:
    wave = next(itertools.islice(itertools.cycle((3, 5, 4, 6, 8, 7, 9, 6, 5, 7, 4, 2)), back, None))
    many = 3 if peak and back < 18 else 1
    return Minute(
        at=(at // 60 - back) * 60,
        inside=wave + (4 if many > 1 else 0),
        outside=(wave // 3) * many,
        refused=(1 if back % 17 == 4 else 0) * many,
        abandoned=(1 if back % 6 == 1 else 0) + many - 1,
    )
