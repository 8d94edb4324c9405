"""Files that were changed by chance, by signs and lines, or by keys and values as a hurried person would."""

from typing import Any, Final

import yaml
from hypothesis import strategies as st

from ccrouter.config.document import Text
from ccrouter.config.yaml import read


def _copied(value: Any) -> Any:  # noqa: ANN401 - whatever YAML holds
    """Copy a branch; what is drawn must not be changed where it was drawn from."""
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list) else value


PIECES: Final = st.sampled_from(
    [
        *("", " ", "  ", "\t", "\n", "\r", "\0", "\x85", "\u2028", "\ufeff", "e\u0301", "'", '"', "“", "»", ":", ": "),
        *("-", "- ", ",", "[", "]", "{", "}", "[]", "{}", "#", " #", "&a ", "*a", "!!str ", "<<: ", "? ", "| ", "> "),
        *("%", "@", "`", "---\n", "...\n", "null", "~", "yes", "off", "0", "-1", "1e400", "99999999999999999999"),
        *("0x10", "08:30", "0s", "90", "80%", "PH", "24/7", "Mo", "8h30", "2026-02-30", "9999-12-31: closed\n"),
        *("paris", "tunis", "closed", "support", "office", "crisis", "share", "for", "site", "at_most: 1, ", "any: "),
        *("not: ", "when: ", "name: night\n", "CEST", "closed.wav", "\\", "$", "|", "&", ";", "(", "é"),
    ]
)

VALUES: Final = st.sampled_from(
    [
        *("", " ", "0", "-1", "5", "5%", "120%", "90s", "0s", "2 minutes", "25h", "true", "yes", "null", "~", "8:30"),
        *("Mo-Fr 08:30-18:30", "PH off", "24/7", "Mo-Fr 9am-5pm", "22:00-06:00", "2026-12-24", "2026-02-30", "2026"),
        *(
            "paris",
            "tunis",
            "closed",
            "support",
            "office",
            "crisis",
            "desk",
            "nobody",
            "tunes",
            "otherwise",
            "FR",
            "ZZ",
        ),
        *("Europe/Paris", "CEST", "PJSIP/1@trunk", "PJSIP/1&PJSIP/2", "+33155000000", "0800 123 456", "3949", "112"),
        *("a&b", "a|b", "“x”", "e\u0301", "x" * 300, "\x1b[31m", "\u202e", "a\nb", "${EXTEN}", "closed.wav", "../x"),
        *([], {}, [[]], [{}], {"": ""}, ["paris", "closed"], {"paris": "70"}, {"queue": "support", "at_least": "5"}),
        *({"any": []}, {"mode": "crisis"}, {"not": {"waited": "5s"}}, {"site": "tunis", "for": "10s"}, {"share": {}}),
        *({"open": "office", "closed": "office"}, {"play": "beep"}, {"in_house": {"queue": "q", "max_wait": "1s"}}),
    ]
).map(_copied)

KEYS: Final = st.sampled_from(
    [
        *("name", "when", "to", "otherwise", "rules", "while_waiting", "if_unknown", "share", "site", "for", "queue"),
        *("at_least", "at_most", "until_below", "until_above", "window", "within", "open", "closed", "from", "before"),
        *("any", "all", "not", "mode", "modes", "numbers", "services", "sites", "messages", "calendars", "timezone"),
        *("waiting", "call_rate", "free_lines", "service_level", "caller", "number", "language", "waited", "hours"),
        *(
            "holidays",
            "exceptions",
            "2026-12-24",
            "paris",
            "closed",
            "0800 123 456",
            "+33800123456",
            "112",
            "",
            "é",
            "a:b",
        ),
    ]
)


@st.composite
def mutated_text(draw: st.DrawFn, sources: list[str]) -> str:
    """Return a file with some lines dropped, doubled or swapped, and some pieces replaced."""
    lines = draw(st.sampled_from(sources)).split("\n")
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


@st.composite
def mutated_structure(draw: st.DrawFn, sources: list[str]) -> str:
    """Return good YAML whose keys, values or branches were dropped, exchanged, renamed, copied or wrapped."""
    tree: Any = read(draw(st.sampled_from(sources)).encode(), "routing.yaml").value
    for _ in range(draw(st.integers(1, 4))):
        _change(draw, tree)
    style = draw(st.sampled_from([None, True, False]))
    return str(
        yaml.dump(tree, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=style, width=200)
    )


class _Dumper(yaml.SafeDumper):
    """Writes texts as they stood in the file: with quotes or without, whatever YAML may make of them."""

    def ignore_aliases(self, _: object) -> bool:
        return True


def _written(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = text.plain if isinstance(text, Text) else True
    tag = dumper.resolve(yaml.ScalarNode, text, (True, False)) if plain else "tag:yaml.org,2002:str"  # type: ignore[no-untyped-call]  # its stubs forget it
    return yaml.ScalarNode(tag, text, style=None if plain else '"')


_Dumper.add_representer(str, _written)
_Dumper.add_representer(Text, _written)


def _change(draw: st.DrawFn, tree: Any) -> None:  # noqa: ANN401 - whatever YAML holds
    """Change one thing: at a container that lies anywhere in the tree."""
    containers = [each for each in _containers(tree) if each]
    if not containers:
        return
    at = draw(st.sampled_from(range(len(containers))))
    here = containers[at]
    keys = list(here) if isinstance(here, dict) else list(range(len(here)))
    key = draw(st.sampled_from(keys))
    match draw(st.integers(0, 6)):
        case 0:
            del here[key]
        case 1:
            here[key] = draw(VALUES)
        case 2 if isinstance(here, dict):
            here[draw(KEYS)] = here.pop(key)
        case 2:
            here.insert(key, draw(VALUES))
        case 3 if isinstance(here, dict):
            here[draw(KEYS)] = draw(VALUES)
        case 3:
            here.append(_copied(here[key]))
        case 4:
            here[key] = [_copied(here[key])]
        case 5:
            here[key] = {draw(KEYS): _copied(here[key])}
        case _:
            other = containers[draw(st.sampled_from(range(len(containers))))]
            here[key] = _copied(other)


def _containers(value: Any) -> list[Any]:  # noqa: ANN401 - whatever YAML holds
    if isinstance(value, dict):
        return [value, *(found for each in value.values() for found in _containers(each))]
    if isinstance(value, list):
        return [value, *(found for each in value for found in _containers(each))]
    return []
