"""Histograms whose buckets follow the services' targets: they count exactly, and never go back."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from ccrouter.telemetry.waits import MOST_TARGETS, WAIT_BUCKETS_S, WaitHistogram

NAME = "ccrouter_answer_wait_seconds"
TARGETS_S = st.sampled_from([3.0, 7.0, 12.0, 20.0, 25.0, 40.0, 75.0, 700.0])
WAITS_S = st.one_of(TARGETS_S, st.floats(0, 800))


class Watched:
    """A histogram of one service, and its buckets as they were scraped."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.waits = WaitHistogram(self.registry, NAME, "Waits.")

    def buckets(self) -> dict[float, float]:
        """Return bounds and counts."""
        [family] = self.registry.collect()
        return {float(each.labels["le"]): each.value for each in family.samples if each.name.endswith("_bucket")}

    def value(self, what: str) -> float | None:
        """Return the sum or the count."""
        return self.registry.get_sample_value(f"{NAME}_{what}", {"service": "support"})


def test_the_target_is_a_bucket_and_counts_those_who_waited_just_so_long() -> None:
    """A wait of exactly the target is in time, as in ccrouter_calls_in_time_total."""
    seen = Watched()
    seen.waits.use({"support": 25.0})
    for wait_s in (0.5, 20.0, 25.0, 25.1, 1000.0):
        seen.waits.observe("support", wait_s)
    assert sorted(seen.buckets()) == [*sorted([*WAIT_BUCKETS_S, 25.0]), float("inf")]
    assert [seen.buckets()[bound] for bound in (1.0, 20.0, 25.0, 30.0, 600.0, float("inf"))] == [1, 2, 3, 4, 4, 5]
    assert (seen.value("count"), seen.value("sum")) == (5, 1070.6)


def test_a_new_target_begins_with_what_is_sure_and_counts_exactly_from_then_on() -> None:
    """Of waits between its neighbours nobody knows which side they were on: they stay above it."""
    seen = Watched()
    seen.waits.use({"support": 20.0})
    for wait_s in (3.0, 22.0, 28.0):
        seen.waits.observe("support", wait_s)
    seen.waits.use({"support": 25.0})
    assert [seen.buckets()[bound] for bound in (20.0, 25.0, 30.0)] == [1, 1, 3]
    seen.waits.observe("support", 22.0)
    assert [seen.buckets()[bound] for bound in (20.0, 25.0, 30.0)] == [1, 2, 4]


def test_a_service_without_calls_is_told_as_zero_and_one_that_is_gone_not_at_all() -> None:
    """A rate of a new service begins at 0; names of old files do not add up."""
    seen = Watched()
    seen.waits.use({"support": 20.0, "orders": 20.0})
    assert seen.value("count") == 0
    seen.waits.use({"orders": 20.0})
    assert seen.value("count") is None


@given(st.lists(st.one_of(TARGETS_S.map(lambda s: ("target", s)), WAITS_S.map(lambda s: ("wait", s))), max_size=60))
def test_no_bucket_ever_goes_back_and_all_are_of_one_mind(doings: list[tuple[str, float]]) -> None:
    """Whatever targets come and go: counts grow, greater bounds hold no less, and few bounds are kept."""
    seen = Watched()
    seen.waits.use({"support": 20.0})
    waits: list[float] = []
    before = seen.buckets()
    for what, seconds in doings:
        if what == "target":
            seen.waits.use({"support": seconds})
            assert seconds in seen.buckets()
        else:
            seen.waits.observe("support", seconds)
            waits.append(seconds)
        after = seen.buckets()
        counts = list(after.values())
        assert counts == sorted(counts)
        assert list(after) == sorted(after)
        assert len(after) <= len(WAIT_BUCKETS_S) + 1 + MOST_TARGETS
        assert all(after[bound] >= count for bound, count in before.items() if bound in after)
        assert all(after[bound] == sum(wait <= bound for wait in waits) for bound in WAIT_BUCKETS_S)
        assert all(count <= sum(wait <= bound for wait in waits) for bound, count in after.items())
        before = after
