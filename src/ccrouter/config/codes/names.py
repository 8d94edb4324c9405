"""N: names, and what they refer to."""

from typing import Final

from ccrouter.config.codes.code import Code

NAMES: Final = (
    Code(
        "N101",
        "name-taken",
        "ccrouter uses this name itself: `otherwise`, `override` and `sent by hand` are rules, `unknown number` is a "
        "service.",
        "- {name: otherwise, when: {mode: crisis}, to: tunis}",
        "- {name: in a crisis, when: {mode: crisis}, to: tunis}",
    ),
    Code(
        "N102",
        "site-and-message-alike",
        "A site and a message have one name, so that `to` can't tell which is meant.",
        "messages:\n  closed: {play: ccrouter/closed}\n  tunis: {play: ccrouter/tunis}",
        "messages:\n  closed: {play: ccrouter/closed}\n  tunis closed: {play: ccrouter/tunis}",
    ),
    Code(
        "N103",
        "mode-twice",
        "A mode is listed twice.",
        "modes: [crisis, crisis]",
        "modes: [crisis, all_outside]",
    ),
    Code(
        "N104",
        "rule-twice",
        "Two rules of a service have one name: nobody could tell from a log which of them decided.",
        "- {name: busy, when: {mode: crisis}, to: tunis}\n- {name: busy, when: {closed: office}, to: tunis}",
        "- {name: busy, when: {mode: crisis}, to: tunis}\n- {name: closed, when: {closed: office}, to: tunis}",
    ),
    Code(
        "N105",
        "numbers-alike",
        "Two entries of `numbers` are one number in two spellings.",
        'numbers:\n  "0800 123 456": {service: support}\n  "+33 800 123 456": {service: support}',
        'numbers:\n  "0800 123 456": {service: support}',
    ),
    Code(
        "N106",
        "codes-alike",
        explanation="A telephone that dials this code could mean either mode.",
        bad='modes: {crisis: {code: "1", phones: PJSIP/101}, all_outside: {code: "1", phones: PJSIP/101}}',
        good='modes: {crisis: {code: "1", phones: PJSIP/101}, all_outside: {code: "2", phones: PJSIP/101}}',
    ),
    Code(
        "N107",
        "name-too-long-to-count",
        "Asterisk counts the calls of an external site under its name as a web address writes it, and cuts that at 79 "
        "characters. A letter with an accent takes 6 of them, a space 3. Of two names that begin alike one would be "
        "called full for the calls of the other.",
        "sites:\n"
        "  Prestataire externe téléphonie Région Île-de-France numéro 1:\n"
        "    external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}\n"
        "services:\n"
        "  support:\n"
        "    otherwise: [Prestataire externe téléphonie Région Île-de-France numéro 1, paris, closed]\n",
        "sites:\n"
        "  Prestataire Île-de-France 1:\n"
        "    external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}\n"
        "services:\n"
        "  support:\n"
        "    otherwise: [Prestataire Île-de-France 1, paris, closed]\n",
    ),
    Code(
        "N202",
        "unused-calendar",
        "No rule and no site asks for this calendar: what it says has no effect.",
        "calendars:\n"
        "  office: {hours: 24/7}\n"
        '  night: {hours: "22:00-06:00"}\n'
        "services:\n"
        "  support:\n"
        "    otherwise: [paris, closed]\n",
        "calendars:\n"
        '  night: {hours: "22:00-06:00"}\n'
        "services:\n"
        "  support:\n"
        "    rules: [{name: night, when: {open: night}, to: tunis}]\n"
        "    otherwise: [paris, closed]\n",
        severity="note",
    ),
    Code(
        "N203",
        "unused-site",
        "No plan leads to this site.",
        "sites:\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s}}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}\n"
        "services:\n"
        "  support:\n"
        "    otherwise: [paris, closed]\n",
        "sites:\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s}}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}\n"
        "services:\n"
        "  support:\n"
        "    otherwise: [paris, tunis, closed]\n",
        severity="note",
    ),
    Code(
        "N204",
        "unused-message",
        "No plan ends with this message.",
        "messages:\n  closed: {play: ccrouter/closed}\n  busy: {play: ccrouter/busy}",
        "messages:\n  closed: {play: ccrouter/closed}",
        severity="note",
    ),
    Code(
        "N205",
        "unused-mode",
        "No rule asks for this mode: whoever turns it on in an emergency changes nothing.",
        "modes: [crisis, all_outside]",
        "modes: [crisis, all_outside]\n"
        "services:\n"
        "  support:\n"
        "    rules:\n"
        "      - {name: crisis, when: {mode: crisis}, to: tunis}\n"
        "      - {name: outside, when: {mode: all_outside}, to: tunis}\n"
        "    otherwise: [paris, closed]",
        severity="warning",
    ),
    Code(
        "N206",
        "unused-service",
        "No number leads to this service, so that none of its rules is ever asked.",
        "services:\n  support:\n    otherwise: [paris, closed]\n  orders:\n    otherwise: closed\n",
        "services:\n"
        "  support:\n"
        "    otherwise: [paris, closed]\n"
        "  orders:\n"
        "    otherwise: closed\n"
        "numbers:\n"
        '  "0800 123 456": {service: support}\n'
        '  "0800 123 457": {service: orders}\n',
        severity="warning",
    ),
    Code(
        "N301",
        "unknown-destination",
        "No site and no message has this name.",
        "- {name: busy, when: {mode: crisis}, to: [tunes, closed]}",
        "- {name: busy, when: {mode: crisis}, to: [tunis, closed]}",
    ),
    Code(
        "N302",
        "unknown-calendar",
        "No calendar has this name.",
        "- {name: busy, when: {closed: offices}, to: tunis}",
        "- {name: busy, when: {closed: office}, to: tunis}",
    ),
    Code(
        "N303",
        "unknown-mode",
        "The file declares no such mode; what is not under `modes` can't be turned on.",
        "- {name: busy, when: {mode: crises}, to: tunis}",
        "- {name: busy, when: {mode: crisis}, to: tunis}",
    ),
    Code(
        "N304",
        "unknown-service",
        "No service has this name.",
        'numbers: {"0800 123 456": {service: suport}}',
        'numbers: {"0800 123 456": {service: support}}',
    ),
    Code(
        "N305",
        "unknown-queue",
        "No in-house site has this queue. ccrouter knows the load of the queues of its sites.",
        "- {name: busy, when: {waiting: {queue: sales, at_least: 5}}, to: tunis}",
        "- {name: busy, when: {waiting: {queue: support, at_least: 5}}, to: tunis}",
    ),
    Code(
        "N306",
        "unknown-site",
        "No site has this name.",
        "- {name: busy, when: {site_down: tunes}, to: paris}",
        "- {name: busy, when: {site_down: tunis}, to: paris}",
    ),
    Code(
        "N307",
        "unknown-message",
        "No message has this name.",
        "unknown_number: nobody",
        "unknown_number: closed",
    ),
    Code(
        "N308",
        "unknown-number",
        "The condition asks for a number that is not under `numbers`: no call could ever meet it.",
        '- {name: busy, when: {number: "0800 123 457"}, to: tunis}',
        '- {name: busy, when: {number: "0800 123 456"}, to: tunis}',
    ),
)
