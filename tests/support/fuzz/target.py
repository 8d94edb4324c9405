"""What a target is, and how its inputs are made from good ones."""

import itertools
import random
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hypothesis import strategies as st

CORPUS: Final = Path(__file__).parents[2] / "fuzz" / "corpus"
"""Inputs that once broke something, one folder for each target; they are tried first and always."""

Change = Callable[[bytes], st.SearchStrategy[bytes]]


@dataclass(frozen=True, slots=True)
class Target:
    """One surface that takes what others send.

    Attributes:
        check: raises where a promise is broken; what a surface refuses as it should is no fault.
        seeds: good inputs to begin with.
        words: pieces that mean something there, to be put anywhere.
        change: makes other inputs of one, where pieces and bytes alone would lead nowhere.
        most: longest input in bytes.
        tries: inputs in CI.

    """

    name: str
    check: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]
    words: tuple[bytes, ...] = ()
    change: Change | None = None
    most: int = 4096
    tries: int = 100

    def kept(self) -> list[bytes]:
        """Return the inputs that once broke something."""
        return [path.read_bytes() for path in sorted((CORPUS / self.name).glob("*")) if path.suffix != ".md"]

    def inputs(self) -> st.SearchStrategy[bytes]:
        """Return a strategy for inputs: good ones, changed anyhow, and bytes that were never good."""
        seeds = list(self.seeds())
        ways = [changed(seeds, self.words, self.most), st.binary(max_size=min(self.most, 300))]
        if self.change is not None:
            change = self.change
            ways.insert(0, st.sampled_from(seeds).flatmap(change))
        return st.one_of(ways).map(lambda data: data[: self.most])


@st.composite
def changed(draw: st.DrawFn, seeds: list[bytes], words: tuple[bytes, ...], most: int) -> bytes:
    """Return an input with some pieces put in, cut out, doubled, or taken from another one."""
    data = draw(st.sampled_from(seeds))[:most]
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 40)))
        match draw(st.integers(0, 4)):
            case 0 if words:
                data = data[:at] + draw(st.sampled_from(words)) + data[at:]
            case 1:
                data = data[:at] + draw(st.binary(max_size=4)) + data[end:]
            case 2:
                data = data[:at] + data[end:]
            case 3:
                data = data[:end] + data[at:]
            case _:
                other = draw(st.sampled_from(seeds))
                start = draw(st.integers(0, len(other)))
                data = data[:at] + other[start : start + draw(st.integers(0, 200))] + data[end:]
    return data


def cuts(data: bytes) -> Iterator[list[bytes]]:
    """Yield ways in which these bytes may arrive: each is the same for the same bytes."""
    chance = random.Random(zlib.crc32(data))  # noqa: S311 - a test that can be repeated
    if len(data) <= 600:
        yield [data[at : at + 1] for at in range(len(data))]
    for count in (1, 2, 7):
        places = [0, *sorted(chance.randrange(len(data) + 1) for _ in range(count)), len(data)]
        yield [data[a:b] for a, b in itertools.pairwise(places)]


class Drawn:
    """Takes values out of bytes, one after the other; when they are used up, all are the least."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def byte(self) -> int:
        """Return 0 to 255."""
        self._at += 1
        return self._data[self._at - 1] if self._at <= len(self._data) else 0

    def below(self, count: int) -> int:
        """Return 0 to `count` - 1; one byte for up to 256 values, else two."""
        return (self.byte() if count <= 256 else self.byte() << 8 | self.byte()) % count

    def one_of(self, things: Sequence[str]) -> str:
        """Return one of these."""
        return things[self.below(len(things))]

    def bytes(self, most: int) -> bytes:
        """Return some bytes, their number first."""
        count = self.below(most + 1)
        taken = self._data[self._at : self._at + count]
        self._at += count
        return taken

    def text(self, most: int) -> str:
        """Return some text, which may hold half a pair of surrogates."""
        return self.bytes(most).decode("utf-8", "surrogateescape")
