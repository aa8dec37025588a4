"""A call of a server: built once, sent as it is by whatever generates load."""

import json
import re
from dataclasses import dataclass
from typing import Any

import httpx

_ERRORS = re.compile(r'"errors":\s*\[\s*\{')
SEPARATOR = b"\0"
"""Stands between calls in a file; in none of them, since JSON escapes it."""


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request; `body` is JSON."""

    method: str
    path: str
    token: str | None = None
    body: Any = None

    def encode(self, host: str) -> bytes:
        """Return the whole request, as it goes over the network."""
        content = b"" if self.body is None else json.dumps(self.body).encode()
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {host}", "Accept: application/json"]
        if self.token is not None:
            lines.append(f"Authorization: Bearer {self.token}")
        if self.body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
        return "\r\n".join([*lines, "", ""]).encode() + content

    def send(self, http: httpx.Client) -> Any:  # noqa: ANN401 - JSON
        """Send it and return the answer; fail if that is an error."""
        headers = {"Accept": "application/json"}
        headers |= {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        response = http.request(self.method, self.path, headers=headers, json=self.body)
        wrong = f"{self.method} {http.base_url}{self.path} {self.body}: {response.status_code} {response.text[:500]}"
        assert response.is_success, wrong
        assert not _ERRORS.search(response.text), wrong
        return response.json()
