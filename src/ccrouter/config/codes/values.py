"""V: single values."""

from typing import Final

from ccrouter.config.codes.code import Code

VALUES: Final = (
    Code(
        "V101",
        "line-break-in-value",
        "The value goes over several lines, or has a character in it that nobody sees.",
        'numbers: {"0800 123 456": {service: support, label: "Numéro\\nVert"}}',
        'numbers: {"0800 123 456": {service: support, label: "Numéro Vert"}}',
    ),
    Code(
        "V102",
        "sign-in-name",
        "Names are shown in logs, metrics and channel variables, where some signs have a meaning. "
        "Letters of any language, digits, space and . _ - / are possible.",
        "modes: [crisis, fire & water]",
        "modes: [crisis, fire and water]",
    ),
    Code(
        "V103",
        "space-in-name",
        "A name has two spaces in a row, or one at an end: two names that look alike would differ.",
        '- {name: "in  crisis", when: {mode: crisis}, to: tunis}',
        '- {name: "in crisis", when: {mode: crisis}, to: tunis}',
    ),
    Code(
        "V104",
        "name-too-long",
        "A name of more than 60 signs fits no line of a log and no label of a metric.",
        "- {name: callers who can not be helped by anybody in the house any more, when: {mode: crisis}, to: tunis}",
        "- {name: nobody in the house, when: {mode: crisis}, to: tunis}",
    ),
    Code(
        "V105",
        "accents-apart",
        "The accents of this name are signs of their own behind their letters, as some systems write "
        "them. It would differ from the same name typed elsewhere.",
        "modes: [crisis, fe\u0301rie\u0301]",
        "modes: [crisis, férié]",
    ),
    Code(
        "V106",
        "no-sound-file",
        "A sound file is named by its path below Asterisk's sounds folder, with letters, digits and . _ - /.",
        "messages: {closed: {play: /var/sounds/closed}}",
        "messages: {closed: {play: custom/closed}}",
    ),
    Code(
        "V107",
        "no-mailbox",
        "A mailbox is named with its context in voicemail.conf.",
        'messages: {closed: {voicemail: "1000"}}',
        "messages: {closed: {voicemail: 1000@default}}",
    ),
    Code(
        "V108",
        "no-language",
        "A language is a code of two or three letters, perhaps with a region: it chooses the folder of the prompts.",
        'numbers: {"0800 123 456": {service: support, language: français}}',
        'numbers: {"0800 123 456": {service: support, language: fr}}',
    ),
    Code(
        "V109",
        "no-endpoint",
        "What Asterisk watches of a trunk is named by technology and name, without a number.",
        "sites:\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s, endpoint: trunk}}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}",
        "sites:\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s, endpoint: "
        "PJSIP/trunk}}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}",
    ),
    Code(
        "V110",
        "not-dialable",
        "`dial` is what Asterisk dials: a technology, `/` and an address, without variables.",
        "sites:\n"
        "  tunis: {external: {dial: trunk-tunis, answer_within: 25s}}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}",
        "sites:\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s}}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}",
    ),
    Code(
        "V111",
        "dials-two",
        "`&` rings two destinations at once; who answers second hears nobody, and capacity is counted for one.",
        "sites:\n"
        "  tunis: {external: {dial: PJSIP/1@trunk&PJSIP/2@trunk, answer_within: 25s}}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}",
        "sites:\n"
        "  tunis: {external: {dial: PJSIP/1@trunk, answer_within: 25s}}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}",
    ),
    Code(
        "V112",
        "dial-options",
        "What follows a `,` are options of Dial, which ccrouter sets: they could let a caller transfer himself.",
        "sites:\n"
        '  tunis: {external: {dial: "PJSIP/1@trunk,30,tT", answer_within: 25s}}\n'
        "  paris: {in_house: {queue: support, max_wait: 2min}}",
        "sites:\n"
        "  tunis: {external: {dial: PJSIP/1@trunk, answer_within: 25s}}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}",
    ),
    Code(
        "V113",
        "no-mode-code",
        explanation="The code of a mode is what a telephone dials after the prefix, so it has digits only. It stands "
        "in quotes, for YAML would drop a zero at its begin.",
        bad="modes: {crisis: {code: A1, phones: PJSIP/101}}",
        good='modes: {crisis: {code: "01", phones: PJSIP/101}}',
    ),
    Code(
        "V114",
        "no-telephone",
        explanation="Who may switch a mode is an endpoint that the PABX knows by its password. A number would not do, "
        "for callers choose what they show; nor would a Local channel, which anybody's call may run through.",
        bad='modes: {crisis: {code: "1", phones: ["101"]}}',
        good='modes: {crisis: {code: "1", phones: [PJSIP/101]}}',
    ),
    Code(
        "V115",
        "sound-file-with-ending",
        "Asterisk adds the ending itself, and would look for `closed.wav.wav`.",
        "messages: {closed: {play: closed.wav}}",
        "messages: {closed: {play: closed}}",
    ),
    Code(
        "V116",
        "no-address-of-a-page",
        "A page is opened by its address: http or https, a host, then path and query without spaces or letters with "
        "accents. The host is written out: no caller may choose it.",
        "services:\n"
        "  support:\n"
        "    otherwise: [paris, closed]\n"
        '    screen_pop: {customer: "crm.example/find?number={caller}"}',
        "services:\n"
        "  support:\n"
        "    otherwise: [paris, closed]\n"
        '    screen_pop: {customer: "https://crm.example/find?number={caller}"}',
    ),
    Code(
        "V117",
        "unknown-placeholder",
        "In an address, braces hold what is known of a call: `number`, `label`, `service`, `language`, `caller`, "
        "`uniqueid`, `waited` (seconds).",
        "services:\n"
        "  support:\n"
        "    otherwise: [paris, closed]\n"
        '    screen_pop: {customer: "https://crm.example/find?number={calller}"}',
        "services:\n"
        "  support:\n"
        "    otherwise: [paris, closed]\n"
        '    screen_pop: {customer: "https://crm.example/find?number={caller}"}',
    ),
    Code(
        "V120",
        "unit-missing",
        "A time has no unit: 90 could be seconds or minutes.",
        "sites:\n"
        "  paris: {in_house: {queue: support, max_wait: 90}}\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s}}",
        "sites:\n"
        "  paris: {in_house: {queue: support, max_wait: 90s}}\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s}}",
    ),
    Code(
        "V121",
        "no-duration",
        "A time is whole seconds, minutes or hours: 90s, 2min, 1h30min.",
        "sites:\n"
        "  paris: {in_house: {queue: support, max_wait: 2 minutes}}\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s}}",
        "sites:\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s}}",
    ),
    Code(
        "V122",
        "duration-too-long",
        "More than a day is no time that a caller waits.",
        "sites:\n"
        "  paris: {in_house: {queue: support, max_wait: 48h}}\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s}}",
        "sites:\n"
        "  paris: {in_house: {queue: support, max_wait: 1h}}\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s}}",
    ),
    Code(
        "V123",
        "duration-zero",
        "A time of 0 would pass over the destination at once.",
        "sites:\n"
        "  paris: {in_house: {queue: support, max_wait: 0s}}\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s}}",
        "sites:\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s}}",
    ),
    Code(
        "V130",
        "no-such-choice",
        "Only certain words are possible here.",
        'numbers: {"0800 123 456": {service: support, answer: never}}',
        'numbers: {"0800 123 456": {service: support, answer: on_position}}',
    ),
    Code(
        "V140",
        "number-in-quotes",
        "A count in quotes is a text.",
        "sites:\n"
        '  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s, max_calls: "30"}}\n'
        "  paris: {in_house: {queue: support, max_wait: 2min}}",
        "sites:\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s, max_calls: 30}}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}",
    ),
    Code(
        "V141",
        "no-whole-number",
        "A count is written with digits only.",
        "sites:\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s, max_calls: a few}}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}",
        "sites:\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s, max_calls: 3}}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}",
    ),
    Code(
        "V142",
        "out-of-range",
        "The number is too small or too large: a site of 0 calls would never be called.",
        "sites:\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s, max_calls: 0}}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}",
        "sites:\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s, max_calls: 1}}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}",
    ),
    Code(
        "V150",
        "no-percentage",
        "A percentage is written with its sign, so that 80% is not taken for 80 calls.",
        "- {name: busy, when: {occupancy: {queue: support, at_least: 80}}, to: tunis}",
        "- {name: busy, when: {occupancy: {queue: support, at_least: 80%}}, to: tunis}",
    ),
    Code(
        "V151",
        "over-100-percent",
        "Nothing can be more than all.",
        "- {name: busy, when: {occupancy: {queue: support, at_least: 120%}}, to: tunis}",
        "- {name: busy, when: {occupancy: {queue: support, at_least: 100%}}, to: tunis}",
    ),
    Code(
        "V160",
        "no-truth-value",
        "Truth values are `true` and `false`, without quotes; `yes` and `on` are read differently by "
        "different programs.",
        "- {name: busy, when: {caller: {anonymous: yes}}, to: tunis}",
        "- {name: busy, when: {caller: {anonymous: true}}, to: tunis}",
    ),
    Code(
        "V170",
        "no-money",
        "An amount of money has a point and a currency.",
        "sites:\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s, tariff: {per_call: "
        '"0,10"}}}\n'
        "  paris: {in_house: {queue: support, max_wait: 2min}}",
        "sites:\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s, tariff: {per_call: "
        "0.10 EUR}}}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}",
    ),
    Code(
        "V171",
        "two-currencies",
        "What a call costs is the sum of both parts of its tariff, which have one currency.",
        "sites:\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s, tariff: {per_call: 0.10 EUR,"
        " per_minute: 0.32 TND}}}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}",
        "sites:\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s, tariff: {per_call: 0.10 EUR,"
        " per_minute: 0.32 EUR}}}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}",
    ),
    Code(
        "V180",
        "sign-in-number",
        "A telephone number has digits, with spaces, points or dashes between them, and + only in front.",
        'numbers: {"0800 SERVICE": {service: support}}',
        'numbers: {"0800 123 456": {service: support}}',
    ),
    Code(
        "V181",
        "number-length",
        "No number is that short or that long.",
        'numbers: {"0800 123 456 0800 123 456 0800": {service: support}}',
        'numbers: {"0800 123 456": {service: support}}',
    ),
    Code(
        "V182",
        "no-number-of-country",
        "The number has too few or too many digits for the country of the file, so that no call to it "
        "would ever be recognised.",
        'numbers: {"0800 123 4": {service: support}}',
        'numbers: {"0800 123 456": {service: support}}',
    ),
    Code(
        "V183",
        "no-country",
        "A country is written with its two capital letters (ISO 3166).",
        "country: France",
        "country: FR",
    ),
)
