"""Runs libFuzzer on a target again and again until its time is used up, and tells what came of it."""

import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ccrouter.clock import Clock
from support.fuzz.target import Target

SLOW_S: Final = 10
"""An input that takes longer hangs."""

MOST_MB: Final = 1024
MOST_FAULTS: Final = 20
"""Different faults of one target after which it is left alone."""

_STATS: Final = re.compile(r"stat::number_of_executed_units:\s+(\d+)")
_COUNTED: Final = re.compile(r"^#(\d+)\t", re.MULTILINE)
_COVERED: Final = re.compile(r"cov: (\d+)")
_SAVED: Final = re.compile(r"Test unit written to (\S+)")
_RAISED: Final = re.compile(r'^  File "([^"]+)", line (\d+), in (\S+)', re.MULTILINE)
_ERROR: Final = re.compile(r"^([A-Za-z_.]+(?:Error|Exception|Exit|Interrupt|Failure)\b[^\n]*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Fault:
    """An input that breaks a promise; `what` is the error's text, `where` the innermost lines."""

    what: str
    where: str
    file: Path


@dataclass(slots=True)
class Result:
    """What came of one target."""

    target: str
    inputs: int = 0
    took_s: float = 0.0
    covered: int = 0
    faults: list[Fault] = field(default_factory=list)
    broken: str = ""


def fuzz(target: Target, seconds: float, seed: int, folder: Path, clock: Clock) -> Result:
    """Try inputs for so many seconds; corpus and faults are kept in folders of `folder`."""
    corpus, faults = folder / "corpus" / target.name, folder / "faults" / target.name
    for each in (corpus, faults):
        each.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate([*target.seeds(), *target.kept()]):
        (corpus / f"seed-{number:02}").write_bytes(data)
    words = folder / f"{target.name}.dict"
    words.write_text("".join(f'"{quoted(word)}"\n' for word in target.words))
    result, began = Result(target.name), clock.steady()
    while (left := seconds - (clock.steady() - began)) >= 1 and len(result.faults) < MOST_FAULTS:
        arguments = [
            *(f"-max_total_time={int(left)}", f"-seed={seed}", f"-max_len={target.most}"),
            *([f"-dict={words}"] if target.words else []),  # an empty one is an error to libFuzzer
            *(f"-timeout={SLOW_S}", f"-rss_limit_mb={MOST_MB}", f"-artifact_prefix={faults}/", "-print_final_stats=1"),
            *("-len_control=0", str(corpus)),
        ]
        done = subprocess.run(  # noqa: S603 - our own program with our own arguments
            [sys.executable, "-m", "fuzz_run.guided", target.name, *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        said = done.stdout + done.stderr
        note(result, said)
        if done.returncode and not _SAVED.search(said):
            result.broken = "\n".join(said.splitlines()[-8:])
            break
        seed += 1
    result.took_s = clock.steady() - began
    return result


def note(result: Result, said: str) -> None:
    """Take over what a run of libFuzzer printed."""
    counted = [int(found) for found in _STATS.findall(said) or _COUNTED.findall(said)]
    result.inputs += max(counted, default=0)
    result.covered = max([result.covered, *map(int, _COVERED.findall(said))])
    saved = _SAVED.search(said)
    if saved is None:
        return
    lines = _RAISED.findall(said)
    where = " <- ".join(f"{Path(file).name}:{line} {name}" for file, line, name in reversed(lines[-3:]))
    errors = _ERROR.findall(said)
    what = errors[-1] if errors else "it hangs, or takes too much memory"
    file = Path(saved[1])
    if not any((fault.what, fault.where) == (what[:200], where) for fault in result.faults):
        result.faults.append(Fault(what[:200], where, file))
    elif all(fault.file != file for fault in result.faults):
        file.unlink(missing_ok=True)


def quoted(word: bytes) -> str:
    """Return a word as libFuzzer's dictionaries write it."""
    return "".join(chr(byte) if 32 < byte < 127 and byte not in b'"\\' else f"\\x{byte:02x}" for byte in word)
