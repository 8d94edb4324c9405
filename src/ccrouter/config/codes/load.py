"""L: load and thresholds, and conditions that can't be asked."""

from typing import Final

from ccrouter.config.codes.code import Code

LOAD: Final = (
    Code(
        "L101",
        "threshold-sides",
        "A threshold holds from `at_least` on, or from `at_most` on downwards; never both, and never neither.",
        "- {name: busy, when: {waiting: {queue: support, until_below: 3}}, to: tunis}",
        "- {name: busy, when: {waiting: {queue: support, at_least: 5, until_below: 3}}, to: tunis}",
    ),
    Code(
        "L102",
        "stops-before-start",
        "The level to stop at lies on the wrong side of the level to start at.",
        "- {name: busy, when: {waiting: {queue: support, at_least: 5, until_below: 8}}, to: tunis}",
        "- {name: busy, when: {waiting: {queue: support, at_least: 5, until_below: 3}}, to: tunis}",
    ),
    Code(
        "L103",
        "wrong-stop",
        "What starts with `at_least` stops with `until_below`; what starts with `at_most`, with `until_above`.",
        "- {name: busy, when: {waiting: {queue: support, at_least: 5, until_above: 3}}, to: tunis}",
        "- {name: busy, when: {waiting: {queue: support, at_least: 5, until_below: 3}}, to: tunis}",
    ),
    Code(
        "L104",
        "window-too-long",
        "An hour of calls is remembered; a longer window can't be filled.",
        "- {name: busy, when: {call_rate: {at_least: 20, window: 2h}}, to: tunis}",
        "- {name: busy, when: {call_rate: {at_least: 20, window: 1h}}, to: tunis}",
    ),
    Code(
        "L105",
        "within-missing",
        "A service level is a share of the calls answered within a time, and none is given here or by the service.",
        "- {name: busy, when: {service_level: {queue: support, at_most: 70%}}, to: tunis}",
        "- {name: busy, when: {service_level: {queue: support, at_most: 70%, within: 20s}}, to: tunis}",
    ),
    Code(
        "L106",
        "no-limit-of-calls",
        "Free lines can be counted only of a site with `max_calls`.",
        "sites:\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s}}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}\n"
        "services:\n"
        "  support:\n"
        "    rules: [{name: full, when: {free_lines: {site: tunis, at_most: 2}}, to: paris}]\n"
        "    otherwise: [tunis, closed]",
        "sites:\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s, max_calls: 30}}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}\n"
        "services:\n"
        "  support:\n"
        "    rules: [{name: full, when: {free_lines: {site: tunis, at_most: 2}}, to: paris}]\n"
        "    otherwise: [tunis, closed]",
    ),
    Code(
        "L107",
        "in-house-site",
        "The condition is about an external site; an in-house site is measured by its queue.",
        "- {name: busy, when: {site_calls: {site: paris, at_least: 5}}, to: tunis}",
        "- {name: busy, when: {waiting: {queue: support, at_least: 5}}, to: tunis}",
    ),
    Code(
        "L108",
        "waited-at-entry",
        "`waited` is asked in a rule for calls that have just arrived: they have not waited.",
        "- {name: busy, when: {waited: 90s}, to: tunis}",
        "services:\n"
        "  support:\n"
        "    otherwise: [paris, closed]\n"
        "    while_waiting:\n"
        "      - {name: too long, when: {waited: 90s}, to: tunis}\n",
    ),
    Code(
        "L109",
        "measure-alone",
        "A measure needs to know of what, and from which level on.",
        "- {name: busy, when: {waiting: 5}, to: tunis}",
        "- {name: busy, when: {waiting: {queue: support, at_least: 5}}, to: tunis}",
    ),
    Code(
        "L110",
        "open-and-closed",
        "A calendar is never open and closed at once, so that the rule never decides.",
        "- {name: busy, when: {open: office, closed: office}, to: tunis}",
        "- {name: busy, when: {closed: office}, to: tunis}",
    ),
)
