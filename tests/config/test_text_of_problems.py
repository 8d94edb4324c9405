"""How problems look to a person."""

import pytest

from ccrouter.config.problems import MOST, Problem, RefusedFileError, nearest, render, suggest


def test_piece_of_the_line_is_underlined() -> None:
    """The line is shown with the piece underlined, the cure below it."""
    problem = Problem("routing.yaml", 2, 8, "N301", "there is no site `pari`", "Did you mean `paris`?", width=4)
    assert render(problem, "sites:\n  to: [pari]\n").splitlines() == [
        "routing.yaml:2:8: error: there is no site `pari` [N301]",
        "    2 |   to: [pari]",
        "      |        ^^^^",
        "      = Did you mean `paris`?",
    ]


def test_nothing_of_a_file_steers_the_terminal() -> None:
    """Control characters of the file come out as dots, in the line shown and in the message."""
    problem = Problem("routing.yaml", 1, 1, "K101", "`\x1b[31m` is not known", "Remove it")
    shown = render(problem, "\x1b[31m: \u202eabc\n")
    assert "\x1b" not in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize("column", [1, 500, 5000])
def test_long_line_is_cut_around_the_place(column: int) -> None:
    """A line of any length is shown as a window with the place in it, underlined where it is."""
    line = "".join(str(i % 10) for i in range(5000))
    _, shown, underline, _ = render(Problem("f", 1, column, "K101", "m", "c", width=3), line).splitlines()
    assert len(shown) < 160
    assert shown[underline.index("^")] == line[column - 1]


def test_a_file_without_text_is_told_too() -> None:
    """A problem of a file that can't be read has no line to show."""
    assert "f:1:1: error: gone [Y101]" in render(Problem("f", 1, 1, "Y101", "gone", "Look for it"), "")


def test_problems_come_in_the_order_of_the_file_and_not_without_end() -> None:
    """All problems are told from the top, each once; of a hopeless file the first hundred."""
    problems = [Problem("f", line, 1, "K101", "wrong", "Mend it") for line in range(300, 0, -1)]
    error = RefusedFileError([*problems, *problems])
    assert [problem.line for problem in error.problems] == list(range(1, MOST + 1))
    assert str(error).endswith("... and 200 more.")


def test_one_line_form_ends_as_a_sentence() -> None:
    """In a log each problem is one line."""
    assert str(Problem("f", 3, 4, "N306", "there is no site `x`", "Did you mean `y`?")) == (
        "f:3:4: error: there is no site `x` [N306]. Did you mean `y`?"
    )
    assert str(Problem("f", 3, 4, "K108", "it is empty", "Fill it")) == "f:3:4: error: it is empty [K108]. Fill it."


def test_nearest_word_is_found_in_any_case() -> None:
    """A slip of a letter, or of a capital, is recognised; a word that is far from all is not."""
    assert nearest("Pari", ["paris", "tunis"]) == "paris"
    assert nearest("lyon", ["paris", "tunis"]) is None
    assert suggest("lyon", ["tunis", "paris"]) == "Known here: `paris`, `tunis`"
    assert suggest("lyon", []) == "There are none yet: define it first"
