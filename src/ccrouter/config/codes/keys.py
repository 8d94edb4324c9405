"""K: keys, and the shape of what stands under them."""

from typing import Final

from ccrouter.config.codes.code import Code

KEYS: Final = (
    Code(
        "K101",
        "unknown-key",
        "No such key is possible here. A key that is misspelt would say nothing, and nobody would notice.",
        "sites:\n"
        "  paris: {in_house: {queue: support, max_wait: 2min, calender: office}}\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s}}",
        "sites:\n"
        "  paris: {in_house: {queue: support, max_wait: 2min, calendar: office}}\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s}}",
    ),
    Code(
        "K102",
        "missing-key",
        "A key that is needed is not there, as the `otherwise` of a service: what becomes of a call "
        "when no rule decides.",
        "services:\n  support:\n    rules: [{name: crisis, when: {mode: crisis}, to: tunis}]",
        "services:\n"
        "  support:\n"
        "    rules: [{name: crisis, when: {mode: crisis}, to: tunis}]\n"
        "    otherwise: [paris, closed]",
    ),
    Code(
        "K103",
        "missing-value",
        "A key is there, and nothing behind it.",
        "messages: {closed: {play: }}",
        "messages: {closed: {play: ccrouter/closed}}",
    ),
    Code(
        "K104",
        "mapping-expected",
        "Keys with values belong here, not a single value or a list.",
        "calendars:\n  office: Mo-Fr 08:30-18:30",
        "calendars:\n  office: {hours: Mo-Fr 08:30-18:30}",
    ),
    Code(
        "K105",
        "list-expected",
        "A list belongs here, with several values or with one.",
        "- {name: either, when: {any: {mode: crisis}}, to: tunis}",
        "- {name: either, when: {any: [{mode: crisis}]}, to: tunis}",
    ),
    Code(
        "K106",
        "wrong-shape",
        "The value has a shape that is not possible here; the message is that of the library which checks it.",
    ),
    Code(
        "K107",
        "single-value-expected",
        "A list or a mapping stands where one value belongs.",
        'numbers: {"0800 123 456": {service: [support]}}',
        'numbers: {"0800 123 456": {service: support}}',
    ),
    Code(
        "K108",
        "nothing-in-it",
        "The list or mapping is empty. An empty `to` would be a plan that ends in silence.",
        "- {name: crisis, when: {mode: crisis}, to: []}",
        "- {name: crisis, when: {mode: crisis}, to: [tunis]}",
    ),
    Code(
        "K110",
        "one-of-several",
        "Of some keys exactly one is possible: a site is `in_house` or `external`, a message has `play` "
        "or `voicemail`.",
        "messages: {closed: {play: ccrouter/closed, voicemail: 1000@default}}",
        "messages: {closed: {voicemail: 1000@default}}",
    ),
    Code(
        "K112",
        "no-condition",
        "`when` is there and asks for nothing. A rule without `when` always decides; say so by leaving it out.",
        "- {name: crisis, when: {}, to: tunis}",
        "- {name: crisis, when: {mode: crisis}, to: tunis}",
    ),
    Code(
        "K113",
        "nobody-named",
        "A condition about the caller names no number, no begin of one, and not `anonymous`.",
        "- {name: mobile, when: {caller: {anonymous: false}}, to: tunis}",
        '- {name: mobile, when: {caller: {prefix: "+336"}}, to: tunis}',
    ),
    Code(
        "K114",
        "code-and-phones",
        "A code is of use where a telephone may dial it, and a list of telephones where they have a code. An empty "
        "list says that the code is a lamp only.",
        'modes: {crisis: {code: "1"}}',
        'modes: {crisis: {code: "1", phones: [PJSIP/101]}}',
    ),
)
