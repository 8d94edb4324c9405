"""Requests drawn from the API's description, to a real daemon: no fault, and each answer is as described."""

from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from ccrouter.web.holders import Role
from reference.api import operations
from support.api_cases import CHECKS, Described, Request, cases, tries
from support.api_house import HOLDERS, ApiHouse, api_house

EXAMPLES: Final = {GenerationMode.POSITIVE: 8, GenerationMode.NEGATIVE: 6}
"""For each operation; `scripts/fuzz --target http-api` tries others for as long as one likes."""


@pytest.fixture(scope="module")
def house() -> Iterator[ApiHouse]:
    """Give a house for all of them."""
    with api_house() as made:
        yield made


def ask(house: ApiHouse, case: Request, role: Role) -> int:
    """Ask with a token of this role, and return the status of an answer that is as described."""
    response = case.call(base_url=house.url, headers={"Authorization": f"Bearer {house.token(role)}"})
    case.validate_response(response, checks=list(CHECKS))
    return response.status_code


@pytest.mark.parametrize(
    ("operation", "mode"), [pytest.param(each, mode, id=f"{mode.value} {each.label}") for each, mode in tries()]
)
def test_answers_are_as_described(house: ApiHouse, operation: Described, mode: GenerationMode) -> None:
    """By status, content type and schema, whether the request is as described or not.

    Whoever has no right to the operation gets none, whatever else is wrong with the request.
    """
    [declared] = [each for each in operations() if each.name == operation.definition.raw["operationId"]]
    able = max(holder.role for holder in HOLDERS.values() if declared.allows(holder))
    unable = [holder.role for holder in HOLDERS.values() if not declared.allows(holder)]
    found = set[int]()

    @settings(
        max_examples=EXAMPLES[mode],
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases(operation, mode))
    def try_it(case: Request) -> None:
        found.add(ask(house, case, able))
        if unable:
            refused = ask(house, case, unable[len(found) % len(unable)])
            assert refused == 403 or (mode is GenerationMode.NEGATIVE and refused in {400, 404, 405})

    try_it()
    assert found
