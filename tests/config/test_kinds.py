"""As what a file is checked, when its keys do not say it, and what is told of it then."""

from pathlib import Path
from typing import Final

import pytest

from ccrouter.config.codes.frame import ROUTING, SETTINGS
from ccrouter.config.problems import RefusedFileError
from ccrouter.config.review import review
from ccrouter.config.tokens import START, compile_tokens

TOKEN: Final = f"{{role: read, sha256: {64 * '1'}}}"
HOOK: Final = "[{name: crm, url: https://a.example, secret: {env: S}, events: ended}]"


@pytest.mark.parametrize(
    ("name", "text", "kind", "cure"),
    [
        ("tokens", f"wall: {TOKEN}\n", "tokens", "Write `tokens:` on the first line, and indent all lines below it"),
        ("mine.yaml", f"wall: {TOKEN}\n", "tokens", "Write `tokens:` on the first line, and indent all lines below it"),
        ("tokens", "tokens:\n", "tokens", "Write below it the lines that `ccrouter token new NAME` prints"),
        ("tokens", "token:\n", "tokens", "Did you mean `tokens`?"),
        ("settings.yaml", "routng: routing.yaml\n", "settings", "Did you mean `routing`?"),
        ("mine.yaml", f"webhook: {HOOK}\n", "settings", "Did you mean `webhooks`?"),
        ("mine.yaml", "pabx: [{name: main}]\n", "settings", "Did you mean `pabxs`?"),
        ("mine.yaml", "servces: {}\nnumbrs: {}\n", "routing", "Did you mean `services`?"),
        ("mine.yaml", "frobnicate: {}\n", "routing", "Known here: "),
        ("settings.yaml", f"{ROUTING}webhook: {HOOK}\n", "routing", "Known here: "),
    ],
)
def test_a_file_is_checked_as_what_it_is_like(tmp_path: Path, name: str, text: str, kind: str, cure: str) -> None:
    """By keys that it has for certain; else by lines of tokens, its name, or the nearest keys; so are the cures."""
    (tmp_path / name).write_text(text)
    (tmp_path / name).chmod(0o600)
    [found, *_] = review(tmp_path / name, 0.0, {})
    assert found.kind == kind
    assert any(each.cure.startswith(cure) for each in found.problems), found.problems


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("tokens", START),
        ("tokens.yaml", START),
        ("settings.yaml", "Start from configs/settings.yaml, which comes with ccrouter"),
        ("routing.yaml", "Start from configs/minimal.yaml, which comes with ccrouter"),
    ],
)
@pytest.mark.parametrize("text", ["", "# nothing yet\n"])
def test_an_empty_file_begins_as_its_name_says(tmp_path: Path, name: str, cure: str, text: str) -> None:
    """No routing file is proposed to who wants to write tokens."""
    (tmp_path / name).write_text(text)
    [found] = review(tmp_path / name, 0.0, {})
    assert [(each.code, each.cure) for each in found.problems] == [("Y105", cure)]


def test_an_empty_file_of_tokens_is_one_under_any_name(tmp_path: Path) -> None:
    """The settings say that it is; and the daemon tells the same."""
    (tmp_path / "settings.yaml").write_text(f"{SETTINGS}http: {{tokens: people}}\n")
    (tmp_path / "routing.yaml").write_text(ROUTING)
    (tmp_path / "people").touch(0o600)
    [_, found, _] = review(tmp_path / "settings.yaml", 0.0, {"CCROUTER_AMI_SECRET": "a secret"})
    assert [each.cure for each in found.problems] == [START]
    with pytest.raises(RefusedFileError, match="Begin with `tokens:`"):
        compile_tokens(b"", "people")
