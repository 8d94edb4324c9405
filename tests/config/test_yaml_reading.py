"""YAML as it is read: positions, texts as they stand, and nothing that can hurt."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ccrouter.config.document import Place, Text
from ccrouter.config.problems import RefusedFileError
from ccrouter.config.yaml import read
from ccrouter.config.yaml_faults import MAX_BYTES


@pytest.mark.parametrize(
    "word", ["0800123456", "8:30", "yes", "off", "null", "~", "1e3", "0x1f", "2026-12-24", "1_000", ".inf", "012"]
)
def test_no_word_is_converted(word: str) -> None:
    """Every scalar stays the text that was written, and knows that it had no quotes."""
    value = read(f"key: {word}\n".encode(), "f").value
    assert value == {"key": word}
    assert isinstance(value, dict)
    found = value[Text("key", plain=True)]
    assert isinstance(found, Text)
    assert found.plain


@pytest.mark.parametrize("written", ["'0800'", '"0800"', "|-\n  0800\n", ">-\n  0800\n"])
def test_quoted_text_is_known_as_such(written: str) -> None:
    """A text in quotes, or in a block, is not taken for a plain one."""
    value = read(f"key: {written}\n".encode(), "f").value
    assert isinstance(value, dict)
    found = value[Text("key", plain=True)]
    assert found == "0800"
    assert isinstance(found, Text)
    assert not found.plain


def test_every_key_and_value_has_its_place() -> None:
    """Lines and columns count from 1, in characters; a quoted text tells where its inside begins."""
    document = read("é: 1\nlist:\n  - {a: 'xy'}\n".encode(), "f")
    assert document.at(("é",), key=True) == Place(1, 1, 1, 0)
    assert document.at(("é",)) == Place(1, 4, 1, 0)
    assert document.at(("list", 0, "a"), key=True) == Place(3, 6, 1, 0)
    assert document.at(("list", 0, "a")) == Place(3, 9, 4, 1)


def test_missing_place_falls_back_to_what_is_around_it() -> None:
    """A problem with something that the file does not have is told where it would be."""
    document = read(b"a:\n  b: 1\n", "f")
    assert document.at(("a", "c", "d")) == document.at(("a",))
    assert document.at(("z",)).line == 1


def test_byte_order_mark_of_utf8_is_harmless() -> None:
    """An editor on Windows may write one; the columns stay right."""
    document = read(b"\xef\xbb\xbfa: 1\n", "f")
    assert document.value == {"a": "1"}
    assert document.at(("a",), key=True) == Place(1, 1, 1, 0)


def test_windows_line_ends_are_harmless() -> None:
    """CR LF ends a line and is no part of a value."""
    assert read(b"a: 1\r\nb: 2\r\n", "f").value == {"a": "1", "b": "2"}


@pytest.mark.parametrize("break_", ["\r", "\x85", "\u2028", "\u2029"])
def test_other_line_ends_are_refused(break_: str) -> None:
    """What YAML 1.1 takes for a line end, and an editor does not, would make line numbers differ."""
    with pytest.raises(RefusedFileError) as raised:
        read(f"a: 1{break_}b: 2\n".encode(), "f")
    assert [(problem.line, problem.column) for problem in raised.value.problems] == [(1, 5)]


def test_largest_file_is_told() -> None:
    """A file of more than 1 MiB is not even parsed."""
    with pytest.raises(RefusedFileError) as raised:
        read(b"#" * (MAX_BYTES + 1), "f")
    assert str(raised.value) == "f:1:1: error: the file is larger than 1 MiB [Y102]. Check that this is the right file."


@pytest.mark.parametrize(
    "bomb",
    [
        b"[" * 500_000,
        b"{a: " * 200_000,
        b"- " * 400_000,
        b"a: &a [x]\n" + b"b: [" + b"*a, " * 200_000 + b"]\n",
        b"? " * 400_000,
        b'"' + b"\\x41" * 200_000,
        b"x" * (MAX_BYTES + 1),
    ],
)
def test_bombs_are_cheap(bomb: bytes) -> None:
    """Whatever nests, multiplies or is just large is refused within seconds."""
    started = time.process_time()
    with pytest.raises(RefusedFileError):
        read(bomb, "f").refuse()
    assert time.process_time() - started < 10


@given(st.binary(max_size=300))
@example(b"\xff\xfe")
@example(b"a: \xc3")
@example(b"---\n...\n")
@example(b"%YAML 3.0\n---\na\n")
@example(b"*x")
@example(b"? *x\n: *y\n")
@example(b"<<: *x\n")
@example(b"{<<: {<<: 1}}")
@example(b"? {a: [b]}\n: {a: [b]}\n")
@example(b"&a *a")
@example("\u2028a: \u0085b\n".encode())
def test_any_bytes_are_read_or_refused_with_a_place_inside(data: bytes) -> None:
    """Whatever the bytes: a document, or problems that point into the file."""
    try:
        document = read(data, "f")
    except RefusedFileError as error:
        problems = error.problems
        assert problems
    else:
        problems = tuple(document.problems)
    lines = data.decode(errors="replace").split("\n")
    for problem in problems:
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        assert problem.message
        assert problem.cure
