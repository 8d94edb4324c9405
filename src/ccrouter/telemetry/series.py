"""Series that exist before anything happened, and go with the version of the routing file that names them.

Without a first sample of 0 the first call of a service would be in no rate and ring no alarm; and series of names that
are gone would grow in number with each reload.
"""

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram

FamilyT = TypeVar("FamilyT", Counter, Histogram)


class Series(Generic[FamilyT]):
    """The series of a counter or histogram, by the values of their labels.

    Each is looked up in the library once: there it takes a lock, and three times as long as counting.
    """

    def __init__(self, family: FamilyT) -> None:
        self._family: FamilyT = family
        self._known: dict[tuple[str, ...], FamilyT] = {}

    def labels(self, *values: str) -> FamilyT:
        """Return the series of these values, in the order in which the labels were declared; 0 where it is new."""
        series = self._known.get(values)
        if series is None:
            series = self._known[values] = self._family.labels(*values)
        return series

    def begin(self, wanted: Iterable[tuple[str, ...]]) -> None:
        """Let there be a series for each of these label values, 0 where it is new."""
        for values in wanted:
            self.labels(*values)

    def keep(self, names: dict[str, frozenset[str]]) -> None:
        """Let go of the series whose label, one of `names`, has a value that is not among those given."""
        for labels in self._told():
            if any(labels[name] not in known for name, known in names.items()):
                self._known.pop(tuple(labels.values()), None)
                self._family.remove(*labels.values())

    def _told(self) -> list[dict[str, str]]:
        """Return the labels of each series, in the order in which they were declared, each once."""
        found = {}
        for family in self._family.collect():
            for sample in family.samples:
                labels = {name: value for name, value in sample.labels.items() if name != "le"}
                found[tuple(labels.values())] = labels
        return list(found.values())


def counters(name: str, text: str, labels: Sequence[str], registry: CollectorRegistry) -> Series[Counter]:
    """Return a counter with these labels."""
    return Series(Counter(name, text, labels, registry=registry))


def histograms(
    name: str, text: str, labels: Sequence[str], registry: CollectorRegistry, buckets: Sequence[float]
) -> Series[Histogram]:
    """Return a histogram with these labels."""
    return Series(Histogram(name, text, labels, registry=registry, buckets=buckets))
