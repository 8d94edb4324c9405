"""The rules compiled into dialplan decide as the router does: each case of the gallery as a real call without one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ccrouter.config.cases import load_cases
from support.bed import Bed, bed
from support.configs import CONFIGS
from support.proved import proved, summed_up

FILES = (CONFIGS / "example.cases.yaml", *sorted((CONFIGS / "scenarios").glob("*.cases.yaml")))

VERSIONS = (22, 16)


@pytest.fixture(scope="module", params=VERSIONS, ids=lambda version: f"asterisk{version}")
def here(request: pytest.FixtureRequest) -> Iterator[Bed]:
    """Give one PABX for the whole gallery."""
    with bed(request.param, [load_cases(file).rules for file in FILES]) as made:
        yield made


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.removesuffix(".cases.yaml"))
def test_calls_go_where_the_router_would_send_them(here: Bed, file: Path, figure: Callable[[str], None]) -> None:
    """Rule, destinations, their order and limits are the router's, or it is said beforehand what can't be."""
    found = list(proved(here, load_cases(file)))
    figure(summed_up(file.name.removesuffix(".cases.yaml"), found))
    for each in found:
        if each.good and not each.same:
            figure(f"  {each.about}: {'; '.join(each.reasons)}")
    assert [str(each) for each in found if not each.good] == []
