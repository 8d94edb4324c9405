"""docs/problems.md, from the registry of codes."""

from collections.abc import Iterator
from typing import Final

from ccrouter.config.codes import FAMILIES, Code
from ccrouter.config.codes.frame import CASES, ROUTING, SETTINGS

_HEAD: Final = """\
# What `ccrouter check` says

Written by `scripts/docs` from the registry of codes (`src/ccrouter/config/codes`); a test runs every example.

`ccrouter check` and the daemon tell problems by one code each, which keeps its meaning: an **error** refuses the file,
a **warning** says what may cost calls, a **note** is for information. `ccrouter check --explain N301` shows on the
terminal what stands here.

An example is a piece of a file. The rest of a routing file is this:

{routing}

A list of `- ` lines is the `rules` of its service `support`. The rest of a settings file is this:

{settings}

And the rest of a file of cases, in which a list of `- ` lines is the `cases`:

{cases}
"""


def problems_page(_: str) -> str:
    """Return the whole page, whatever stood there."""
    head = _HEAD.format(routing=_block(ROUTING), settings=_block(SETTINGS), cases=_block(CASES))
    return "\n".join([head, *_contents(), *(line for title in FAMILIES for line in _family(title))])


def _contents() -> Iterator[str]:
    for title, codes in FAMILIES.items():
        if codes:
            yield f"- {title}: {', '.join(f'[{code.code}](#{_anchor(code)})' for code in codes)}"
    yield ""


def _family(title: str) -> Iterator[str]:
    if FAMILIES[title]:
        yield f"## {title}\n"
    for code in FAMILIES[title]:
        yield f"### {code.code} {code.name}\n"
        yield f"{'' if code.severity == 'error' else f'A {code.severity}. '}{code.explanation}\n"
        if code.bad:
            yield f"Bad:\n\n{_block(code.bad)}\n\nGood:\n\n{_block(code.good)}\n"


def _anchor(code: Code) -> str:
    return f"{code.code} {code.name}".lower().replace(" ", "-")


def _block(piece: str) -> str:
    shown = piece.encode("unicode_escape").decode() if not piece.replace("\n", "").isprintable() else piece
    shown = shown.replace("\\n", "\n").replace("\\t", "\t") if shown != piece else shown
    return f"```yaml\n{shown.rstrip()}\n```"
