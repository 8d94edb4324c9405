"""M: what a file means; it is good, and may still not be what was wanted."""

from typing import Final

from ccrouter.config.codes.code import Code

MEANING: Final = (
    Code(
        "M101",
        "contradiction",
        "Conditions of one rule can never hold at once, so that it never decides. All conditions of a `when` must "
        "hold; `any` is for those of which one is enough.",
        "- name: quiet peak\n"
        "  when: {all: [{waiting: {queue: support, at_least: 5}}, {waiting: {queue: support, at_most: 2}}]}\n"
        "  to: tunis",
        "- name: quiet or peak\n"
        "  when: {any: [{waiting: {queue: support, at_least: 5}}, {waiting: {queue: support, at_most: 2}}]}\n"
        "  to: tunis",
        "warning",
    ),
    Code(
        "M102",
        "never-then",
        "The calendars and dates of a rule do not let it decide at any time of the coming year.",
        'calendars:\n  office: {hours: "Mo-Fr 08:30-18:30"}\n  night: {hours: "Mo-Fr 20:00-07:00"}\n'
        "services:\n  support:\n    rules:\n"
        "      - {name: late, when: {all: [{open: office}, {open: night}]}, to: tunis}\n"
        "    otherwise: [paris, closed]",
        'calendars:\n  office: {hours: "Mo-Fr 08:30-18:30"}\n  night: {hours: "Mo-Fr 18:00-07:00"}\n'
        "services:\n  support:\n    rules:\n"
        "      - {name: late, when: {all: [{open: office}, {open: night}]}, to: tunis}\n"
        "    otherwise: [paris, closed]",
        "warning",
    ),
    Code(
        "M103",
        "always-taken",
        "Whenever the condition of a rule holds, that of a rule before it holds too: the first that holds decides, so "
        "that the later one never does.",
        "- {name: nobody free, when: {no_position_ready: support}, to: tunis}\n"
        "- {name: nobody there, when: {nobody_logged_in: support}, to: closed}",
        "- {name: nobody there, when: {nobody_logged_in: support}, to: closed}\n"
        "- {name: nobody free, when: {no_position_ready: support}, to: tunis}",
        "warning",
    ),
    Code(
        "M104",
        "no-such-call",
        "A rule asks for a number that leads to another service, or for a language that no call to the service can "
        "have: where a number or its service says a `language`, its calls have that one.",
        "services:\n  support:\n    language: fr\n    rules:\n"
        "      - {name: english, when: {language: en}, to: tunis}\n"
        "    otherwise: [paris, closed]",
        'numbers:\n  "0800 123 456": {service: support}\n  "0805 000 123": {service: support, language: en}\n'
        "services:\n  support:\n    language: fr\n    rules:\n"
        "      - {name: english, when: {language: en}, to: tunis}\n"
        "    otherwise: [paris, closed]",
        "warning",
    ),
    Code(
        "M105",
        "over",
        "The dates of a rule are past.",
        "- {name: before the move, when: {before: 2020-01-01}, to: tunis}",
        "- {name: before the move, when: {before: 2999-01-01}, to: tunis}",
        "note",
    ),
    Code(
        "M111",
        "level-out-of-reach",
        "A threshold waits for more calls, or more free lines, than the site's `max_calls`.",
        "- {name: idle, when: {free_lines: {site: tunis, at_least: 40}}, to: tunis}",
        "- {name: idle, when: {free_lines: {site: tunis, at_least: 20}}, to: tunis}",
        "warning",
    ),
    Code(
        "M112",
        "level-always-reached",
        "A threshold asks for what is always true, such as at least 0 callers.",
        "- {name: waiting, when: {waiting: {queue: support, at_least: 0}}, to: tunis}",
        "- {name: waiting, when: {waiting: {queue: support, at_least: 1}}, to: tunis}",
        "warning",
    ),
    Code(
        "M113",
        "never-stops",
        "A threshold that has begun would never stop: its stop level can't be passed.",
        "- {name: peak, when: {waiting: {queue: support, at_least: 5, until_below: 0}}, to: tunis}",
        "- {name: peak, when: {waiting: {queue: support, at_least: 5, until_below: 1}}, to: tunis}",
        "warning",
    ),
    Code(
        "M121",
        "closed-then",
        "By its calendar, a site is closed at every time at which the rule can send calls to it.",
        "sites:\n  paris: {in_house: {queue: support, max_wait: 2min, calendar: office}}\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk-tunis, answer_within: 25s}}\n"
        "services:\n  support:\n    rules:\n"
        "      - {name: out of hours, when: {closed: office}, to: [tunis, paris]}\n"
        "    otherwise: [paris, tunis, closed]",
        "sites:\n  paris: {in_house: {queue: support, max_wait: 2min, calendar: office}}\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk-tunis, answer_within: 25s}}\n"
        "services:\n  support:\n    rules:\n"
        "      - {name: out of hours, when: {closed: office}, to: [tunis, closed]}\n"
        "    otherwise: [paris, tunis, closed]",
        "warning",
    ),
    Code(
        "M122",
        "share-of-closed",
        "Sites of a share are closed whenever the rule decides, or never open together then: one gets all calls, and "
        "nothing is shared.",
        "sites:\n  paris: {in_house: {queue: support, max_wait: 2min, calendar: office}}\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk-tunis, answer_within: 25s}}\n"
        "services:\n  support:\n    rules:\n"
        "      - {name: both, when: {closed: office}, to: [{share: {paris: 70, tunis: 30}}]}\n"
        "    otherwise: [paris, tunis, closed]",
        "sites:\n  paris: {in_house: {queue: support, max_wait: 2min, calendar: office}}\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk-tunis, answer_within: 25s}}\n"
        "services:\n  support:\n    rules:\n"
        "      - {name: both, when: {open: office}, to: [{share: {paris: 70, tunis: 30}}]}\n"
        "    otherwise: [paris, tunis, closed]",
        "warning",
    ),
    Code(
        "M123",
        "all-closed-then",
        "All sites of a rule are closed at every time at which it can decide: its callers hear a message, and no more.",
        "sites:\n  paris: {in_house: {queue: support, max_wait: 2min, calendar: office}}\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk-tunis, answer_within: 25s}}\n"
        "services:\n  support:\n    rules:\n"
        "      - {name: out of hours, when: {closed: office}, to: [paris, closed]}\n"
        "    otherwise: [paris, tunis, closed]",
        "sites:\n  paris: {in_house: {queue: support, max_wait: 2min, calendar: office}}\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk-tunis, answer_within: 25s}}\n"
        "services:\n  support:\n    rules:\n"
        "      - {name: out of hours, when: {closed: office}, to: [tunis, closed]}\n"
        "    otherwise: [paris, tunis, closed]",
        "warning",
    ),
    Code(
        "M124",
        "nobody-answers",
        "There are hours of the coming year in which all sites of a rule are closed, so that its callers hear a "
        "message and no more. Where that is meant, a rule before it says so: its `to` is a message alone.",
        "sites:\n  paris: {in_house: {queue: support, max_wait: 2min, calendar: office}}\n"
        "services:\n  support:\n    otherwise: [paris, closed]",
        "sites:\n  paris: {in_house: {queue: support, max_wait: 2min, calendar: office}}\n"
        "services:\n  support:\n    rules:\n"
        "      - {name: out of hours, when: {closed: office}, to: closed}\n"
        "    otherwise: [paris, closed]",
        "warning",
    ),
    Code(
        "M125",
        "site-twice",
        "A list names the same site twice. Who was not taken there the first time waits for the same once more before "
        "the next destination. A share may be followed by its own sites; that is another thing.",
        "- {name: busy, when: {mode: crisis}, to: [tunis, tunis, paris]}",
        "- {name: busy, when: {mode: crisis}, to: [tunis, paris]}",
        "warning",
    ),
    Code(
        "M131",
        "share-beyond-lines",
        "The parts of a share do not fit the lines of its sites: one is full long before the others, and from then on "
        "they take its part. Looked at are shares of external sites that all have `max_calls`, of which one is full "
        "before another is half full; how many calls an in-house site can take is not known beforehand.",
        "sites:\n  paris: {in_house: {queue: support, max_wait: 2min}}\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk-tunis, answer_within: 25s, max_calls: 30}}\n"
        "  sfax: {external: {dial: PJSIP/+21674000000@trunk-sfax, answer_within: 25s, max_calls: 3}}\n"
        "services:\n  support:\n    rules:\n"
        "      - {name: both, when: {open: office}, to: [{share: {tunis: 50, sfax: 50}}]}\n"
        "    otherwise: [paris, closed]",
        "sites:\n  paris: {in_house: {queue: support, max_wait: 2min}}\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk-tunis, answer_within: 25s, max_calls: 30}}\n"
        "  sfax: {external: {dial: PJSIP/+21674000000@trunk-sfax, answer_within: 25s, max_calls: 3}}\n"
        "services:\n  support:\n    rules:\n"
        "      - {name: both, when: {open: office}, to: [{share: {tunis: 90, sfax: 10}}]}\n"
        "    otherwise: [paris, closed]",
        "warning",
    ),
    Code(
        "M141",
        "moves-nobody",
        "A rule of `while_waiting` leads to the queue alone in which its callers wait already.",
        "services:\n  support:\n    otherwise: [paris, closed]\n    while_waiting:\n"
        "      - {name: too long, when: {waited: 90s}, to: paris}",
        "services:\n  support:\n    otherwise: [paris, closed]\n    while_waiting:\n"
        "      - {name: too long, when: {waited: 90s}, to: tunis}",
        "warning",
    ),
    Code(
        "M142",
        "nobody-waits",
        "A service has rules for callers who wait, and sends nobody to a queue.",
        "services:\n  support:\n    otherwise: [tunis, closed]\n    while_waiting:\n"
        "      - {name: too long, when: {waited: 90s}, to: tunis}",
        "services:\n  support:\n    otherwise: [paris, closed]\n    while_waiting:\n"
        "      - {name: too long, when: {waited: 90s}, to: tunis}",
        "warning",
    ),
    Code(
        "M143",
        "to-and-fro",
        "Two rules of `while_waiting` relieve two queues by one another: whoever is moved fills the other queue, and "
        "may be moved back.",
        "sites:\n  paris: {in_house: {queue: support, max_wait: 2min}}\n"
        "  metz: {in_house: {queue: metz, max_wait: 2min}}\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk-tunis, answer_within: 25s}}\n"
        "services:\n  support:\n    otherwise: [paris, metz, closed]\n    while_waiting:\n"
        "      - {name: paris full, when: {waiting: {queue: support, at_least: 5}}, to: metz}\n"
        "      - {name: metz full, when: {waiting: {queue: metz, at_least: 5}}, to: paris}",
        "sites:\n  paris: {in_house: {queue: support, max_wait: 2min}}\n"
        "  metz: {in_house: {queue: metz, max_wait: 2min}}\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk-tunis, answer_within: 25s}}\n"
        "services:\n  support:\n    otherwise: [paris, metz, closed]\n    while_waiting:\n"
        "      - {name: paris full, when: {waiting: {queue: support, at_least: 5}}, to: metz}\n"
        "      - {name: metz full, when: {waiting: {queue: metz, at_least: 5}}, to: tunis}",
        "warning",
    ),
    Code(
        "M144",
        "waits-too-short",
        "A rule of `while_waiting` asks for a longer wait than callers ever have: they leave their queue before, at "
        "`max_wait` or `for`. The waits of the queues to which one list leads count together. Overrides "
        "are not looked at.",
        "sites:\n  paris: {in_house: {queue: support, max_wait: 2min}}\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk-tunis, answer_within: 25s}}\n"
        "services:\n  support:\n    otherwise: [paris, closed]\n    while_waiting:\n"
        "      - {name: too long, when: {waited: 300s}, to: tunis}",
        "sites:\n  paris: {in_house: {queue: support, max_wait: 2min}}\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk-tunis, answer_within: 25s}}\n"
        "services:\n  support:\n    otherwise: [paris, closed]\n    while_waiting:\n"
        "      - {name: too long, when: {waited: 90s}, to: tunis}",
        "warning",
    ),
    Code(
        "M151",
        "calls-itself",
        "A site dials one of the numbers of this file. Where the trunk leads to the public network, its calls come "
        "back as new calls, are sent there again, and fill all lines.",
        "sites:\n  paris: {in_house: {queue: support, max_wait: 2min}}\n"
        "  tunis: {external: {dial: PJSIP/+33800123456@trunk-tunis, answer_within: 25s}}",
        "sites:\n  paris: {in_house: {queue: support, max_wait: 2min}}\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk-tunis, answer_within: 25s}}",
        "warning",
    ),
    Code(
        "M161",
        "no-such-sound",
        "A message or an announcement names a sound file that the PABX does not have: its callers would hear a tone. "
        "It is looked for where this machine keeps Asterisk's sounds, or where `check --sounds` says.",
        severity="warning",
    ),
)
