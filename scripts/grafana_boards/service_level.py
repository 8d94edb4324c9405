"""Service level and overflow: how well callers were served over a day or a week, and what the overflow did for it."""

from typing import Final

from grafana_boards import colours
from grafana_boards.frame import Board, Choice, Section
from grafana_boards.panels import bars, lines, spread, table
from grafana_boards.queries import SHARE, TIME, About, Query, below, high_is_bad, low_is_bad

SERVICE: Final = 'service=~"$service"'


COMMON: Final = "(1|2|5|10|15|20|30|45|60|90|120|180|300|600)([.]0)?|[+]Inf"
"""Bounds that every service has; its own target is one besides, and can't be added up over services."""


def _counted(series: str, more: str = "", keep: str = "service", over: str = "$__range") -> str:
    """Return how often something happened, as the router that saw more of it tells."""
    return f"sum by ({keep}) (max without (instance) (increase({series}{{{SERVICE}{more}}}[{over}])))"


OFFERED: Final = _counted("ccrouter_calls_offered_total")
GAVE_UP: Final = _counted("ccrouter_calls_abandoned_total", ', short="no"')
SHORT: Final = _counted("ccrouter_calls_abandoned_total", ', short="yes"')
COUNTED: Final = f"({OFFERED} - {SHORT} > 0)"
LEVEL: Final = f"clamp_max({_counted('ccrouter_calls_in_time_total')} / {COUNTED}, 1)"
TARGET: Final = f"max by (service) (ccrouter_service_target_ratio{{{SERVICE}}})"


def _mean(histogram: str) -> str:
    return f"{_counted(histogram + '_sum')} / ({_counted(histogram + '_count')} > 0)"


WHOLE: Final = Section(
    "In the time shown",
    (
        table(
            About(
                "Services",
                "Service level = answered in time / (offered - short abandons). ASA = mean wait of answered calls. "
                "AHT = mean talk, with what was on hold in it, without wrap-up. Abandoned = longer abandons / "
                "(offered - short abandons). Offered = answered + abandoned + refused + lost + not seen to their "
                "end + in progress.",
            ),
            {"service": "Service"},
            (
                Query(OFFERED, "Offered"),
                Query(_counted("ccrouter_calls_answered_total", ', where="inside"'), "Inside"),
                Query(_counted("ccrouter_calls_answered_total", ', where="outside"'), "Outside"),
                Query(_counted("ccrouter_calls_refused_total"), "Refused"),
                Query(GAVE_UP, "Gave up"),
                Query(SHORT, "Short"),
                Query(_counted("ccrouter_calls_lost_total"), "Lost", limits=below(0.5)),
                Query(LEVEL, "Service level", unit=SHARE),
                Query(f"{LEVEL} - {TARGET}", "Above target", unit=SHARE, limits=low_is_bad(-0.05, 0)),
                Query(TARGET, "Target", unit=SHARE),
                Query(
                    f"clamp_max({GAVE_UP} / {COUNTED}, 1)",
                    "Abandoned",
                    unit=SHARE,
                    limits=high_is_bad(0.05, 0.1),
                ),
                Query(_mean("ccrouter_answer_wait_seconds"), "ASA", unit=TIME),
                Query(_mean("ccrouter_talk_seconds"), "AHT", unit=TIME),
            ),
        ),
    ),
)

COURSE: Final = Section(
    "Service level",
    (
        lines(
            About(
                "Service level, over the last hour at each point",
                "Answered in time / (offered - short abandons), by the calls of the hour before. Dashed: the target.",
                SHARE,
            ),
            (
                Query(
                    f"max by (service) (service:ccrouter_service_level:ratio_increase1h{{{SERVICE}}})",
                    "{{service}}",
                ),
                Query(
                    f"max by (service) (ccrouter_service_target_ratio{{{SERVICE}}})",
                    "{{service}}: target",
                    colour=colours.TARGET,
                    dashed=True,
                ),
            ),
            most=1,
        ),
        lines(
            About(
                "Abandoned, over the last hour at each point",
                "Callers who hung up after more than the service's `short_abandon` / (offered - short abandons).",
                SHARE,
            ),
            (
                Query(
                    f"max by (service) (service:ccrouter_calls_abandoned:ratio_increase1h{{{SERVICE}}})",
                    "{{service}}",
                ),
            ),
        ),
        bars(
            About(
                "Calls, by what became of them",
                "Inside: answered by a position; outside: by another site; refused: a last message or voicemail; "
                "gave up: hung up after more than `short_abandon`.",
            ),
            (
                Query(
                    _counted("ccrouter_calls_answered_total", ', where="inside"', "", "$__interval"),
                    "inside",
                    colour=colours.INSIDE,
                ),
                Query(
                    _counted("ccrouter_calls_answered_total", ', where="outside"', "", "$__interval"),
                    "outside",
                    colour=colours.OUTSIDE,
                ),
                Query(
                    _counted("ccrouter_calls_refused_total", "", "", "$__interval"), "refused", colour=colours.REFUSED
                ),
                Query(
                    _counted("ccrouter_calls_abandoned_total", ', short="no"', "", "$__interval"),
                    "gave up",
                    colour=colours.ABANDONED,
                ),
            ),
            step="15m",
        ),
        spread(
            About(
                "Waits of answered calls",
                "How many calls were answered after which wait. Dark: many.",
            ),
            Query(
                "sum by (le) (max without (instance) "
                f'(increase(ccrouter_answer_wait_seconds_bucket{{{SERVICE}, le=~"{COMMON}"}}[$__rate_interval])))',
                "{{le}}",
            ),
        ),
    ),
)

OVERFLOW: Final = Section(
    "Overflow and shares",
    (
        lines(
            About(
                "Overflow, over the last hour at each point",
                "Overflows / offered. A call that overflows at entry and again while it waits counts twice. An "
                "alert rings where more than 20 % overflow for half an hour.",
                SHARE,
            ),
            (Query(f"max by (service) (service:ccrouter_overflows:ratio_increase1h{{{SERVICE}}})", "{{service}}"),),
        ),
        table(
            About(
                "Overflows by rule",
                "Entry: a rule on load, or a destination passed over as full, down or empty. Waiting: a caller "
                "taken out of the queue. A rule that never overflows anybody may be in vain; one that always does "
                "is no rule for peaks.",
            ),
            {"service": "Service", "rule": "Rule", "moment": "Moment", "destination": "Destination"},
            (
                Query(
                    "sort_desc(sum by (service, rule, moment, destination) "
                    f"(increase(ccrouter_overflows_total{{{SERVICE}}}[$__range])))",
                    "Overflows",
                ),
            ),
            width=12,
        ),
        table(
            About(
                "Shares, asked and given over 24 hours",
                "Asked: what the rule says. Given: turns that the destination got / all turns of the rule. One "
                "that was closed, full or down gave its part to the others, and nothing is made up for later.",
            ),
            {"service": "Service", "rule": "Rule", "destination": "Destination"},
            (
                Query(
                    f"max by (service, rule, destination) (ccrouter_share_asked_ratio{{{SERVICE}}})",
                    "Asked",
                    unit=SHARE,
                ),
                Query(
                    "max by (service, rule, destination) "
                    f"(service_rule_destination:ccrouter_share_given:ratio_increase1d{{{SERVICE}}})",
                    "Given",
                    unit=SHARE,
                ),
                Query(
                    "max by (service, rule, destination) "
                    f"(service_rule_destination:ccrouter_share_given:increase1d{{{SERVICE}}})",
                    "Turns",
                ),
            ),
            width=12,
        ),
        lines(
            About(
                "Error of the forecast wait",
                "By how much the wait of answered callers differed from what was forecast when they joined: half "
                "of them by less than the solid line, nine of ten by less than the dashed one. All queues, over "
                "the hour before.",
                TIME,
            ),
            (
                Query(
                    "histogram_quantile(0.5, sum by (le) (max without (instance) "
                    "(increase(ccrouter_queue_wait_forecast_error_seconds_bucket[1h]))))",
                    "half of the callers",
                    colour=colours.GOOD,
                ),
                Query(
                    "histogram_quantile(0.9, sum by (le) (max without (instance) "
                    "(increase(ccrouter_queue_wait_forecast_error_seconds_bucket[1h]))))",
                    "nine of ten",
                    colour=colours.TARGET,
                    dashed=True,
                ),
            ),
        ),
    ),
)

BOARD: Final = Board(
    uid="ccrouter-service-level",
    title="Service level and overflow",
    says="How well callers were served today or in a week, against the target, and what the overflow did for it.",
    choices=(Choice.SERVICE,),
    begins="now/d",
    every="1m",
    sections=(WHOLE, COURSE, OVERFLOW),
)
