"""Series that exist before anything happened, and go with the version of the routing file that names them.

Without a first sample of 0 the first call of a service would be in no rate and ring no alarm; and series of names that
are gone would grow in number with each reload.
"""

from collections.abc import Iterable

from prometheus_client import Counter, Histogram


def begin(counted: Counter | Histogram, wanted: Iterable[tuple[str, ...]]) -> None:
    """Let a counter have a series for each of these label values, 0 where it is new."""
    for values in wanted:
        counted.labels(*values)


def keep(counted: Counter | Histogram, names: dict[str, frozenset[str]]) -> None:
    """Let go of the series whose label, one of `names`, has a value that is not among those given."""
    for labels in _series(counted):
        if any(labels[name] not in known for name, known in names.items()):
            counted.remove(*labels.values())


def _series(counted: Counter | Histogram) -> list[dict[str, str]]:
    """Return the labels of each series, in the order in which they were declared, each once."""
    found = {}
    for family in counted.collect():
        for sample in family.samples:
            labels = {name: value for name, value in sample.labels.items() if name != "le"}
            found[tuple(labels.values())] = labels
    return list(found.values())
