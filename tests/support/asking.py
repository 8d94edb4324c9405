"""Tokens for a daemon that runs, and questions to its API over HTTP."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from ccrouter.config.tokens import hash_of, new_token

PATIENCE_S = 30


@dataclass(frozen=True)
class Tokens:
    """Tokens by name, each with what its line in the file says beside the hash: `role: read`."""

    said: Mapping[str, str]
    tokens: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, said: Mapping[str, str]) -> "Tokens":
        """Return new ones."""
        return cls(said, {name: new_token() for name in said})

    @property
    def text(self) -> str:
        """Return the file of them."""
        lines = (f"  {name}: {{{said}, sha256: {hash_of(self.tokens[name])}}}\n" for name, said in self.said.items())
        return f"tokens:\n{''.join(lines)}"

    def ask(self, port: int, who: str, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Return status and JSON of the API's answer to the one of this name."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"http://127.0.0.1:{port}/api/v1{path}", data, headers, method=method)
        try:
            with urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310 - our own loopback address
                return answer.status, json.load(answer)
        except HTTPError as error:
            with error:
                return error.code, json.load(error)
