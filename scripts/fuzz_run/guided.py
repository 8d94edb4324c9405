"""One run of libFuzzer on one target, as a process of its own: `python -m fuzz_run.guided TARGET ARGUMENT...`.

It ends at the first input that breaks a promise, with a traceback; libFuzzer saves that input.
"""

import random
import sys
from collections.abc import Callable

import atheris
from hypothesis import HealthCheck, given, settings

with atheris.instrument_imports(include=["ccrouter"]):
    from support.fuzz.all import TARGETS
    from support.fuzz.target import Change


def changer(change: Change) -> Callable[[bytes, int, int], bytes]:
    """Return libFuzzer's hook for changing an input: every other time the way of the target itself."""

    def changed(data: bytes, most: int, seed: int) -> bytes:
        chance, found = random.Random(seed), list[bytes]()  # noqa: S311 - libFuzzer's own seed
        if chance.random() < 0.5:
            return bytes(atheris.Mutate(data, most))

        @settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
        @given(change(data))
        def draw(made: bytes) -> None:
            found.append(made)

        draw.hypothesis.fuzz_one_input(chance.randbytes(2000))  # type: ignore[attr-defined] # its own hook for fuzzers
        return found[0][:most] if found else data

    return changed


def main() -> None:
    """Run; never returns."""
    name, *arguments = sys.argv[1:]
    target = TARGETS[name]
    more = {} if target.change is None else {"custom_mutator": changer(target.change)}
    atheris.Setup([sys.argv[0], *arguments], target.check, **more)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
