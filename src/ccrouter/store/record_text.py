"""The record of a decision as JSON, made quickly: it is done for each call.

What comes from the routing file, and what was seen of it, comes again and again: the text of that is made once.
"""

import json
from functools import lru_cache

from pydantic_core import PydanticSerializationError, to_json

from ccrouter.routing.decision import Decision
from ccrouter.routing.destinations import Considered
from ccrouter.routing.records import beginning_of, considered_of, rule_of
from ccrouter.routing.trace import RuleTested


def record_text(decision: Decision, caller: str | None) -> str:
    """Return `record_of` a decision as JSON, with the caller as they may be kept."""
    begins = beginning_of(decision)
    begins["call"]["caller"] = caller
    rules = ",".join(map(_rule, decision.trace))
    return f'{_json(begins)[:-1]},"trace":[{rules}],"considered":{_considered(decision.considered)}}}'


@lru_cache(4096)
def _rule(tested: RuleTested) -> str:
    return _json(rule_of(tested))


@lru_cache(1024)
def _considered(considered: tuple[Considered, ...]) -> str:
    return _json(considered_of(considered))


def _json(value: object) -> str:
    try:
        return to_json(value).decode()
    except PydanticSerializationError:  # half a letter, of which the slower one makes something
        return json.dumps(value)
