"""How `check` tells what it found: to people, and to the programs that show it beside a change."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from ccrouter.config.codes import CODES, Code
from ccrouter.config.problems import Problem
from ccrouter.config.review import Review

SEVERITIES: Final = ("error", "warning", "note")
REFERENCE: Final = "docs/problems.md"


def counted(reviews: Sequence[Review]) -> dict[str, int]:
    """Return how many problems there are, by severity."""
    return {severity: sum(review.count(severity) for review in reviews) for severity in SEVERITIES}


def as_json(reviews: Sequence[Review]) -> str:
    """Return one object: whether all is good, each file, each problem, and the counts."""
    files = [
        {
            "file": review.file,
            "kind": review.kind,
            "good": review.good,
            "holds": review.holds,
            "whole": review.whole,
            "left_out": review.left_out,
        }
        for review in reviews
    ]
    problems = [
        {
            "file": problem.file,
            "line": problem.line,
            "column": problem.column,
            "width": problem.width,
            "severity": problem.severity,
            "code": problem.code,
            "name": CODES[problem.code].name,
            "message": problem.message,
            "cure": problem.cure,
        }
        for problem in _all(reviews)
    ]
    good = all(review.good for review in reviews)
    return _dumped({"good": good, "files": files, "problems": problems, "counts": counted(reviews)})


def as_github(reviews: Sequence[Review]) -> str:
    """Return workflow commands of GitHub Actions, which shows them at their lines of a pull request."""
    kinds = {"error": "error", "warning": "warning", "note": "notice"}
    lines = []
    for problem in _all(reviews):
        where = {
            "file": _relative(problem.file),
            "line": problem.line,
            "col": problem.column,
            "endColumn": problem.column + problem.width,
            "title": f"{problem.code} {CODES[problem.code].name}",
        }
        properties = ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in where.items())
        lines.append(f"::{kinds[problem.severity]} {properties}::{_escaped(_sentence(problem))}")
    return "\n".join(lines)


def as_gitlab(reviews: Sequence[Review]) -> str:
    """Return a Code Quality report of GitLab."""
    ranks = {"error": "blocker", "warning": "major", "note": "info"}
    return _dumped(
        [
            {
                "description": _sentence(problem),
                "check_name": f"{problem.code} {CODES[problem.code].name}",
                "fingerprint": mark,
                "severity": ranks[problem.severity],
                "location": {"path": _relative(problem.file), "lines": {"begin": problem.line}},
            }
            for problem, mark in _marked(reviews)
        ]
    )


def as_sarif(reviews: Sequence[Review]) -> str:
    """Return a log in SARIF 2.1.0 (OASIS), which code hosts and editors read; columns count Unicode signs."""
    told = {problem.code: CODES[problem.code] for problem in _all(reviews)}
    rules = sorted(told)
    driver = {
        "name": "ccrouter check",
        "version": version("ccrouter"),
        "rules": [_rule(told[code]) for code in rules],
    }
    results = [
        {
            "ruleId": problem.code,
            "ruleIndex": rules.index(problem.code),
            "level": problem.severity,
            "message": {"text": _sentence(problem)},
            "locations": [{"physicalLocation": _location(problem)}],
            "partialFingerprints": {"problem/v1": mark},
        }
        for problem, mark in _marked(reviews)
    ]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
    return _dumped({"$schema": schema, "version": "2.1.0", "runs": [run]})


FORMATS: Final[Mapping[str, Callable[[Sequence[Review]], str]]] = {
    "json": as_json,
    "github": as_github,
    "gitlab": as_gitlab,
    "sarif": as_sarif,
}


def _all(reviews: Sequence[Review]) -> list[Problem]:
    return [problem for review in reviews for problem in review.problems]


def _marked(reviews: Sequence[Review]) -> list[tuple[Problem, str]]:
    """Return each problem with a mark that stays as lines move: of its file, its text, and those like it before."""
    seen: dict[tuple[str, ...], int] = {}
    marked = []
    for problem in _all(reviews):
        what = (_relative(problem.file), problem.code, problem.message)
        seen[what] = seen.get(what, 0) + 1
        mark = hashlib.sha256("\0".join((*what, str(seen[what]))).encode()).hexdigest()[:40]
        marked.append((problem, mark))
    return marked


def _rule(code: Code) -> dict[str, Any]:
    return {
        "id": code.code,
        "name": code.name,
        "shortDescription": {"text": code.name.replace("-", " ")},
        "fullDescription": {"text": code.explanation},
        "help": {"text": f"{code.explanation} See {REFERENCE}, {code.code}."},
        "defaultConfiguration": {"level": code.severity},
    }


def _location(problem: Problem) -> dict[str, Any]:
    path = Path(_relative(problem.file))
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
    region = {
        "startLine": problem.line,
        "startColumn": problem.column,
        "endColumn": problem.column + problem.width,
    }
    return {"artifactLocation": {"uri": uri}, "region": region}


def _relative(file: str) -> str:
    """Return a path as seen from the working folder, which is the checkout where such reports are made."""
    path, here = Path(file), Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def _sentence(problem: Problem) -> str:
    return f"{problem.message}. {problem.cure}{'' if problem.cure.endswith('?') else '.'}"


def _escaped(text: str, also: str = "") -> str:
    """Return a text for a workflow command, in which a line break would begin another one."""
    return "".join(f"%{ord(sign):02X}" if sign in f"%\r\n{also}" else sign for sign in text)


def _dumped(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2)
