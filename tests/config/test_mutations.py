"""Whatever happens to a file on its way: it is good, or it is refused with places inside it."""

from pathlib import Path
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from ccrouter.config.load import compile_text
from ccrouter.config.problems import RefusedFileError, render
from ccrouter.config.settings import compile_settings

HOUSE: Final = Path(__file__).parents[2]
EXAMPLE: Final = (HOUSE / "configs/example.yaml").read_text("utf-8")
SETTINGS: Final = (HOUSE / "configs/settings.yaml").read_text("utf-8")
PIECES: Final = st.sampled_from(
    [
        *(
            "",
            " ",
            "  ",
            "\t",
            "\n",
            "\r",
            "\0",
            "\x85",
            "\u2028",
            "\ufeff",
            "e\u0301",
            "'",
            '"',
            ":",
            ": ",
            "-",
            "- ",
            ",",
        ),
        *(
            "[",
            "]",
            "{",
            "}",
            "[]",
            "{}",
            "#",
            " #",
            "&a ",
            "*a",
            "!!str ",
            "<<: ",
            "? ",
            "| ",
            "> ",
            "%",
            "@",
            "`",
            "---\n",
        ),
        *(
            "...\n",
            "null",
            "~",
            "yes",
            "off",
            "0",
            "-1",
            "1e400",
            "99999999999999999999",
            "0x10",
            "08:30",
            "0s",
            "90",
            "80%",
        ),
        *(
            "PH",
            "24/7",
            "Mo",
            "2026-02-30",
            "paris",
            "tunis",
            "closed",
            "support",
            "office",
            "crisis",
            "share",
            "for",
            "site",
        ),
        *(
            "at_most: 1, ",
            "any: ",
            "not: ",
            "when: ",
            "name: night\n",
            "9999-12-31: closed\n",
            "\\",
            "$",
            "|",
            "&",
            ";",
            "(",
            "é",
        ),
    ]
)


@st.composite
def mutated(draw: st.DrawFn, source: str) -> str:
    """Return a file with some lines dropped, doubled or swapped, and some pieces replaced."""
    lines = source.split("\n")
    for _ in range(draw(st.integers(0, 2))):
        i = draw(st.integers(0, len(lines) - 1))
        j = draw(st.integers(0, len(lines) - 1))
        match draw(st.integers(0, 3)):
            case 0:
                del lines[i : i + draw(st.integers(1, 5))]
                lines = lines or [""]
            case 1:
                lines.insert(j, lines[i])
            case 2:
                lines[i], lines[j] = lines[j], lines[i]
            case _:
                lines[i] = " " * draw(st.integers(0, 12)) + lines[i].lstrip()
    text = "\n".join(lines)
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text)))
        text = text[:start] + draw(PIECES | st.text(max_size=3)) + text[start + draw(st.integers(0, 12)) :]
    return text


def refused_inside(error: RefusedFileError, text: str) -> None:
    """Check that each problem points into the file, and can be shown."""
    lines = text.split("\n")
    assert error.problems
    for problem in error.problems:
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        assert problem.message
        assert problem.cure
        assert "\x1b" not in render(problem, text)


@settings(max_examples=400)
@given(mutated(EXAMPLE))
def test_mutated_routing_file(text: str) -> None:
    """A routing file that was changed anyhow compiles, or is refused with places inside the file."""
    try:
        compile_text(text.encode("utf-8", "surrogatepass"), "routing.yaml")
    except RefusedFileError as error:
        refused_inside(error, text)


@settings(max_examples=200)
@given(mutated(SETTINGS))
def test_mutated_settings_file(text: str) -> None:
    """The same for the settings file."""
    try:
        compile_settings(
            text.encode("utf-8", "surrogatepass"), Path("settings.yaml"), {"CCROUTER_AMI_SECRET": "a secret"}
        )
    except RefusedFileError as error:
        refused_inside(error, text)
