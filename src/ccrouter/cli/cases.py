"""ccrouter test: the cases beside a routing file."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccrouter.cli.options import FAILED, SETTINGS, examples, tell_problems, told

if TYPE_CHECKING:
    from ccrouter.config.cases import Cases
    from ccrouter.outlook.cases import Answer
    from ccrouter.outlook.words import Line


@click.command(
    "test",
    epilog=examples(
        "ccrouter test",
        "ccrouter test routing.cases.yaml",
        "ccrouter test configs/scenarios/*.cases.yaml --all-rules",
        "ccrouter test routing.yaml --junit report.xml",
    ),
)
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--all-rules", is_flag=True, help="Fail when a rule decided no case.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write a report for CI (JUnit XML).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--settings",
    type=click.Path(dir_okay=False, path_type=Path),
    default=SETTINGS,
    show_default=True,
    help="Without FILES: the settings file that names the routing file.",
)
def test(*, files: tuple[Path, ...], all_rules: bool, junit: Path | None, as_json: bool, settings: Path) -> None:
    """Ask the rules what becomes of certain calls, and fail where it is not what the case files expect.

    FILES are case files, or routing files that have one beside them: routing.cases.yaml for routing.yaml.
    """
    from ccrouter.config.problems import RefusedFileError  # noqa: PLC0415

    with told():
        try:
            results = [_result(file) for file in files or (_beside_settings(settings),)]
        except RefusedFileError as error:
            tell_problems(error)
            sys.exit(FAILED)
    if junit is not None:
        from ccrouter.cli.junit import report  # noqa: PLC0415

        try:
            junit.write_text(report([(str(each.cases.file), each.answers) for each in results]), "utf-8")
        except OSError as error:
            raise click.FileError(str(junit), error.strerror) from None
    if as_json:
        click.echo(json.dumps([_record(each) for each in results], ensure_ascii=False))
    else:
        _show(results)
    if any(each.failed or (all_rules and each.never) for each in results):
        sys.exit(FAILED)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the cases of one file; `rules` are all rules of its routing file, `never` those without a case."""

    cases: "Cases"
    answers: "Sequence[Answer]"
    rules: tuple[str, ...]
    never: tuple[str, ...]

    @property
    def failed(self) -> int:
        """Return how many cases are not as expected."""
        return sum(not answer.good for answer in self.answers)


def _beside_settings(settings: Path) -> Path:
    """Return the routing file that the settings name.

    Raises:
        RefusedFileError: they can't be used; secrets that only the daemon can read are no reason.

    """
    from ccrouter.config.load import read_file  # noqa: PLC0415
    from ccrouter.config.settings import settings_of  # noqa: PLC0415
    from ccrouter.config.yaml import read  # noqa: PLC0415

    return settings_of(read(read_file(settings), str(settings)), settings, os.environ, elsewhere=True).routing


def _result(file: Path) -> Result:
    """Return what becomes of the cases of a file.

    Raises:
        RefusedFileError: it can't be used.

    """
    from ccrouter.config.cases import case_file, load_cases  # noqa: PLC0415
    from ccrouter.outlook.cases import answer, rules_of  # noqa: PLC0415

    cases = load_cases(case_file(file))
    answers = [answer(cases.rules, case) for case in cases.cases]
    rules = rules_of(cases.rules)
    decided = {name for found in answers for name in found.deciders}
    return Result(cases, answers, rules, tuple(name for name in rules if name not in decided))


# --- for people -------------------------------------------------------------------------------------------------------


def _show(results: Sequence[Result]) -> None:
    from ccrouter.cli.printing import show  # noqa: PLC0415
    from ccrouter.outlook.words import Line, Tone  # noqa: PLC0415

    for result in results:
        for answer in result.answers:
            if not answer.good:
                show([Line(f"{result.cases.file}:{answer.case.line}: {answer.case.name}", Tone.BAD)])
                show(_failure(result, answer))
                show([Line("")])
        show(_summary(result))


def _failure(result: Result, answer: "Answer") -> "Iterator[Line]":
    from ccrouter.outlook.cases import with_waiting  # noqa: PLC0415
    from ccrouter.outlook.circumstances import Sources, circumstances, head, source_of  # noqa: PLC0415
    from ccrouter.outlook.words import Tone, lines, rules_tested  # noqa: PLC0415

    for expected, seen in answer.failures:
        yield from lines(expected, first="  expected   ", tone=Tone.HEAD)
        yield from lines(seen, first="  found      ", tone=Tone.HEAD)
    rules, call = result.cases.rules, answer.case.call
    case = answer.case
    load = with_waiting(case.load, case.queue, call.waited_s or 0.0) if case.queue else case.load
    yield from head(rules, call)
    yield from circumstances(rules, answer.facts, call, Sources("given", source_of(load)))
    yield from rules_tested(answer.decision, rules, whole=False, also=answer.case.rule)


def _summary(result: Result) -> "Iterator[Line]":
    from ccrouter.outlook.words import Line, Tone, lines  # noqa: PLC0415

    cases, good = len(result.answers), len(result.answers) - result.failed
    text = f"{result.cases.file}: {cases} case{'s' * (cases != 1)}, {good} good, {result.failed} failed"
    yield Line(text, Tone.BAD if result.failed else Tone.DECIDES)
    if result.rules:
        decided = len(result.rules) - len(result.never)
        never = f"; never: {', '.join(result.never)}" if result.never else ""
        yield from lines(f"{decided} of {len(result.rules)} rules decided at least one case{never}", first="  ")


# --- for programs -----------------------------------------------------------------------------------------------------


def _record(result: Result) -> dict[str, object]:
    from ccrouter.outlook.cases import destinations  # noqa: PLC0415

    return {
        "file": str(result.cases.file),
        "routing": str(result.cases.routing),
        "version": result.cases.rules.version,
        "cases": [
            {
                "name": answer.case.name,
                "line": answer.case.line,
                "good": answer.good,
                "rule": answer.decision.rule,
                "destinations": list(destinations(answer.decision)),
                **({"counts": answer.counts} if answer.case.counts else {}),
                "not_as_expected": [{"expected": expected, "found": seen} for expected, seen in answer.failures],
            }
            for answer in result.answers
        ],
        "rules": len(result.rules),
        "never": list(result.never),
    }
