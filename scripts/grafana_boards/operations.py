"""Operations: what callers meet at this minute, for whoever runs the shift."""

from typing import Final

from grafana_boards import colours
from grafana_boards.frame import Board, Choice, Section
from grafana_boards.panels import firing, levels, lines, number, stack, states, table
from grafana_boards.queries import CLOCK, SHARE, TIME, About, Query, below, high_is_bad, low_is_bad

SERVICE: Final = 'service=~"$service"'
PABX: Final = 'pabx=~"$pabx"'
SITE: Final = 'site=~"$site"'

STATES: Final = {
    "talking": ("talking", colours.TALKING),
    "ringing": ("ringing", colours.RINGING),
    "wrap_up": ("in wrap-up", colours.WRAP_UP),
    "busy": ("in another call", colours.BUSY),
    "ready": ("ready", colours.READY),
    "paused": ("paused", colours.PAUSED),
    "out": ("out of reach", colours.OUT),
}


def _per_minute(series: str, keep: str = "") -> str:
    return f"60 * sum by ({keep}) (max without (instance) (rate({series}[$__rate_interval])))"


NOW: Final = Section(
    "Now",
    (
        number(
            About(
                "Calls in progress",
                "Calls that have arrived and not ended, answered or not.",
            ),
            Query(f"sum(max without (instance) (ccrouter_calls_in_progress{{{SERVICE}}}))", "calls"),
        ),
        number(
            About(
                "Callers waiting",
                "Callers in queues, with those sent there whom the PABX has not yet confirmed.",
            ),
            Query(f"sum(max without (instance) (ccrouter_queue_waiting{{{PABX}}}))", "waiting"),
            high_is_bad(5, 15),
        ),
        number(
            About(
                "Longest wait",
                "Wait of the caller who waits longest now; 0 when nobody waits. An alert rings above five minutes.",
                CLOCK,
            ),
            Query(f"max(ccrouter_queue_longest_wait_seconds{{{PABX}}})", "longest wait"),
            high_is_bad(60, 300),
        ),
        number(
            About(
                "Positions ready",
                "Positions that would be rung for the next caller. A position of two queues counts in both.",
            ),
            Query(f"sum(max without (instance) (ccrouter_queue_positions_ready{{{PABX}}}))", "ready"),
            low_is_bad(1, 2),
        ),
        number(
            About(
                "Services under target",
                "Services whose service level of the last 15 minutes is under the target of the rules; the table "
                "below tells which. Service level = answered in time / (offered - short abandons).",
            ),
            Query(
                f"count(max by (service) (service:ccrouter_service_level:ratio_increase15m{{{SERVICE}}})"
                f" < max by (service) (ccrouter_service_target_ratio{{{SERVICE}}})) or vector(0)",
                "services",
            ),
            below(1),
        ),
        number(
            About(
                "Alerts firing",
                "Alerts of ccrouter that fire now. The link at the top leads to what each means and what to do.",
            ),
            Query('count(ALERTS{alertname=~"Ccrouter.+", alertstate="firing"}) or vector(0)', "alerts"),
            high_is_bad(1, 3),
        ),
    ),
)

CALLERS: Final = Section(
    "Callers",
    (
        table(
            About(
                "Services, last 15 minutes",
                "Service level = answered in time / (offered - short abandons). ASA = mean wait of answered calls. "
                "Abandoned = longer abandons / (offered - short abandons). Overflow = overflows / offered.",
            ),
            {"service": "Service"},
            (
                Query(f"max by (service) (ccrouter_calls_in_progress{{{SERVICE}}})", "In progress"),
                Query(f"sum by (service) (service:ccrouter_calls_offered:increase15m{{{SERVICE}}})", "Offered"),
                Query(
                    f"max by (service) (service:ccrouter_service_level:ratio_increase15m{{{SERVICE}}})",
                    "Service level",
                    unit=SHARE,
                ),
                Query(
                    f"max by (service) (service:ccrouter_service_level:ratio_increase15m{{{SERVICE}}})"
                    f" - max by (service) (ccrouter_service_target_ratio{{{SERVICE}}})",
                    "Above target",
                    unit=SHARE,
                    limits=low_is_bad(-0.05, 0),
                ),
                Query(f"max by (service) (ccrouter_service_target_ratio{{{SERVICE}}})", "Target", unit=SHARE),
                Query(f"max by (service) (ccrouter_service_target_seconds{{{SERVICE}}})", "Within", unit=TIME),
                Query(
                    f"max by (service) (service:ccrouter_answer_wait_seconds:mean_increase15m{{{SERVICE}}})",
                    "ASA",
                    unit=TIME,
                ),
                Query(
                    f"max by (service) (service:ccrouter_calls_abandoned:ratio_increase15m{{{SERVICE}}})",
                    "Abandoned",
                    unit=SHARE,
                    limits=high_is_bad(0.05, 0.1),
                ),
                Query(
                    f"max by (service) (service:ccrouter_overflows:ratio_increase15m{{{SERVICE}}})",
                    "Overflow",
                    unit=SHARE,
                ),
            ),
        ),
        lines(
            About(
                "Callers waiting",
                "By queue. What rises and does not fall again is a lack of positions, what falls steeply is an "
                "overflow at work.",
            ),
            (Query(f"max without (instance) (ccrouter_queue_waiting{{{PABX}}})", "{{queue}} ({{pabx}})"),),
        ),
        lines(
            About(
                "Longest wait and forecast",
                "Longest: the caller who waits longest now. Forecast (dashed): what a caller who joins now would "
                "wait, from the talks of the last hour and the positions at work; nothing is drawn where nothing "
                "can be told.",
                TIME,
            ),
            (
                Query(
                    f"max by (queue) (ccrouter_queue_longest_wait_seconds{{{PABX}}})",
                    "{{queue}}: longest",
                    colour=colours.GOOD,
                ),
                Query(
                    f"max by (queue) (ccrouter_queue_estimated_wait_seconds{{{PABX}}})",
                    "{{queue}}: forecast",
                    colour=colours.TARGET,
                    dashed=True,
                ),
            ),
        ),
        stack(
            About(
                "Calls a minute, by what became of them",
                "Inside: answered by a position; outside: by another site; refused: heard a last message or left a "
                "voicemail; abandoned: hung up before any answer.",
            ),
            (
                Query(
                    _per_minute(f'ccrouter_calls_answered_total{{{SERVICE}, where="inside"}}'),
                    "inside",
                    colour=colours.INSIDE,
                ),
                Query(
                    _per_minute(f'ccrouter_calls_answered_total{{{SERVICE}, where="outside"}}'),
                    "outside",
                    colour=colours.OUTSIDE,
                ),
                Query(_per_minute(f"ccrouter_calls_refused_total{{{SERVICE}}}"), "refused", colour=colours.REFUSED),
                Query(
                    _per_minute(f"ccrouter_calls_abandoned_total{{{SERVICE}}}"), "abandoned", colour=colours.ABANDONED
                ),
            ),
        ),
        stack(
            About(
                "Positions, by what they do",
                "All queues of the PABXs chosen; a position of two queues counts in both. Out of reach: logged "
                "out, or its telephone is gone.",
            ),
            tuple(
                Query(
                    f'sum(max without (instance) (ccrouter_queue_positions{{{PABX}, state="{state}"}}))',
                    name,
                    colour=colour,
                )
                for state, (name, colour) in STATES.items()
            ),
        ),
    ),
)

ELSEWHERE: Final = Section(
    "Sites, modes, alerts",
    (
        levels(
            About(
                "Lines in use",
                "Calls at a site / calls that it takes at once (`max_calls`). A site without a limit is not shown.",
                SHARE,
            ),
            Query(
                f"max without (instance) (ccrouter_site_calls{{{SITE}}})"
                f" / max without (instance) (ccrouter_site_max_calls{{{SITE}}})",
                "{{site}}",
            ),
            high_is_bad(0.8, 1.0),
            most=1,
        ),
        states(
            About(
                "Sites",
                "Down: several calls in a row failed there, and callers go elsewhere; one is sent there now and "
                "then, to try. A site that was never called is not shown.",
            ),
            Query(f"max without (instance) (ccrouter_site_up{{{SITE}}})", "{{site}}"),
            {"1": ("up", colours.GOOD), "0": ("down", colours.BAD)},
        ),
        states(
            About(
                "Modes",
                "Modes that somebody switched; while one is on, rules that test it decide otherwise. `ccrouter "
                "history` tells who.",
            ),
            Query("max by (mode) (ccrouter_mode_on)", "{{mode}}"),
            {"1": ("on", colours.WATCH), "0": ("off", colours.QUIET)},
        ),
        firing(
            About(
                "Alerts",
                "Alerts of ccrouter that fire or are about to; each leads to its page of the manual.",
            )
        ),
    ),
)

BOARD: Final = Board(
    uid="ccrouter-operations",
    title="Operations",
    says="What callers meet now: waits, positions, sites, modes. For each second there is ccrouter's own wallboard.",
    choices=(Choice.SERVICE, Choice.PABX, Choice.SITE),
    begins="now-1h",
    every="10s",
    sections=(NOW, CALLERS, ELSEWHERE),
)
