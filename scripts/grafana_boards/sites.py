"""Sites and cost: what outside sites answered, how well, and what they cost."""

from typing import Final

from grafana_boards import colours
from grafana_boards.frame import Board, Choice, Section
from grafana_boards.panels import bars, lines, stack, states, table, total
from grafana_boards.queries import SHARE, TIME, About, Query, below, low_is_bad

SITE: Final = 'site=~"$site"'

RESULTS: Final = {
    "answered": colours.INSIDE,
    "noanswer": colours.WATCH,
    "busy": colours.RINGING,
    "full": colours.READY,
    "congestion": colours.REFUSED,
    "chanunavail": colours.BAD,
    "died": colours.OUT,
}
"""How a dial to a site ended, as ccrouter_site_tries_total names it."""


def _counted(series: str, keep: str = "site", over: str = "$__range") -> str:
    return f"sum by ({keep}) (max without (instance) (increase({series}{{{SITE}}}[{over}])))"


def _answered(keep: str) -> str:
    """Return the share of calls sent that were answered."""
    answers, sent = (_counted(f"ccrouter_site_{what}_total", keep) for what in ("answers", "seizures"))
    return f"clamp_max({answers} / ({sent} > 0), 1)"


WHOLE: Final = Section(
    "In the time shown",
    (
        total(
            About(
                "Cost",
                "By the tariffs of the routing file, a figure for each currency. It is an estimate, not a bill: "
                "carriers round in their own way.",
            ),
            Query(_counted("ccrouter_site_cost_total", "currency"), "{{currency}}"),
            none="no tariff",
        ),
        total(
            About(
                "Calls sent",
                "Calls that took a line of the sites chosen, answered or not; a call counts when it leaves the site.",
            ),
            Query(_counted("ccrouter_site_seizures_total", ""), "calls"),
        ),
        total(
            About(
                "Minutes",
                "Talk at the sites chosen; a talk counts when it is over.",
                "m",
            ),
            Query(_counted("ccrouter_site_talk_seconds_total", "") + " / 60", "minutes"),
        ),
        total(
            About(
                "Answered there",
                "Answers / calls sent (ASR, answers / seizures). Low: too few agents there, or a trunk that fails.",
                SHARE,
            ),
            Query(
                _answered(""),
                "answered",
            ),
            low_is_bad(0.7, 0.9),
            none="no calls",
        ),
        total(
            About(
                "Share of answers outside",
                "Answered by outside sites / all answers, of all services.",
                SHARE,
            ),
            Query(
                'sum(max without (instance) (increase(ccrouter_calls_answered_total{where="outside"}[$__range])))'
                " / (sum(max without (instance) (increase(ccrouter_calls_answered_total[$__range]))) > 0)",
                "outside",
            ),
            none="no calls",
        ),
        total(
            About(
                "Sites down now",
                "Sites to which calls do not go, because several in a row failed.",
            ),
            Query(f"count(max without (instance) (ccrouter_site_up{{{SITE}}}) == 0) or vector(0)", "down"),
            below(1),
        ),
        table(
            About(
                "Sites",
                "ASR = answers / calls sent. AHT = talk / answers. Cost by the tariff of the routing file; cost of "
                "an answer = cost / answers.",
            ),
            {"site": "Site"},
            (
                Query(_counted("ccrouter_site_seizures_total"), "Sent"),
                Query(_counted("ccrouter_site_answers_total"), "Answered"),
                Query(
                    _answered("site"),
                    "ASR",
                    unit=SHARE,
                    limits=low_is_bad(0.7, 0.9),
                ),
                Query(_counted("ccrouter_site_talk_seconds_total") + " / 60", "Minutes", unit="m"),
                Query(
                    f"{_counted('ccrouter_site_talk_seconds_total')} / ({_counted('ccrouter_site_answers_total')} > 0)",
                    "AHT",
                    unit=TIME,
                ),
                Query(_counted("ccrouter_site_cost_total"), "Cost", unit="currency:"),
                Query(
                    f"{_counted('ccrouter_site_cost_total')} / ({_counted('ccrouter_site_answers_total')} > 0)",
                    "Cost of an answer",
                    unit="currency:",
                ),
            ),
        ),
    ),
)

COURSE: Final = Section(
    "Over time",
    (
        bars(
            About(
                "Cost",
                "By site, in the currency of its tariff; currencies are not converted.",
                "currency:",
            ),
            (Query(_counted("ccrouter_site_cost_total", "site, currency", "$__interval"), "{{site}} ({{currency}})"),),
            step="1h",
        ),
        lines(
            About(
                "Cost of an hour",
                "What the hour before cost, by site: where it rises against the day before, look which rule sends "
                "calls there.",
                "currency:",
            ),
            (
                Query(
                    f"max by (site, currency) (site_currency:ccrouter_site_cost:increase1h{{{SITE}}})",
                    "{{site}} ({{currency}})",
                ),
            ),
        ),
        lines(
            About(
                "Calls at each site",
                "Dashed: the calls that it takes at once (`max_calls`). A line that stays there is a site that is "
                "full.",
            ),
            (
                Query(f"max without (instance) (ccrouter_site_calls{{{SITE}}})", "{{site}}"),
                Query(
                    f"max without (instance) (ccrouter_site_max_calls{{{SITE}}})",
                    "{{site}}: limit",
                    colour=colours.TARGET,
                    dashed=True,
                ),
            ),
        ),
        stack(
            About(
                "Dials a minute, by result",
                "answered; noanswer: it rang too long; busy and congestion: the site or its carrier refused; "
                "chanunavail: the trunk is down; full: the limit was reached; died: the talk was cut off, and the "
                "caller taken back.",
            ),
            tuple(
                Query(
                    f'60 * sum(max without (instance) (rate(ccrouter_site_tries_total{{{SITE}, result="{result}"}}'
                    "[$__rate_interval])))",
                    result,
                    colour=colour,
                )
                for result, colour in RESULTS.items()
            ),
        ),
        lines(
            About(
                "Answered there, over the last hour at each point",
                "Answers / calls sent (ASR), by site.",
                SHARE,
            ),
            (Query(f"max by (site) (site:ccrouter_site_answers:ratio_increase1h{{{SITE}}})", "{{site}}"),),
            most=1,
        ),
        lines(
            About(
                "AHT, over the last hour at each point",
                "Talk / answers, by site. What an outsourcer is paid for by the minute shows here first.",
                TIME,
            ),
            (Query(f"max by (site) (site:ccrouter_site_talk_seconds:mean_increase1h{{{SITE}}})", "{{site}}"),),
        ),
        states(
            About(
                "Up and down",
                "Down: several calls in a row failed there; one is sent there now and then, to try.",
            ),
            Query(f"max without (instance) (ccrouter_site_up{{{SITE}}})", "{{site}}"),
            {"1": ("up", colours.GOOD), "0": ("down", colours.BAD)},
            width=24,
        ),
    ),
)

BOARD: Final = Board(
    uid="ccrouter-sites",
    title="Sites and cost",
    says="What outside sites answered, how well, and what they cost by their tariffs.",
    choices=(Choice.SITE,),
    begins="now/d",
    every="1m",
    sections=(WHOLE, COURSE),
)
