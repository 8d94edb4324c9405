"""C: loads and cases, what the routing file is asked with."""

from typing import Final

from ccrouter.config.codes.code import Code


def _code(code: str, name: str, explanation: str, bad: str, good: str) -> Code:
    return Code(code, name, explanation, _case(bad), _case(good), of="cases")


def _case(keys: str) -> str:
    return f'- {{name: one, number: "0800 123 456", at: 2026-11-25 10:00, {keys}}}'


CASES: Final = (
    _code(
        "C101",
        "no-load",
        "A load is said by measures, `measure=value` with a comma between them, by a mapping of them, or by the path "
        "of a file. `quiet` and `unknown` are loads, too.",
        "load: [waiting], expect: paris",
        "load: waiting=6, expect: paris",
    ),
    _code(
        "C102",
        "unknown-measure",
        "A load names a measure that there is not, or a site that the routing file does not have.",
        "load: waitin=6, expect: paris",
        "load: waiting=6, expect: paris",
    ),
    _code(
        "C103",
        "measure-of-what",
        "A measure without a name is that of the one queue, site or service that the call has to do with. Where there "
        "are several, or where the name is of another kind of thing, it must be said.",
        "load: paris=down, expect: paris",
        "load: paris.logged_in=0, expect: paris",
    ),
    _code(
        "C104",
        "load-contradicts-itself",
        "The figures given for a queue can't be true together: more positions ready than logged in, or a longest wait "
        "where nobody waits.",
        'load: "logged_in=2,ready=3", expect: paris',
        'load: "logged_in=3,ready=3", expect: paris',
    ),
    _code(
        "C105",
        "measure-twice",
        "A load says the same measure of the same thing twice.",
        'load: "waiting=2,support.waiting=3", expect: paris',
        "load: waiting=3, expect: paris",
    ),
    Code(
        "C110",
        "no-instant",
        "A case says its instant by date and time, so that it means the same next year.",
        '- {name: one, number: "0800 123 456", at: tomorrow 8:00, expect: paris}',
        '- {name: one, number: "0800 123 456", at: 2026-12-24 08:00, expect: paris}',
        of="cases",
    ),
    _code(
        "C111",
        "nothing-expected",
        "A case without `expect` and without `rule` could never fail.",
        "load: waiting=6",
        "load: waiting=6, rule: otherwise",
    ),
    _code(
        "C112",
        "calls-without-counts",
        "`calls` asks about many calls in a row, and `expect` then says how many of them go where; one makes no sense "
        "without the other, nor for callers who wait.",
        "calls: 100, expect: paris",
        "calls: 100, expect: {paris: 100}",
    ),
    _code(
        "C113",
        "counts-do-not-add-up",
        "The counts in `expect` are of all calls of the case.",
        "calls: 100, expect: {paris: 70, tunis: 20}",
        "calls: 100, expect: {paris: 70, tunis: 30}",
    ),
    _code(
        "C114",
        "unknown-rule",
        "The service of the number has no rule of that name: for a case with `waited` those under `while_waiting` "
        "count, else those under `rules`, and `otherwise`.",
        "rule: crises",
        "rule: crisis",
    ),
    _code(
        "C115",
        "waits-nowhere",
        "A caller who waits does so in a queue: `waited` says how long, `in` says where, unless the service has one "
        "queue alone.",
        "in: paris, expect: paris",
        "waited: 90s, in: paris, expect: stays",
    ),
    Code(
        "C116",
        "case-twice",
        "Two cases of a file have one name: a report could not tell them apart.",
        '- {name: one, number: "0800 123 456", at: 2026-11-25 10:00, expect: paris}\n'
        '- {name: one, number: "0800 123 456", at: 2026-11-25 11:00, expect: paris}',
        '- {name: one, number: "0800 123 456", at: 2026-11-25 10:00, expect: paris}\n'
        '- {name: two, number: "0800 123 456", at: 2026-11-25 11:00, expect: paris}',
        of="cases",
    ),
    Code(
        "C117",
        "no-routing-file",
        "A case file is about the routing file beside it, `routing.yaml` for `routing.cases.yaml`. One of another name "
        "says which file it is about: `routing: routing.yaml`.",
        'cases:\n  - {name: one, number: "0800 123 456", at: 2026-11-25 10:00, expect: paris}',
        'routing: routing.yaml\ncases:\n  - {name: one, number: "0800 123 456", at: 2026-11-25 10:00, expect: paris}',
        of="cases",
        alone=True,
    ),
)
