"""Y: the file as text and as YAML."""

from typing import Final

from ccrouter.config.codes.code import Code

TEXT: Final = (
    Code(
        "Y101",
        "unreadable-file",
        "The file is not there, is no file, or may not be read by this user. The daemon runs as a user "
        "of its own: that "
        "you can read a file does not say that ccrouter can.",
    ),
    Code(
        "Y102",
        "file-too-large",
        "A routing file of 1,000 rules takes about 200 kB; more than 1 MiB is another file by mistake.",
    ),
    Code(
        "Y103",
        "not-utf8",
        "Configuration is read as UTF-8. An editor that saves Latin-1, Windows-1252 or UTF-16 makes "
        "other characters of "
        "accented letters; the example is saved as Latin-1.",
        'numbers: {"0800 123 456": {service: support, label: "Numéro Vert"}}',
        'numbers: {"0800 123 456": {service: support, label: "Numéro Vert"}}',
        encoding="latin-1",
    ),
    Code(
        "Y104",
        "invisible-character",
        "A character that nobody sees is in the file: a control character, a byte order mark in the middle, a line end "
        "of another kind, a space that is none to YAML (no-break: AltGr and space). It came with a copy and would be "
        "part of a name.",
        "modes: [cri\ufeffsis]",
        "modes: [crisis]",
    ),
    Code(
        "Y105",
        "empty-file",
        "The file has nothing in it but comments. A deployment that wrote an empty file must not take the lines away.",
        "# nothing yet\n",
        "timezone: Europe/Paris\n"
        "messages: {closed: {play: ccrouter/closed}}\n"
        'numbers: {"0800 123 456": {service: support}}\n'
        "services: {support: {otherwise: closed}}\n",
        alone=True,
    ),
    Code(
        "Y106",
        "second-document",
        "`---` begins a second document. Only one would be read, and it may not be the one that is meant.",
        "modes: [crisis]\n---\ntimezone: Europe/Paris",
        "modes: [crisis]\ntimezone: Europe/Paris",
    ),
    Code(
        "Y107",
        "too-deep",
        "More than 40 levels lie within each other: no person reads such a condition, and a program "
        "must not write one.",
        f"- {{name: deep, when: {'{not: ' * 40}{{mode: crisis}}{'}' * 40}, to: tunis}}",
        "- {name: deep, when: {not: {mode: crisis}}, to: tunis}",
    ),
    Code(
        "Y108",
        "alias",
        "Anchors (`&`) and aliases (`*`) make a file that reads differently from what it means, and a "
        "small one that is "
        "huge. Write values out where they are used.",
        "- {name: first, when: {open: office}, to: &away [tunis, closed]}\n"
        "- {name: second, when: {mode: crisis}, to: *away}",
        "- {name: first, when: {open: office}, to: [tunis, closed]}\n"
        "- {name: second, when: {mode: crisis}, to: [tunis, closed]}",
    ),
    Code(
        "Y109",
        "tag",
        "A tag (`!!str`) tells YAML to make something else of a value. Values are read by what they stand for here.",
        "modes: [!!str crisis]",
        "modes: [crisis]",
    ),
    Code(
        "Y110",
        "merge-key",
        "`<<` merges another mapping into this one, so that what holds stands elsewhere.",
        "sites:\n"
        "  tunis: {external: {<<: {answer_within: 25s}, dial: PJSIP/+21671000000@trunk, answer_within: 25s}}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}",
        "sites:\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s}}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}",
    ),
    Code(
        "Y111",
        "duplicate-key",
        "A key is there twice. YAML would silently drop the first of the two, which somebody still believes in.",
        "modes: [crisis]\nmodes: [crisis, all_outside]",
        "modes: [crisis, all_outside]",
    ),
    Code(
        "Y112",
        "key-is-no-text",
        "A list or a mapping stands where a name belongs, before the `:`.",
        "messages:\n  [closed]: {play: ccrouter/closed}\n  closed: {play: ccrouter/closed}",
        "messages:\n  closed: {play: ccrouter/closed}",
    ),
    Code(
        "Y113",
        "tab-indents",
        "A tab stands at the begin of a line. How wide it is depends on the editor, so YAML allows spaces only.",
        "modes:\n\t- crisis",
        "modes:\n  - crisis",
    ),
    Code(
        "Y114",
        "value-begins-with-sign",
        "`%`, `@` and the backtick have a meaning of their own at the begin of a value.",
        "messages: {closed: {play: @closed}}",
        "messages: {closed: {play: ccrouter/closed}}",
    ),
    Code(
        "Y115",
        "misplaced-colon",
        "A `:` with a space after it makes a key, and none can be here: the line is indented unlike its neighbours, or "
        "the text has a colon and no quotes.",
        'numbers:\n  "0800 123 456":\n    label: support: Paris\n    service: support',
        'numbers:\n  "0800 123 456":\n    label: "support: Paris"\n    service: support',
    ),
    Code(
        "Y116",
        "missing-colon",
        "A line between keys has no `:`.",
        "timezone: Europe/Paris\nmodes\nmessages: {closed: {play: ccrouter/closed}}",
        "timezone: Europe/Paris\nmodes: [crisis]\nmessages: {closed: {play: ccrouter/closed}}",
    ),
    Code(
        "Y117",
        "crooked-lines",
        "Lines of one mapping or list have different distances from the left, so that it can't be told what belongs "
        "to what.",
        "calendars:\n  office: {hours: 24/7}\n night: {hours: 24/7}",
        "calendars:\n  office: {hours: 24/7}\n  night: {hours: 24/7}",
    ),
    Code(
        "Y118",
        "unclosed-bracket",
        "A list or mapping in brackets has no end. The place is where it was opened; what follows was not read.",
        "modes: [crisis, all_outside",
        "modes: [crisis, all_outside]",
    ),
    Code(
        "Y119",
        "bad-escape",
        "In double quotes a backslash begins an escape sequence, and this is none.",
        'messages: {closed: {play: "ccrouter\\closed"}}',
        'messages: {closed: {play: "ccrouter/closed"}}',
    ),
    Code(
        "Y120",
        "unclosed-quote",
        "A quote has no end on its line. The place is where it was opened; all that follows was taken for its text.",
        'calendars:\n  office: {hours: "Mo-Fr 08:30-18:30}',
        'calendars:\n  office: {hours: "Mo-Fr 08:30-18:30"}',
    ),
    Code(
        "Y121",
        "misplaced-list",
        "A list of `- ` lines begins behind a key on the same line.",
        "modes: - crisis\n",
        "modes:\n  - crisis\n",
    ),
    Code(
        "Y122",
        "text-after-the-end",
        "Something stands after the end of the content: a line that belongs to nothing above it.",
        "{timezone: Europe/Paris}\nmodes: [crisis]\n",
        "timezone: Europe/Paris\n"
        "messages: {closed: {play: ccrouter/closed}}\n"
        'numbers: {"0800 123 456": {service: support}}\n'
        "services: {support: {otherwise: closed}}\n",
        alone=True,
    ),
    Code(
        "Y123",
        "no-yaml",
        "The file is no YAML here; the message is that of the YAML parser.",
        "messages: {closed: {play: ccrouter/closed}, ,}",
        "messages: {closed: {play: ccrouter/closed}}",
    ),
    Code(
        "Y124",
        "typographic-quotes",
        "Word processors and telephones write quotes that look well on paper. YAML takes them for a part of the text.",
        "calendars: {office: {hours: “Mo-Fr 08:30-18:30”}}",
        'calendars: {office: {hours: "Mo-Fr 08:30-18:30"}}',
    ),
    Code(
        "Y125",
        "missing-space",
        "Without a space after the `:`, key and value are one text to YAML.",
        "timezone:Europe/Paris",
        "timezone: Europe/Paris",
    ),
    Code(
        "Y126",
        "missing-comma",
        "Two values in brackets have nothing between them.",
        "- {name: night, when: {closed: office}, to: [{site: tunis} closed]}",
        "- {name: night, when: {closed: office}, to: [{site: tunis}, closed]}",
    ),
    Code(
        "Y127",
        "dialplan-expression",
        "`${}` is an expression of Asterisk's dialplan. Nothing here knows what it stands for, and in brackets its `{` "
        "begins a mapping.",
        "sites:\n"
        "  tunis: {external: {dial: PJSIP/${EXTEN}@trunk, answer_within: 25s}}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}",
        "sites:\n"
        "  tunis: {external: {dial: PJSIP/+21671000000@trunk, answer_within: 25s}}\n"
        "  paris: {in_house: {queue: support, max_wait: 2min}}",
    ),
    Code(
        "Y201",
        "misread-word",
        "Without quotes, YAML reads this word as a number, a date, a truth value or nothing: `NO` is "
        "Norway to a person "
        "and false to YAML. ccrouter asks for quotes, so that all programs read the same.",
        "modes: [crisis, on]",
        'modes: [crisis, "on"]',
    ),
    Code(
        "Y202",
        "unquoted-number",
        "A telephone number without quotes is a number to YAML: it loses its first 0, or is read as octal.",
        "numbers: {0800123456: {service: support}}",
        'numbers: {"0800123456": {service: support}}',
    ),
)
