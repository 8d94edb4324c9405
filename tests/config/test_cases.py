"""Case files: what they may say, and how a faulty one is told."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings

from ccrouter.config.cases import SUFFIX, Cases, load_cases
from ccrouter.config.codes import CODES
from ccrouter.config.problems import Problem, RefusedFileError
from ccrouter.outlook.cases import answer, rules_of
from ccrouter.outlook.loads import QueueLoad, SiteLoad
from ccrouter.routing.snapshot import Health
from support.mutations import mutated_structure, mutated_text

TWO_QUEUES = """\
timezone: Europe/Paris
sites:
  paris: {in_house: {queue: support, max_wait: 2min}}
  metz: {in_house: {queue: east, max_wait: 2min}}
  tunis: {external: {dial: PJSIP/+21671000000@trunk-tunis, answer_within: 25s, max_calls: 30}}
messages:
  closed: {play: ccrouter/closed}
modes: [crisis]
numbers:
  "0800 123 456": {service: support}
  "0800 456 789": {service: east}
services:
  support:
    rules:
      - {name: asked, when: {mode: crisis}, to: [tunis, closed]}
    otherwise: [paris, closed]
  east:
    otherwise: [metz, paris, closed]
    while_waiting:
      - {name: too long, when: {waited: 90s}, to: [tunis]}
"""

CONFIGS = Path(__file__).parents[2] / "configs"
CASE_FILES = [CONFIGS / "example.cases.yaml", *sorted((CONFIGS / "scenarios").glob(f"*{SUFFIX}"))]

EXAMPLE = (CONFIGS / "example.cases.yaml").read_text("utf-8")

Written = Callable[[str], Cases]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the example of a routing file."""
    folder = tmp_path_factory.mktemp("cases")
    (folder / "routing.yaml").write_text((CONFIGS / "example.yaml").read_text("utf-8"), "utf-8")
    return folder


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Return what loads a case file that holds one case with these keys, beside a routing file."""
    (tmp_path / "routing.yaml").write_text(TWO_QUEUES)

    def loaded(keys: str) -> Cases:
        file = tmp_path / "routing.cases.yaml"
        file.write_text(f'cases:\n  - {{name: one, number: "0800 123 456", at: 2026-11-25 10:00, {keys}}}\n')
        return load_cases(file)

    return loaded


@pytest.mark.parametrize("file", CASE_FILES, ids=lambda file: file.name)
def test_every_case_that_comes_along_is_good(file: Path) -> None:
    """The cases of the example and of every scenario hold, and each rule decides one of them."""
    cases = load_cases(file)
    answers = [answer(cases.rules, case) for case in cases.cases]
    assert [(found.case.name, found.failures) for found in answers if not found.good] == []
    assert set(rules_of(cases.rules)) - {name for found in answers for name in found.deciders} == set()


def test_every_scenario_has_cases() -> None:
    """No scenario is shown without what must become of its calls."""
    scenarios = {file for file in (CONFIGS / "scenarios").glob("*.yaml") if file not in CASE_FILES}
    assert scenarios == {file.with_name(f"{file.name.removesuffix(SUFFIX)}.yaml") for file in CASE_FILES[1:]}


@pytest.mark.parametrize(
    "load",
    [
        '"waiting=6,ready=0,tunis=down"',
        "{waiting: 6, ready: 0, tunis: down}",
        "{support.waiting: 6, paris.ready: 0, tunis.health: down}",
        "{queues: {support: {waiting: 6, ready: 0}}, sites: {tunis: down}}",
        "busy.yaml",
    ],
)
def test_a_load_may_be_said_in_several_ways(written: Written, tmp_path: Path, load: str) -> None:
    """A text as on the command line, a mapping of the same words, sections, or a file: all say the same."""
    (tmp_path / "busy.yaml").write_text("queues:\n  support: {waiting: 6, ready: 0}\nsites: {tunis: down}\n")
    (case,) = written(f"load: {load}, expect: paris").cases
    assert case.load.queues == {"support": QueueLoad(waiting=6, ready=0, busy=1)}
    assert case.load.sites == {"tunis": SiteLoad(health=Health.DOWN)}


REFUSALS = {
    "expect: pariss": ("pariss", "there is no site or message `pariss` [N301]. Did you mean `paris`?"),
    "expect: [paris, closd]": ("closd", "there is no site or message `closd` [N301]. Did you mean `closed`?"),
    "expect: stays": (
        "stays",
        "there is no site or message `stays` [N301]. Add `waited: 90s`: only a caller who waits can stay.",
    ),
    "rule: askd": ("askd", "`support` has no rule `askd` [C114]. Did you mean `asked`?"),
    "mode: crise, expect: paris": ("crise", "there is no mode `crise` [N303]. Did you mean `crisis`?"),
    "load: waitin=6, expect: paris": (
        "waitin",
        "`waitin` is neither a measure nor a site [C102]. Did you mean `waiting`?",
    ),
    "load: {wating: 6}, expect: paris": (
        "wating",
        "`wating` is neither a measure nor a site [C102]. Did you mean `waiting`?",
    ),
    "load: {queues: {suport: {waiting: 6}}}, expect: paris": (
        "suport",
        "there is no queue `suport` [N305]. Did you mean `support`?",
    ),
    "load: {sites: {tunis: {calls: many}}}, expect: paris": (
        "many",
        "`many` is no whole number [V141]. Write digits only: 12.",
    ),
    "load: {longest_wait: 90}, expect: paris": (
        "90}",
        "the unit of `90` is missing [V120]. Write 90s, 90min or 90h.",
    ),
    "load: {logged_in: 2, ready: 3}, expect: paris": (
        "logged_in",
        (
            "support: ready, busy and paused make 3, and 2 are logged in [C104]. "
            "Write figures that fit, or leave `logged_in` out."
        ),
    ),
    "load: {waiting: 2, support.waiting: 3}, expect: paris": (
        "support.waiting",
        "`waiting` of `support` is said twice [C105]. Remove one of the two.",
    ),
    "load: [6], expect: paris": ("[6]", "a list says no load [C101]. Write measures: {waiting: 6, ready: 0}."),
    "calls: 100, expect: paris": (
        "{name",
        "`calls` and counts in `expect` go together [C112]. Write both: {calls: 100, expect: {paris: 70, tunis: 30}}.",
    ),
    "calls: 100, expect: {paris: 70, tunis: 20}": (
        "{name",
        "the counts add up to 90, and there are 100 calls [C113]. Write counts that add up.",
    ),
    "waited: 90s, in: metzz, expect: stays": (
        "metzz",
        "there is no queue or in-house site `metzz` [N305]. Did you mean `metz`?",
    ),
    "in: paris, expect: paris": (
        "paris",
        "`in` says where a caller waits [C115]. Add `waited: 90s`, or remove `in`.",
    ),
    "language: fr": ("{name", "the case expects nothing [C111]. Write `expect: NAME`, or `rule: NAME`."),
    "load: waiting=5,ready=0, expect: paris": (
        "ready=0",
        ('`ready=0` stands behind a `,`, which ends the load [K101]. Write it in quotes: load: "waiting=5,ready=0".'),
    ),
    "load: waiting, expect: paris": ("waiting,", "`waiting` says no load [C101]. Write waiting=5."),
    "caller: anonymus, expect: paris": (
        "anonymus",
        "`anonymus` is not possible here [V130]. Did you mean `anonymous`?",
    ),
    "expct: paris": ("expct", "`expct` is not known here [K101]. Did you mean `expect`?"),
    "caller: 0612345678, expect: paris": (
        "0612345678",
        (
            "the telephone number 0612345678 has no quotes, and YAML can change it [Y202]. "
            'Write it in quotes: "0612345678".'
        ),
    ),
}


@pytest.mark.parametrize("keys", REFUSALS)
def test_a_faulty_case_is_told_with_its_place(written: Written, tmp_path: Path, keys: str) -> None:
    """File, line, column, what is wrong and the nearest word that is known."""
    with pytest.raises(RefusedFileError) as raised:
        written(keys)
    file = tmp_path / "routing.cases.yaml"
    marked, told = REFUSALS[keys]
    column = file.read_text().splitlines()[1].index(marked) + 1
    assert str(raised.value.problems[0]) == f"{file}:2:{column}: error: {told}"


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("tomorrow 8:00", "`tomorrow 8:00` says no day and time [C110]. Write both: 2026-12-24 18:00."),
        ("2026-02-30 8:00", "there is no day 2026-02-30 [C110]. Write year, month and day: 2026-12-24."),
    ],
)
def test_an_instant_means_the_same_every_day(written: Written, tmp_path: Path, at: str, told: str) -> None:
    """A case that holds today holds next year: only a date says when."""
    written("expect: paris")
    file = tmp_path / "routing.cases.yaml"
    file.write_text(file.read_text().replace("2026-11-25 10:00", at))
    with pytest.raises(RefusedFileError) as raised:
        load_cases(file)
    assert str(raised.value.problems[0]).endswith(f": error: {told}")


def test_a_measure_without_a_name_is_that_of_the_one_queue(written: Written, tmp_path: Path) -> None:
    """Where a service has several queues, all are told; for a caller who waits, too."""
    written("expect: paris")
    file = tmp_path / "routing.cases.yaml"
    text = file.read_text().replace("0800 123 456", "0800 456 789")
    told = []
    for keys in ("load: waiting=6, expect", "waited: 90s, expect"):
        file.write_text(text.replace("expect", keys))
        with pytest.raises(RefusedFileError) as raised:
            load_cases(file)
        told.append(str(raised.value.problems[0]).partition(" error: ")[2])
    assert told == [
        (
            "`waiting` does not say of which queue of the service `east` [C103]. "
            "Write `east.waiting` or `support.waiting`."
        ),
        "nothing says in which queue of `east` the caller waits [C115]. Add `in: east`, or another of east, support.",
    ]


def test_a_file_that_names_no_routing_file_is_told(tmp_path: Path) -> None:
    """NAME.cases.yaml is about NAME.yaml; any other file says which."""
    file = tmp_path / "nights.yaml"
    file.write_text('cases:\n  - {name: one, number: "0800 123 456", at: 2026-11-25 10:00, expect: paris}\n')
    with pytest.raises(RefusedFileError) as raised:
        load_cases(file)
    assert str(raised.value) == (
        f"{file}:1:1: error: it is not said which routing file the cases are about [C117]. "
        "Add a line `routing: routing.yaml`, or name the file NAME.cases.yaml."
    )


def test_a_name_stands_for_one_case(written: Written, tmp_path: Path) -> None:
    """Two cases of one name could not be told apart in a report."""
    written("expect: paris")
    file = tmp_path / "routing.cases.yaml"
    text = file.read_text()
    file.write_text(text + text.splitlines(keepends=True)[1])
    with pytest.raises(RefusedFileError) as raised:
        load_cases(file)
    assert "error: two cases are named `one`; the first is on line 2 [C116]" in str(raised.value)


@settings(max_examples=max(int(os.environ.get("CCROUTER_MUTATIONS", "1500")) // 15, 1))
@given(mutated_text([EXAMPLE]) | mutated_structure([EXAMPLE]))
def test_a_file_that_was_changed_anyhow_can_be_asked_or_is_refused(folder: Path, text: str) -> None:
    """Whatever else is raised is a fault of ours; a problem has a code and a place inside its file."""
    file = folder / "routing.cases.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    problems: tuple[Problem, ...] = ()
    try:
        cases = load_cases(file)
        assert all(answer(cases.rules, case).facts.at == case.at for case in cases.cases)
    except RefusedFileError as error:
        problems = error.problems
    lines = text.split("\n")
    own = [problem for problem in problems if problem.file == str(file)]
    assert all(problem.code in CODES for problem in problems)
    assert all(1 <= problem.column <= len(lines[problem.line - 1]) + 1 for problem in own)
