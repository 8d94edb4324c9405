"""The registry of codes: each is explained, shown by an example that has it, and told somewhere in the code."""

import ast
import re
from base64 import b64encode
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from ccrouter.config.cases import load_cases
from ccrouter.config.codes import CODES, FAMILIES, Code
from ccrouter.config.codes.frame import SETTINGS, framed
from ccrouter.config.document import Document, Text
from ccrouter.config.load import compile_text
from ccrouter.config.problems import MOST, Problem, RefusedFileError
from ccrouter.config.review import review
from ccrouter.config.settings import compile_settings
from ccrouter.config.shape import Strict, shape
from ccrouter.config.surroundings import Surroundings
from ccrouter.config.tokens import compile_tokens
from ccrouter.config.yaml import read
from ccrouter.config.yaml_faults import MAX_BYTES

SOURCE: Final = Path(__file__).parents[2] / "src/ccrouter"
AT: Final = 1_795_000_000.0
"""November 2026."""

SIGNING: Final = f"whsec_{b64encode(bytes(32)).decode()}"
ENVIRONMENT: Final = {"CCROUTER_AMI_SECRET": "a secret", "CCROUTER_EMPTY": "", "CCROUTER_HOOK_SECRET": SIGNING}
EXAMPLES: Final = [code for code in CODES.values() if code.bad]
WITHOUT: Final = {"Y101", "Y102", "K106", "M161", "S113", "S145", "S146"}
"""Codes that no content of a file shows; each has a test of its own below."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with what settings may name."""
    for name, mode in (("ami.secret", 0o600), ("open.secret", 0o644), ("ca.pem", 0o644)):
        (tmp_path / name).write_text("word")
        (tmp_path / name).chmod(mode)
    (tmp_path / "tokens").touch(0o600)
    (tmp_path / "tokens").write_text("tokens: {}\n")
    (tmp_path / "routing.yaml").write_text(framed(CODES["N205"], "modes: [crisis]"))
    return tmp_path


def told_by_daemon(code: Code, data: bytes, folder: Path) -> list[Problem]:
    """Return what the daemon refuses a file with."""
    try:
        match code.of:
            case "settings":
                compile_settings(data, folder / "settings.yaml", ENVIRONMENT)
            case "cases":
                (folder / "cases.yaml").write_bytes(data)
                load_cases(folder / "cases.yaml")
            case "tokens":
                compile_tokens(data, "tokens.yaml")
            case _:
                compile_text(data, "routing.yaml")
    except RefusedFileError as error:
        return list(error.problems)
    return []


def told_by_check(code: Code, data: bytes, folder: Path) -> list[Problem]:
    """Return what `check` tells of a file: errors, warnings and notes."""
    file = folder / f"{code.of}.yaml"
    file.write_bytes(data)
    return [problem for found in review(file, AT, ENVIRONMENT) for problem in found.problems]


@pytest.mark.parametrize("code", EXAMPLES, ids=lambda code: code.code)
def test_bad_example_has_this_problem_and_the_good_one_none(code: Code, folder: Path) -> None:
    """The bad example of an error is refused with this code alone, that of a remark has it; the good has none."""
    bad, good = framed(code, code.bad).encode(code.encoding), framed(code, code.good).encode()
    if code.severity == "error":
        assert {problem.code for problem in told_by_daemon(code, bad, folder)} == {code.code}
    found = told_by_check(code, bad, folder)
    assert code.code in {problem.code for problem in found}
    assert code.severity == "error" or not any(problem.severity == "error" for problem in found)
    assert told_by_daemon(code, good, folder) == []
    assert code.code not in {problem.code for problem in told_by_check(code, good, folder)}


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.code)
def test_code_is_explained(code: Code) -> None:
    """A letter and three digits; a name in words; sentences; an example, or a reason why there is none."""
    assert re.fullmatch(r"[YKVTNDLMSC]\d{3}", code.code)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code.name)
    assert code.explanation.endswith(".")
    assert bool(code.bad) == bool(code.good) == (code.code not in WITHOUT)


def test_codes_and_names_are_given_once() -> None:
    """Neither a code nor a name stands for two things."""
    assert Counter(code.name for code in CODES.values()).most_common(1)[0][1] == 1
    assert sum(len(family) for family in FAMILIES.values()) == len(CODES)


def test_every_code_that_is_raised_is_registered_and_the_other_way_round() -> None:
    """No refusal has a code that nobody can look up, and no code is explained that nothing raises."""
    raised = set[str]()
    for file in SOURCE.rglob("*.py"):
        if "codes" not in file.parts:
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and re.fullmatch(r"[YKVTNDLMSC]\d{3}", str(node.value)):
                    raised.add(str(node.value))
    assert raised == set(CODES)


def test_sound_that_is_not_there(tmp_path: Path) -> None:
    """M161: a folder of sounds in which there are none."""
    (tmp_path / "routing.yaml").write_text(framed(CODES["N205"], "modes: [crisis]"))
    found = review(tmp_path / "routing.yaml", AT, {}, [tmp_path])[0]
    assert [problem.code for problem in found.problems if problem.code.startswith("M")] == ["M161"]


def test_tokens_of_what_the_routing_file_lacks(folder: Path) -> None:
    """S145, S146: told where the settings are checked, at the names themselves, with the nearest there is."""
    (folder / "settings.yaml").write_text(f"http: {{tokens: tokens}}\n{SETTINGS}")
    hashes = [str(n) * 64 for n in range(5)]
    (folder / "tokens").write_text(
        "tokens:\n"
        f"  anna: {{role: position, position: PJSIP/101, queues: [support, suport], sha256: {hashes[0]}}}\n"
        f"  eric: {{role: position, position: PJSIP/102, queues: [support], sha256: {hashes[1]}}}\n"
        f"  away: {{role: site, site: tunise, sha256: {hashes[2]}}}\n"
        f"  tunis: {{role: site, site: tunis, sha256: {hashes[3]}}}\n"
        f"  board: {{role: read, sha256: {hashes[4]}}}\n"
    )
    reviews = review(folder / "settings.yaml", AT, ENVIRONMENT)
    assert [found.kind for found in reviews] == ["settings", "tokens", "routing"]
    assert [(each.code, each.severity, each.line, each.column, each.cure) for each in reviews[1].problems] == [
        ("S145", "warning", 2, 65, "Did you mean `support`?"),
        ("S146", "warning", 4, 28, "Did you mean `tunis`?"),
    ]
    assert all(found.good for found in reviews)
    assert review(folder / "tokens", AT, ENVIRONMENT)[0].problems == ()


def test_file_that_can_not_be_read(tmp_path: Path) -> None:
    """Y101: a path that leads nowhere."""
    assert [problem.code for problem in review(tmp_path / "none.yaml", AT, {})[0].problems] == ["Y101"]


def test_file_that_is_too_large(tmp_path: Path) -> None:
    """Y102: more than a routing file can be."""
    (tmp_path / "large.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    assert [problem.code for problem in review(tmp_path / "large.yaml", AT, {})[0].problems] == ["Y102"]


def test_shape_that_only_pydantic_knows() -> None:
    """K106: what a model refuses without words of ours is told with pydantic's, at its place."""

    class Counted(Strict):
        count: int

    document = read(b"count: many\n", "f")
    with pytest.raises(RefusedFileError) as raised:
        shape(document, Counted)
    assert [(problem.code, problem.column) for problem in raised.value.problems] == [("K106", 8)]


def test_folder_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S113: the folder is there, and its rights are not."""
    monkeypatch.setattr("os.access", lambda *_: False)
    document = Document(
        "f", {Text("state_dir", plain=True): Text(".", plain=True)}, {}, {(): read(b"a: b", "f").at(())}
    )
    Surroundings(document, tmp_path, {}, elsewhere=True).place(Path(), ("state_dir",))
    assert [(problem.code, problem.severity) for problem in document.problems] == [("S113", "note")]
    assert "state_dir" in SETTINGS


def test_a_hundred_problems_are_told_and_the_others_counted(tmp_path: Path) -> None:
    """Whoever has mended a hundred asks again."""
    (tmp_path / "routing.yaml").write_text("".join(f"key {i}: x\n" for i in range(MOST + 20)))
    found = review(tmp_path / "routing.yaml", AT, {})[0]
    assert (len(found.problems), found.left_out) == (MOST, 23)
