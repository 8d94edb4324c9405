"""All that can be said of a file without a daemon: the one place that `check` asks."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ccrouter.config.document import Document
from ccrouter.config.kinds import Kind, kind_named, kind_of
from ccrouter.config.leftovers import leftovers
from ccrouter.config.load import Loaded, load_document, read_file
from ccrouter.config.meaning import examine
from ccrouter.config.problems import Problem, RefusedFileError
from ccrouter.config.sounds import missing_sounds
from ccrouter.config.yaml import START, read
from ccrouter.routing.rules import Rules

if TYPE_CHECKING:
    from ccrouter.config.settings import Settings


@dataclass(frozen=True, slots=True)
class Review:
    """What was found in one file.

    Attributes:
        file: as the admin named it, or as the settings file names it.
        kind: what it was looked at as; empty where it can't be read.
        problems: in the order of the file.
        left_out: so many more problems were found.
        whole: all of the file was looked at, also what it names.
        holds: what a good file holds, in words; empty where it was refused.
        source: its text, for showing lines.
        rules: what a good routing file is compiled to.

    """

    file: str
    kind: Kind
    problems: tuple[Problem, ...]
    holds: str = ""
    left_out: int = 0
    whole: bool = True
    source: str = ""
    rules: Rules | None = None

    def count(self, severity: str) -> int:
        """Return how many problems are so severe."""
        return sum(problem.severity == severity for problem in self.problems)

    @property
    def good(self) -> bool:
        """Tell whether the daemon would take the file."""
        return bool(self.holds)


def review(file: Path, at: float, environment: Mapping[str, str], sounds: Sequence[Path] = ()) -> list[Review]:
    """Return what is found in a routing file, or in a settings or case file and in the routing file that it names.

    `at` is the present, in seconds since 1970: some remarks are about what is over, or still to come.
    `sounds` are folders in one of which each sound file must be; none says nothing of them.
    """
    document, data = _read(file, kind_named(file))
    if isinstance(document, Review):
        return [document]
    match kind_of(document, file):
        case "cases":
            return _cases(file, data, at)
        case "tokens":
            return [_tokens(document, data, file)]
        case "settings":
            return _settings_and_named(document, data, file, at, environment, sounds)
        case _:
            return [_routing(document, data, at, sounds)]


def review_text(data: bytes, name: str, at: float, sounds: Sequence[Path] = ()) -> Review:
    """Return what is found in the text of a routing file, which is called `name`; the rest as in `review`."""
    try:
        document = read(data, name)
    except RefusedFileError as error:
        return _refused(name, "", error, data)
    return _routing(document, data, at, sounds)


def _read(file: Path, kind: Kind = "") -> tuple[Document | Review, bytes]:
    data = b""
    try:
        data = read_file(file)
        return read(data, str(file), _start_of(kind)), data
    except RefusedFileError as error:
        return _refused(str(file), "", error, data), data


def _start_of(kind: Kind) -> str:
    """Return what to do about an empty file of a kind."""
    match kind:
        case "tokens":
            from ccrouter.config import tokens  # noqa: PLC0415 - seldom needed

            return tokens.START
        case "settings":
            return "Start from configs/settings.yaml, which comes with ccrouter"
        case _:
            return START


def _settings_and_named(  # noqa: PLR0913, PLR0917 - what `review` is asked with, and the file
    document: Document, data: bytes, file: Path, at: float, environment: Mapping[str, str], sounds: Sequence[Path]
) -> list[Review]:
    """Review a settings file, the files that it names, and whether the names in one are in the others."""
    from ccrouter.config.across import strange_services  # noqa: PLC0415 - as for `_settings`

    settings, found = _settings(document, data, file, environment)
    named = settings.routing if settings else _named(document, file)
    routing = _routing_of(named, at, sounds) if named else None
    rules = routing.rules if routing else None
    reviews = [found]
    if settings:
        if rules:
            strange_services(document, settings.webhooks, rules)
            reviews = [replace(found, problems=tuple(sorted(document.problems)))]
        if settings.http.tokens and os.access(settings.http.tokens, os.R_OK):
            reviews.append(_tokens_of(settings.http.tokens, rules))
    return [*reviews, routing] if routing else reviews


def _routing_of(file: Path, at: float, sounds: Sequence[Path] = ()) -> Review:
    document, data = _read(file)
    return document if isinstance(document, Review) else _routing(document, data, at, sounds)


def _settings(
    document: Document, data: bytes, file: Path, environment: Mapping[str, str]
) -> tuple["Settings | None", Review]:
    from ccrouter.config.settings import settings_of  # noqa: PLC0415 - as above

    try:
        settings = settings_of(document, file, environment, elsewhere=True)
    except RefusedFileError as error:
        return None, _refused(str(file), "settings", error, data)
    holds = f"PABXs {', '.join(pabx.name for pabx in settings.pabxs)}"
    return settings, Review(
        str(file), "settings", tuple(sorted(document.problems)), holds, source=data.decode("utf-8-sig")
    )


def _cases(file: Path, data: bytes, at: float) -> list[Review]:
    """Review a file of cases: whether they can be asked, not whether they are right."""
    from ccrouter.config.cases import load_cases  # noqa: PLC0415 - a tenth of the time of a check, and seldom needed

    try:
        cases = load_cases(file)
    except RefusedFileError as error:
        elsewhere = {problem.file for problem in error.problems} - {str(file)}
        routing = [_routing_of(Path(name), at) for name in sorted(elsewhere)]
        return routing or [_refused(str(file), "cases", error, data)]
    count = len(cases.cases)
    holds = f"{count} case{'s' * (count != 1)} of {cases.routing}"
    return [Review(str(file), "cases", (), holds, source=data.decode("utf-8-sig"))]


def _tokens_of(file: Path, rules: Rules | None) -> Review:
    document, data = _read(file, "tokens")
    return document if isinstance(document, Review) else _tokens(document, data, file, rules)


def _tokens(document: Document, data: bytes, file: Path, rules: Rules | None = None) -> Review:
    """Review a file of tokens; with `rules`, also whether these have what the tokens are for."""
    from ccrouter.config.across import strange_places  # noqa: PLC0415 - seldom needed
    from ccrouter.config.tokens import LARGEST, open_to_others, tokens_of  # noqa: PLC0415 - seldom needed

    if open_to_others(file.stat().st_mode):
        message = f"others than its owner may change {file}, or everybody may read it, so nobody is let in"
        document.blame((), "S106", message, f"Close it: chmod o=,g-w {file}", hidden=True)
    if len(data) > LARGEST:
        cure = "Take out the tokens that ended"
        document.blame((), "Y102", f"the file has more than {LARGEST} bytes, so nobody is let in", cure)
    try:
        tokens = tokens_of(document)
    except RefusedFileError as error:
        return _refused(document.file, "tokens", error, data)
    if rules:
        strange_places(document, tokens, rules)
    count = len(tokens)
    holds = f"{count} token{'s' * (count != 1)}"
    problems = tuple(sorted(document.problems))
    return Review(document.file, "tokens", problems, holds, source=data.decode("utf-8-sig"))


def _named(document: Document, file: Path) -> Path | None:
    """Return the routing file that a bad settings file names, if it does."""
    name = document.get(("routing",))
    return file.absolute().parent / name if isinstance(name, str) and name else None


def _routing(document: Document, data: bytes, at: float, sounds: Sequence[Path]) -> Review:
    try:
        loaded = load_document(document, data)
    except RefusedFileError as error:
        return _refused(document.file, "routing", error, data)
    remarks = sorted({*document.problems, *_remarks(loaded, at, sounds)})
    source, rules = data.decode("utf-8-sig"), loaded.rules
    return Review(document.file, "routing", tuple(remarks), _holds(rules), source=source, rules=rules)


def _remarks(loaded: Loaded, at: float, sounds: Sequence[Path]) -> list[Problem]:
    document, written = loaded.document, loaded.written
    meant = examine(document, written, loaded.rules, at)
    return [*meant, *leftovers(document, written, at), *missing_sounds(document, written, sounds)]


def _refused(file: str, kind: Kind, error: RefusedFileError, data: bytes) -> Review:
    source = data.decode("utf-8-sig", errors="replace")
    return Review(file, kind, error.problems, left_out=error.left_out, whole=error.whole, source=source)


def _holds(rules: Rules) -> str:
    counts = {
        "number": len({number.number for number in rules.numbers.values()}),
        "service": len(rules.services),
        "site": len(rules.sites),
        "mode": len(rules.modes),
    }
    held = ", ".join(f"{count} {what}{'' if count == 1 else 's'}" for what, count in counts.items())
    return f"{held}, version {rules.version}"
