"""The compiled rules decide as the router does: any routing file, at any instant, on a real Asterisk."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ccrouter.config.load import compile_text
from support.bed import Bed, bed
from support.chances import chances
from support.proved import Compared
from support.proved_by_chance import counted, played, sample
from support.routing_files import routing_files

VERSIONS = (22, 16)
FILES = 8


@pytest.fixture(scope="module", params=VERSIONS, ids=lambda version: f"asterisk{version}")
def here(request: pytest.FixtureRequest) -> Iterator[Bed]:
    """Give one PABX for all files."""
    with bed(request.param, [sample()]) as made:
        yield made


def test_any_file_at_any_instant(here: Bed, figure: Callable[[str], None]) -> None:
    """Holidays, nights when clocks change, bounds of hours, modes, overrides, callers, moving loads, dead trunks."""
    found: list[Compared] = []

    @settings(
        max_examples=FILES,
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(routing_files(), st.data())
    def ask(text: str, data: st.DataObject) -> None:
        rules = compile_text(text.encode(), "routing.yaml")
        chance = data.draw(chances(rules))
        for each in played(here, rules, chance):
            found.append(each)
            assert each.good, str(each)

    ask()
    figure(counted(found))
