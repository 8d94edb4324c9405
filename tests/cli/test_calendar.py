"""ccrouter calendar, as a person uses it."""

import json
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from ccrouter.cli import main
from support.configs import CONFIGS, EXAMPLE

FILE = str(EXAMPLE)
FROM = ("--from", "2026-11-22")
SVG = "{http://www.w3.org/2000/svg}"


def calendar(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, ["calendar", *arguments], catch_exceptions=False)


def test_year_at_a_glance() -> None:
    """The number, what is taken for granted, the grid, the usual week, the days that differ and the clocks."""
    found = calendar("0800 456 789", "--file", FILE, *FROM)
    assert found.exit_code == 0
    lines = found.stdout.splitlines()
    assert lines[:3] == [
        "0800 456 789 Commandes (orders)",
        "Sun 22 Nov 2026 to Mon 22 Nov 2027, Europe/Paris",
        "no mode on; nobody waits, every site is up",
    ]
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in found.stdout, "plain in a pipe"
    for line in (
        "  a  Mo-Fr     00:00-08:30  mailbox",
        "  d  Thu 24 Dec 2026: exception in office",
        "  c  Fri 25 Dec 2026: Christmas Day",
        "  Sun 28 Mar 2027: the clocks are turned forward, a day of 23 hours",
    ):
        assert line in lines


def test_spelling_of_the_number_does_not_matter() -> None:
    """A number is found by any way in which it may be dialled."""
    assert calendar("+33 800 456 789", "--file", FILE, *FROM).stdout == (
        calendar("0800456789", "--file", FILE, *FROM).stdout
    )


def test_circumstances_are_those_given() -> None:
    """Modes, a load and a caller hold all through the year."""
    crisis = calendar("0800 123 456", "--file", FILE, *FROM, "--days", "7", "--mode", "crisis").stdout
    assert "mode crisis on" in crisis
    assert "all day      backup, then all busy" in crisis or "backup, then tunis, then all busy" in crisis
    peak = calendar("0800 123 456", "--file", FILE, *FROM, "--days", "7", "--load", "waiting=6").stdout
    assert "08:30-18:30  tunis, then paris, then backup, then closed" in peak
    known = calendar("0800 123 456", "--file", FILE, *FROM, "--days", "7", "--caller", "06 12 34 56 78").stdout
    assert "08:30-18:30  paris, then tunis, then closed" in known


def test_json_has_every_stretch_and_every_day() -> None:
    """Stretches follow each other without a gap, on the clock of the place; days have their kind and their reason."""
    found = json.loads(calendar("0800 456 789", "--file", FILE, *FROM, "--json").stdout)
    stretches = found["stretches"]
    assert [each["to"] for each in stretches[:-1]] == [each["from"] for each in stretches[1:]]
    assert (stretches[0]["from"], stretches[-1]["to"]) == ("2026-11-22T00:00:00+01:00", "2027-11-23T00:00:00+01:00")
    assert stretches[1] == {
        "from": "2026-11-23T08:30:00+01:00",
        "to": "2026-11-23T18:30:00+01:00",
        "rule": "otherwise",
        "destinations": ["orders desk", "backup", "all busy"],
    }
    eve = next(each for each in found["days"] if each["date"] == "2026-12-24")
    assert eve == {"date": "2026-12-24", "kind": "d", "usual": False, "reason": "exception in office", "hours": 24.0}


class Page(HTMLParser):
    """Notes what a page would load or run."""

    def __init__(self) -> None:
        """Start with nothing."""
        super().__init__()
        self.foreign: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note scripts, links, images, and handlers of events."""
        if tag in {"script", "link", "img", "iframe", "object", "use"} or any(
            name in {"src", "href"} or name.startswith("on") for name, _ in attrs
        ):
            self.foreign.append(tag)


def test_page_to_print_stands_alone(tmp_path: Path) -> None:
    """One HTML file of a few hundred kilobytes: no script, nothing to load, the drawing inside."""
    file = tmp_path / "year.html"
    assert calendar("0800 123 456", "--file", FILE, *FROM, "--output", str(file)).stdout == ""
    text = file.read_text("utf-8")
    page = Page()
    page.feed(text)
    assert page.foreign == []
    assert "url(" not in text
    assert len(text) < 1_000_000
    assert "Christmas Day" in text


def test_drawing_shows_every_day_with_letters(tmp_path: Path) -> None:
    """SVG that can be parsed: a title for each day, a letter for each destination, none by colour alone."""
    file = tmp_path / "year.svg"
    calendar("0800 123 456", "--file", FILE, *FROM, "--output", str(file))
    drawing = ET.fromstring(file.read_text("utf-8"))  # noqa: S314 - written a moment ago
    assert len(drawing.findall(f".//{SVG}g/{SVG}title")) == 366
    texts = [each.text or "" for each in drawing.iter(f"{SVG}text")]
    legend = [text for text in texts if " - by " in text]
    assert len(legend) >= 3
    assert set("ABCDEFGH"[: len(legend)]) <= set(texts)
    assert any(text.startswith("paris 70 % / tunis 30 %, then backup, then closed - by both") for text in legend)
    width, height = (float(drawing.attrib[side].removesuffix("mm")) for side in ("width", "height"))
    assert (width <= 281, height <= 194) == (True, True), "one sheet of A4, landscape, less its margins"


def test_texts_of_the_file_are_escaped(tmp_path: Path) -> None:
    """A label with signs of HTML is shown, not obeyed."""
    text = EXAMPLE.read_text("utf-8").replace("label: Commandes", "label: '<script>alert(1)</script> & Söhne'")
    routing, file = tmp_path / "routing.yaml", tmp_path / "year.html"
    routing.write_text(text, "utf-8")
    calendar("0800 456 789", "--file", str(routing), *FROM, "--output", str(file))
    assert "<script>" not in file.read_text("utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Söhne" in file.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["0800 456 789", "--file", FILE, "--from", "someday"], 1, "says no instant"),
        (["0800 456 789", "--file", FILE, "--mode", "crysis"], 2, "there is no mode 'crysis'. Did you mean `crisis`?"),
        (["0800 456 789", "--file", FILE, "--load", "waitin=3"], 1, "waitin"),
        (["0800 456 789", "--file", FILE, "--output", "year.pdf"], 2, "end the name with .html or .svg"),
        (["0800 456 789", "--file", FILE, "--days", "0"], 2, "0 is not in the range"),
        (["0800 456 789", "--file", "/nowhere.yaml"], 1, "the file can't be read"),
        (["0800 456 789", "--socket", "/nowhere/control.sock"], 3, "no ccrouter is running"),
    ],
)
def test_what_can_not_be_shown_is_told(arguments: list[str], code: int, told: str) -> None:
    """Each mistake ends with its exit code and says what to do."""
    found = calendar(*arguments)
    assert (found.exit_code, told in found.stderr) == (code, True), found.stderr


def test_unknown_number_goes_where_such_numbers_go() -> None:
    """It is said that the file does not know the number; its year is that of any such number."""
    found = calendar("0899 999 999", "--file", FILE, *FROM, "--days", "7")
    assert "is not in the routing file" in found.stderr
    assert "all day      closed" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["abc"], 2, "'abc' has no digits"),
        (["0800 456 789", "--caller", "abc"], 2, "write a number, or anonymous"),
        (["0800 456 789", "--output", "no-such-folder/year.svg"], 1, "no-such-folder/year.svg"),
    ],
)
def test_what_can_not_be_drawn_is_told(arguments: list[str], code: int, told: str) -> None:
    """A number without digits is no number that the file lacks, and a folder that is not there is told by its name."""
    found = calendar(*arguments, "--file", FILE, *FROM, "--days", "7")
    assert (found.exit_code, found.stdout) == (code, "")
    assert told in found.stderr


@pytest.mark.parametrize("file", sorted(CONFIGS.rglob("*.yaml")), ids=lambda file: str(file.relative_to(CONFIGS)))
def test_every_file_has_a_calendar(file: Path) -> None:
    """Each number of each file that comes with ccrouter has a calendar that fits 80 columns."""
    text = file.read_text("utf-8")
    if "services:" not in text or file.name.endswith(".cases.yaml"):
        return
    found = calendar("+33 1 55 00 10 00", "--file", str(file), *FROM)
    assert found.exit_code == 0, found.stderr
    assert max(map(len, found.stdout.splitlines())) <= 80
