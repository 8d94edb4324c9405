"""The files that people write: routing, settings and cases, as bytes."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from hypothesis import strategies as st

from ccrouter.config.cases import load_cases
from ccrouter.config.codes import CODES
from ccrouter.config.load import compile_text
from ccrouter.config.problems import MOST, RefusedFileError, render
from ccrouter.config.settings import compile_settings
from ccrouter.config.tokens import compile_tokens
from support.configs import CONFIGS
from support.fuzz.target import Change, Target
from support.mutations import mutated_structure, mutated_text

SECRETS: Final = {"CCROUTER_AMI_SECRET": "a secret"}


def good_or_refused(data: bytes, load: Callable[[bytes], object]) -> None:
    """Check that a file is taken, or that each problem has a code, points into the file, and can be shown."""
    try:
        load(data)
    except RefusedFileError as error:
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
        lines = text.split("\n")
        assert 1 <= len(error.problems) <= MOST
        for problem in error.problems:
            assert problem.code in CODES
            assert problem.message
            assert problem.cure
            assert 1 <= problem.line <= len(lines)
            assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1, problem
            shown = render(problem, text)
            assert "\x1b" not in shown
            assert len(shown) < 4000


def check_routing(data: bytes) -> None:
    """Check that whatever a routing file holds, it compiles, or is refused with places inside it."""
    good_or_refused(data, lambda data: compile_text(data, "routing.yaml"))


def check_settings(data: bytes) -> None:
    """Check the same of a settings file."""
    good_or_refused(data, lambda data: compile_settings(data, Path("settings.yaml"), SECRETS))


@cache
def folder() -> Path:
    """Return a folder with a routing file that cases may be about."""
    made = Path(mkdtemp(prefix="ccrouter-fuzz-"))
    (made / "routing.yaml").write_bytes((CONFIGS / "example.yaml").read_bytes())
    return made


def check_cases(data: bytes) -> None:
    """Check the same of a case file beside a good routing file."""
    path = folder() / "routing.cases.yaml"
    path.write_bytes(data)
    good_or_refused(data, lambda _: load_cases(path))


def check_tokens(data: bytes) -> None:
    """Check the same of a file of tokens."""
    good_or_refused(data, lambda data: compile_tokens(data, "tokens.yaml"))


def token_seeds() -> list[bytes]:
    """Return files of tokens."""
    each = f"{{role: read, sha256: {'0' * 64}, ends: 2027-02-20}}"
    other = f"{{role: administer, sha256: {'f' * 64}, ends: 9999-12-31}}"
    return [f"tokens:\n  wallboard: {each}\n  desk: {other}\n".encode(), b"tokens: {}\n", *ODD]


def changes(names: tuple[str, ...]) -> Change:
    """Return what changes a file as a hurried person would; one that can't be read is changed by signs alone."""
    sources = [(CONFIGS / name).read_text("utf-8") for name in names]

    def change(data: bytes) -> st.SearchStrategy[bytes]:
        text = data.decode("utf-8", "replace")
        ways = mutated_text([text, *sources]) | mutated_structure(sources)
        return ways.map(lambda made: made.encode("utf-8", "surrogatepass"))

    return change


def read(names: tuple[str, ...]) -> Callable[[], list[bytes]]:
    """Return what reads files that come with ccrouter, and some that are none."""
    return lambda: [*((CONFIGS / name).read_bytes() for name in names), *ODD]


ODD: Final = (
    *(b"", b"\xef\xbb\xbf", b"\xff\xfea\0", b"a: [\r\nb: {\r\n", b"? a\n: b\n", b"%YAML 1.1\n---\na: 1\n...\nb"),
    *(
        b"a: &x [*x]\n",
        b"<<: {a: 1}\n",
        b"!!python/object:os.system a\n",
        b"a: |\n  x\n y\n",
        b"- - - - -\n",
        b"'",
        b"[" * 60,
    ),
)
ROUTING: Final = ("minimal.yaml", "example.yaml", "demo/routing.yaml")
SETTINGS: Final = ("settings.yaml",)
CASES: Final = ("example.cases.yaml", "scenarios/dual-sourcing.cases.yaml")

WORDS: Final = (
    *(b": ", b"\n", b"  ", b"- ", b"[", b"]", b"{", b"}", b"#", b"'", b'"', b"&a ", b"*a", b"!!str ", b"<<: ", b"? "),
    *(b"| ", b"> ", b"---\n", b"...\n", b"\t", b"\r\n", b"\0", b"\xef\xbb\xbf", b"\xc2\x85", b"\xe2\x80\xa8", b"\xff"),
    *(b"null", b"~", b"0x10", b"1e999", b"9999-12-31: closed", b"24/7", b"share: ", b"any: ", b"not: ", b"x" * 200),
    *(b"\xed\xa0\x80", b"e\xcc\x81", b"\xe2\x80\xae", b"${X}", b"name: ", b"when: ", b"to: ", b"rules: ", b"0800"),
)

ROUTING_FILE: Final = Target("routing", check_routing, read(ROUTING), WORDS, changes(ROUTING), most=20_000, tries=60)
SETTINGS_FILE: Final = Target("settings", check_settings, read(SETTINGS), WORDS, changes(SETTINGS), most=8000, tries=60)
TOKENS_FILE: Final = Target("tokens", check_tokens, token_seeds, (*WORDS, b"0001-01-01", b"9999-12-31"), tries=60)
CASE_FILE: Final = Target("cases", check_cases, read(CASES), WORDS, changes(CASES[:1]), most=8000, tries=40)
