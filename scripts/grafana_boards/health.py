"""Router health: whether ccrouter itself is well, for whoever keeps it running."""

from typing import Final

from grafana_boards import colours
from grafana_boards.frame import Board, Choice, Section
from grafana_boards.panels import lines, number, stack, states
from grafana_boards.queries import TIME, About, Query, at_least, below, high_is_bad

PABX: Final = 'pabx=~"$pabx"'

ENTRIES: Final = {
    "routed": ("decided by a router", colours.INSIDE),
    "fallback": ("compiled rules", colours.WATCH),
    "stored": ("stored plan", colours.REFUSED),
    "static": ("static plan", colours.BAD),
}


def _slowest(series: str, more: str = "") -> str:
    """Return the time in which 99 of 100 were done, of the slower router."""
    return f"max(histogram_quantile(0.99, sum by (le, instance) (rate({series}_bucket{{{more}}}[$__rate_interval]))))"


def _per_minute(series: str, keep: str) -> str:
    return f"60 * sum by ({keep}) (rate({series}[$__rate_interval]))"


NOW: Final = Section(
    "Now",
    (
        number(
            About(
                "Routers",
                "Routers that answer Prometheus.",
            ),
            Query('sum(up{job="ccrouter"})', "routers"),
            at_least(1),
        ),
        number(
            About(
                "PABXs without a router",
                "PABXs to which no router is linked: their callers go by the compiled rules.",
            ),
            Query(f"count(max without (instance) (ccrouter_pabx_in_sync{{{PABX}}}) == 0) or vector(0)", "PABXs"),
            below(1),
        ),
        number(
            About(
                "Degraded states",
                "States that are on now; the band below names them, and docs/operations.md says what each means.",
            ),
            Query("sum(max without (instance) (ccrouter_degraded))", "states"),
            high_is_bad(1, 2),
        ),
        number(
            About(
                "Calls lost",
                "Calls that were cut off without having reached anybody, in the last 24 hours. Must be 0.",
            ),
            Query("sum(max without (instance) (increase(ccrouter_calls_lost_total[1d])))", "lost"),
            below(0.5),
        ),
        number(
            About(
                "Routing file",
                "1: the file that was saved last is in force; 0: it was refused, and the version before goes on.",
            ),
            Query("min(ccrouter_config_last_reload_successful)", "in force"),
            at_least(1),
        ),
        number(
            About(
                "Journal waiting",
                "Decisions and ends of calls that wait to be written; beyond 10,000 they are dropped.",
            ),
            Query("max(ccrouter_journal_queue_length)", "entries"),
            high_is_bad(100, 5000),
        ),
    ),
)

WELL: Final = Section(
    "What is wrong, and since when",
    (
        states(
            About(
                "Routers",
                "Whether each router answers Prometheus.",
            ),
            Query('up{job="ccrouter"}', "{{instance}}"),
            {"1": ("up", colours.GOOD), "0": ("down", colours.BAD)},
        ),
        states(
            About(
                "On duty",
                "Which router takes callers out of the queues of each PABX: with two of them, one at a time.",
            ),
            Query(f"ccrouter_on_duty{{{PABX}}}", "{{instance}}: {{pabx}}"),
            {"1": ("on duty", colours.GOOD), "0": ("stands by", colours.QUIET)},
        ),
        states(
            About(
                "Degraded states",
                'Each state of docs/operations.md, "Degraded states", over both routers.',
            ),
            Query("max by (state) (ccrouter_degraded)", "{{state}}"),
            {"1": ("on", colours.BAD), "0": ("off", colours.QUIET)},
            height=10,
        ),
        states(
            About(
                "Links to the PABXs",
                "1 when a full picture of the PABX was read since the link came up.",
            ),
            Query(f"ccrouter_pabx_in_sync{{{PABX}}}", "{{instance}}: {{pabx}}"),
            {"1": ("in sync", colours.GOOD), "0": ("down", colours.BAD)},
            height=10,
        ),
    ),
)

WORK: Final = Section(
    "Calls and events",
    (
        stack(
            About(
                "Calls a minute, by who decided",
                "By the plan that the entry of the PABX found. Anything but the router's, while a router runs, is "
                "worth a look.",
            ),
            tuple(
                Query(
                    "60 * sum(max without (instance) "
                    f'(rate(ccrouter_calls_ended_total{{{PABX}, entry="{entry}"}}[$__rate_interval])))',
                    name,
                    colour=colour,
                )
                for entry, (name, colour) in ENTRIES.items()
            ),
        ),
        lines(
            About(
                "How long 99 of 100 took",
                "Answer to the PABX: from its connection to the end; it waits for one second at most (dashed: a "
                "quarter of it). Decision: the part of it that decides. Event: from the PABX's word to the live "
                "state. Ping: the PABX's own answer.",
                TIME,
            ),
            (
                Query(_slowest("ccrouter_agi_seconds"), "answer to the PABX", colour=colours.GOOD),
                Query(_slowest("ccrouter_decision_seconds"), "decision", colour=colours.READY),
                Query(_slowest("ccrouter_event_apply_seconds"), "event", colour=colours.WRAP_UP),
                Query(_slowest("ccrouter_ami_ping_seconds", PABX), "ping", colour=colours.WATCH),
                Query("vector(0.25)", "worth a look", colour=colours.TARGET, dashed=True),
            ),
        ),
        lines(
            About(
                "What waits",
                "Calls for their decision, orders for the PABX's answer, log lines and entries of the journal for "
                "the disk, webhooks for their receiver. Short peaks are well; what grows is not.",
            ),
            (
                Query("max(ccrouter_agi_waiting)", "calls", colour=colours.BAD),
                Query(f"max(ccrouter_ami_pending{{{PABX}}})", "orders", colour=colours.WATCH),
                Query("max(ccrouter_journal_queue_length)", "journal", colour=colours.GOOD),
                Query("max(ccrouter_log_queue_length)", "log", colour=colours.QUIET),
                Query(
                    "sum(max without (instance) (ccrouter_webhook_waiting)) or vector(0)",
                    "webhooks",
                    colour=colours.REFUSED,
                ),
            ),
        ),
        lines(
            About(
                "What was refused or went wrong, a minute",
                "Events that were not believed, facts that contradict what is possible, faults of links, faults of "
                "ccrouter itself, and decisions that failed.",
            ),
            (
                Query(f"{_per_minute('ccrouter_peer_faults_total', '')} or vector(0)", "events", colour=colours.WATCH),
                Query(
                    f"{_per_minute('ccrouter_facts_refused_total', '')} or vector(0)", "facts", colour=colours.RINGING
                ),
                Query(
                    f"{_per_minute('ccrouter_ami_link_faults_total', '')} or vector(0)", "links", colour=colours.GOOD
                ),
                Query(f"{_per_minute('ccrouter_faults_total', '')} or vector(0)", "own faults", colour=colours.REFUSED),
                Query(
                    f"{_per_minute('ccrouter_decisions_failed_total', '')} or vector(0)",
                    "decisions",
                    colour=colours.BAD,
                ),
            ),
        ),
    ),
)

PROCESS: Final = Section(
    "Process and clients",
    (
        lines(
            About(
                "Event loop: worst lag in a minute",
                "How late the loop ran what was due. Above a quarter of a second the router is in overload.",
                TIME,
            ),
            (Query("ccrouter_loop_lag_max_seconds", "{{instance}}"),),
            width=8,
        ),
        lines(
            About(
                "Processor",
                "Seconds of processor time a second: 1 is one core, and ccrouter uses no more than one and a little.",
                "percentunit",
            ),
            (Query('rate(process_cpu_seconds_total{job="ccrouter"}[$__rate_interval])', "{{instance}}"),),
            width=8,
        ),
        lines(
            About(
                "Memory",
                "Resident memory. Under systemd the daemon is ended at 1 GiB.",
                "bytes",
            ),
            (Query('process_resident_memory_bytes{job="ccrouter"}', "{{instance}}"),),
            width=8,
        ),
        stack(
            About(
                "HTTP requests a minute, by answer",
                "Of Prometheus, wallboards, agents' pages and programs. 401 and 403 in number: somebody tries tokens.",
            ),
            (Query(_per_minute("ccrouter_http_requests_total", "code"), "{{code}}"),),
        ),
        lines(
            About(
                "Open streams",
                "Wallboards and agents' pages that follow along.",
            ),
            (Query("ccrouter_stream_clients", "{{instance}}"),),
        ),
    ),
)

BOARD: Final = Board(
    uid="ccrouter-health",
    title="Router health",
    says="Whether ccrouter itself is well: routers, links, degraded states, times, what waits.",
    choices=(Choice.PABX,),
    begins="now-6h",
    every="30s",
    sections=(NOW, WELL, WORK, PROCESS),
)
