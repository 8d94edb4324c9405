"""Series that exist before anything happened, and go with the version of the routing file that names them.

Without a first sample of 0 the first call of a service would be in no rate and ring no alarm; and series of names that
are gone would grow in number with each reload.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector


class Counts(Collector):
    """A counter in plain numbers, made into series when it is asked for: for one thread.

    The library's own takes a lock and several times as long, for each of the dozen things that are counted of a call.

    Args:
        labels: names of its labels; their values are given in this order.

    """

    def __init__(self, name: str, text: str, labels: Sequence[str], registry: CollectorRegistry) -> None:
        self._name = name
        self._text = text
        self._labels = labels
        self._counts: defaultdict[tuple[str, ...], float] = defaultdict(float)
        registry.register(self)

    def add(self, *values: str, by: float = 1.0) -> None:
        """Count one, or so much, for these values of the labels."""
        self._counts[values] += by

    def begin(self, wanted: Iterable[tuple[str, ...]]) -> None:
        """Let there be a series for each of these label values, 0 where it is new."""
        for values in wanted:
            self.add(*values, by=0.0)

    def keep(self, names: Mapping[str, frozenset[str]]) -> None:
        """Let go of the series whose label, one of `names`, has a value that is not among those given."""
        bounds = [(place, names[label]) for place, label in enumerate(self._labels) if label in names]
        for values in list(self._counts):
            if any(values[place] not in known for place, known in bounds):
                del self._counts[values]

    def collect(self) -> Iterator[Metric]:
        """Yield the family."""
        family = CounterMetricFamily(self._name, self._text, labels=self._labels)
        for values, count in self._counts.items():
            family.add_metric(values, count)
        yield family


class Histograms:
    """A histogram of the library, by the values of its labels.

    Each series is looked up in the library once: there it takes a lock, and three times as long as counting.
    """

    def __init__(
        self, name: str, text: str, labels: Sequence[str], registry: CollectorRegistry, buckets: Sequence[float]
    ) -> None:
        self._family = Histogram(name, text, labels, registry=registry, buckets=buckets)
        self._known: dict[tuple[str, ...], Histogram] = {}

    def labels(self, *values: str) -> Histogram:
        """Return the series of these values, in the order in which the labels were declared; empty where it is new."""
        series = self._known.get(values)
        if series is None:
            series = self._known[values] = self._family.labels(*values)
        return series

    def begin(self, wanted: Iterable[tuple[str, ...]]) -> None:
        """Let there be a series for each of these label values, empty where it is new."""
        for values in wanted:
            self.labels(*values)

    def keep(self, names: Mapping[str, frozenset[str]]) -> None:
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
