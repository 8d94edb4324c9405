"""The JSON Schemas of the files: what an editor accepts and refuses while an admin types."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from ccrouter.cli import main
from ccrouter.config.document import Value
from ccrouter.config.schema import FILES, schema_of
from ccrouter.config.yaml import read
from support.routing_files import routing_files

HOUSE: Final = Path(__file__).parents[2]
BAD: Final = Path(__file__).parent / "bad"
SCHEMAS: Final = {name: Draft202012Validator(schema_of(model)) for name, model in FILES.items()}

UNSEEN: Final = {
    "whether a name or number stands for something, and stands once": r"N\d{3}|S108|S123",
    "what stands in quotes, and what else YAML hides": r"Y\d{3}|V101",
    "what only a library knows: time zones, countries, holidays, opening hours": r"T\d{3}|V105|V18\d",
    "what is beyond this file": r"S10[3457]|S122",
    "how values compare: times, levels, sums, currencies": r"V122|V171|L10[24]|D102",
    "where an address is heard": "S115|S121",
    "what a rule or plan means as a whole": r"D10[345678]|D109|D110|L10[5678]|L110",
}
"""Codes of the faults that no schema of one file can see."""


def as_an_editor_reads(value: Value) -> object:
    """Return a value as YAML 1.2 reads it, which editors follow: numbers, true and false, nothing."""
    if isinstance(value, dict):
        return {str(key): as_an_editor_reads(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_an_editor_reads(each) for each in value]
    if value.plain and re.fullmatch(r"[-+]?\d+", value):
        return int(value)
    words = {"true": True, "false": False, "null": None, "~": None, "": None}
    return words.get(value, str(value)) if value.plain else str(value)


def schema_for(file: Path) -> Draft202012Validator:
    """Return the schema of a file by its name."""
    if "settings" in file.name:
        return SCHEMAS["settings"]
    return SCHEMAS["cases" if ".cases" in file.name or file.name.startswith("case_") else "routing"]


def faults(file: Path, data: bytes) -> list[str]:
    """Return what an editor tells of a file."""
    content = as_an_editor_reads(read(data, file.name).value)
    return [f"{each.json_path}: {each.message}" for each in schema_for(file).iter_errors(content)]


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_is_one(name: str) -> None:
    """Each schema is good JSON Schema itself, and each of its objects is closed to unknown keys."""
    schema = SCHEMAS[name].schema
    Draft202012Validator.check_schema(schema)
    mappings = [each for each in parts_of(schema) if "properties" in each]
    assert all(each["additionalProperties"] is False for each in mappings)


def parts_of(schema: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - whatever JSON holds
    """Return every mapping in a schema."""
    inner = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else []
    own = [schema] if isinstance(schema, dict) else []
    return [*own, *(part for each in inner for part in parts_of(each))]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_key_is_explained_by_words_and_by_good_examples(name: str) -> None:
    """Who hovers over a key reads what it means; what is shown as an example or default could be written there."""
    whole = schema_of(FILES[name])
    for mapping in parts_of(whole):
        for key, schema in mapping.get("properties", {}).items() if "type" in mapping else ():
            assert schema.get("description"), key
            for shown in [*schema.get("examples", ()), *([schema["default"]] if "default" in schema else ())]:
                Draft202012Validator({**schema, "$defs": whole.get("$defs", {})}).validate(shown)


@pytest.mark.parametrize("file", sorted((HOUSE / "configs").rglob("*.yaml")), ids=lambda file: file.name)
def test_files_that_come_with_ccrouter_are_accepted(file: Path) -> None:
    """An editor has nothing to say of a good file."""
    assert faults(file, file.read_bytes()) == []


@settings(max_examples=40)
@given(routing_files())
def test_any_good_routing_file_is_accepted(text: str) -> None:
    """An editor has nothing to say of a good file, whatever combination of keys it has."""
    assert faults(Path("routing.yaml"), text.encode()) == []


@pytest.mark.parametrize("name", sorted(file.stem for file in BAD.glob("*.yaml")))
def test_bad_file_is_refused_unless_no_schema_can_see_why(name: str) -> None:
    """A fault of keys, shapes or values is told while the admin types."""
    codes = re.findall(r"\[([A-Z]\d{3})\]", (BAD / f"{name}.txt").read_text("utf-8"))
    if all(re.fullmatch("|".join(UNSEEN.values()), code) for code in codes):
        return
    file = BAD / f"{name}.yaml"
    assert faults(file, file.read_bytes())


@pytest.mark.parametrize("name", FILES)
def test_command_prints_the_schema(name: str) -> None:
    """`ccrouter schema` prints JSON, and nothing else."""
    printed = CliRunner().invoke(main, ["schema", name])
    assert (printed.exit_code, json.loads(printed.stdout)) == (0, SCHEMAS[name].schema)
