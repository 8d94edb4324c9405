"""Series that exist before anything happened, and go with the version of the routing file that names them.

Without a first sample of 0 the first call of a service would be in no rate and ring no alarm; and series of names that
are gone would grow in number with each reload.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from ccrouter.telemetry.buckets import Buckets


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
        for values in _gone(self._counts, self._labels, names):
            del self._counts[values]

    def collect(self) -> Iterator[Metric]:
        """Yield the family."""
        family = CounterMetricFamily(self._name, self._text, labels=self._labels)
        for values, count in self._counts.items():
            family.add_metric(values, count)
        yield family


class Histograms(Collector):
    """A histogram in plain numbers, by the values of its labels, of which it may have none."""

    def __init__(
        self, name: str, text: str, labels: Sequence[str], registry: CollectorRegistry, buckets: Sequence[float]
    ) -> None:
        self._name = name
        self._text = text
        self._labels = labels
        self._bounds = buckets
        self._series: dict[tuple[str, ...], Buckets] = {}
        registry.register(self)

    def labels(self, *values: str) -> Buckets:
        """Return the series of these values, in the order in which the labels were declared; empty where it is new."""
        series = self._series.get(values)
        if series is None:
            series = self._series[values] = Buckets(self._bounds)
        return series

    def begin(self, wanted: Iterable[tuple[str, ...]]) -> None:
        """Let there be a series for each of these label values, empty where it is new."""
        for values in wanted:
            self.labels(*values)

    def keep(self, names: Mapping[str, frozenset[str]]) -> None:
        """Let go of the series whose label, one of `names`, has a value that is not among those given."""
        for values in _gone(self._series, self._labels, names):
            del self._series[values]

    def collect(self) -> Iterator[Metric]:
        """Yield the family."""
        family = HistogramMetricFamily(self._name, self._text, labels=self._labels)
        for values, series in self._series.items():
            family.add_metric(values, series.told(), series.sum)
        yield family


def _gone(
    series: Iterable[tuple[str, ...]], labels: Sequence[str], names: Mapping[str, frozenset[str]]
) -> list[tuple[str, ...]]:
    """Return the label values of which one is not among those that `names` gives for its label."""
    bounds = [(place, names[label]) for place, label in enumerate(labels) if label in names]
    return [values for values in series if any(values[place] not in known for place, known in bounds)]
