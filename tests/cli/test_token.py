"""ccrouter token new: until when a token is good."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from ccrouter.cli import main

NEW = ("token", "new", "desk", "--role", "read")


@pytest.mark.parametrize(
    ("said", "kept"),
    [((), "}"), (("--for", "90d"), r", ends: \d{4}-\d\d-\d\d}"), (("--until", "2099-02-20"), ", ends: 2099-02-20}")],
)
def test_a_token_ends_as_it_was_said(said: tuple[str, ...], kept: str) -> None:
    """Never, after a time, or after a day: by the words that switch modes."""
    ended = CliRunner().invoke(main, [*NEW, *said])
    assert ended.exit_code == 0
    assert re.search(rf"(?m)^  desk: {{role: read, sha256: [0-9a-f]{{64}}{kept}$", ended.stdout)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (("--for", "90d", "--until", "2099-02-20"), "give one of --for and --until"),
        (("--until", "2020-02-20"), "2020-02-20 is past"),
        (("--until", "someday"), "does not match the format"),
    ],
)
def test_an_end_that_is_none_is_wrong_usage(said: tuple[str, ...], told: str) -> None:
    """Told before a token is made."""
    ended = CliRunner().invoke(main, [*NEW, *said])
    assert (ended.exit_code, told in ended.stderr) == (2, True)
    assert ended.stdout == ""


def test_a_token_of_one_position_or_site_says_which() -> None:
    """The line to keep has its name under the key of its role; without `--of` there is no such token."""
    for role, of in (("position", "PJSIP/101"), ("site", "tunis")):
        ended = CliRunner().invoke(main, ["token", "new", "anna", "--role", role, "--of", of])
        assert ended.exit_code == 0
        assert re.search(rf'(?m)^  anna: {{role: {role}, {role}: "{of}", sha256: [0-9a-f]{{64}}}}$', ended.stdout)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (("--role", "position"), "a token with --role position is for one position: say which with --of"),
        (("--role", "read", "--of", "tunis"), "--of goes with --role position and --role site alone"),
        (("--role", "position", "--of", "101"), "Invalid value for --of: `101` is no position. Write PJSIP/101"),
        (
            ("--role", "position", "--of", "a b"),
            "`a b` is no position. Write its interface in the queue: PJSIP/101",
        ),
        (("--role", "site", "--of", 'x", role: "administer'), "Invalid value for --of: a name can't contain `\"`"),
        (("--role", "site", "--of", "a\nb: {role: read}"), "Invalid value for --of"),
    ],
)
def test_a_token_of_nothing_is_wrong_usage(said: tuple[str, ...], told: str) -> None:
    """Told with the option to mend, before a token is made; nothing that is said becomes more YAML."""
    ended = CliRunner().invoke(main, ["token", "new", "anna", *said])
    assert (ended.exit_code, told in ended.stderr) == (2, True), ended.stderr
    assert ended.stdout == ""


def test_the_list_tells_whose_a_token_of_one_is(tmp_path: Path) -> None:
    """Beside its role; and its line is taken out like any other."""
    file, lines = tmp_path / "tokens", ["tokens:"]
    for said in (("desk", "--role", "read"), ("anna", "--role", "position", "--of", "PJSIP/101")):
        told = CliRunner().invoke(main, ["token", "new", *said]).stdout
        lines.append(told.splitlines()[-1])
    file.touch(mode=0o600)
    file.write_text("\n".join(lines) + "\n")
    listed = CliRunner().invoke(main, ["token", "list", "--file", str(file)]).stdout.splitlines()
    assert [line.split()[:3] for line in listed[-2:]] == [["desk", "read", "-"], ["anna", "position", "PJSIP/101"]]
    assert CliRunner().invoke(main, ["token", "revoke", "anna", "--file", str(file)]).exit_code == 0
    assert file.read_text().splitlines() == lines[:2]
