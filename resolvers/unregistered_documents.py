"""Documents that are executed without being registered: counted, and told in the log, by name and hash alone."""

import re
import time
from collections import OrderedDict
from dataclasses import dataclass

import structlog

from resolvers import metrics

_MAX_REMEMBERED = 1_000
_SILENCE_SECONDS = 60.0
_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,99}")
_BEGIN = re.compile(r"\s*(?:query|mutation|subscription)\s+([_A-Za-z][_0-9A-Za-z]{0,99})")
_log = structlog.get_logger()


@dataclass(slots=True)
class _Count:
    requests: int = 0
    silent_until: float = 0.0


class UnregisteredDocuments:
    """Tells of each of the documents seen last once a minute, with the number of requests since the last time."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, _Count] = OrderedDict()

    def note(self, sha256: str, text: str, operation: str | None) -> None:
        """Count a request for a document; its operation has the name that the request gives, or that it begins with."""
        count = self._counts.setdefault(sha256, _Count())
        self._counts.move_to_end(sha256)
        if len(self._counts) > _MAX_REMEMBERED:
            self._counts.popitem(last=False)
        count.requests += 1
        metrics.UNREGISTERED.inc()
        if time.monotonic() >= count.silent_until:
            name = _name(text, operation)
            _log.warning("document not registered", operation=name, sha256=sha256, requests=count.requests)
            count.requests, count.silent_until = 0, time.monotonic() + _SILENCE_SECONDS


def _name(text: str, operation: str | None) -> str | None:
    if operation is not None:
        return operation if _NAME.fullmatch(operation) else None
    found = _BEGIN.match(text)
    return None if found is None else found[1]
