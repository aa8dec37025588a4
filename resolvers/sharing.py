"""What all share who hear of the same event: what is loaded for it, and what they are answered."""

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from resolvers.loaders import Loaders

Results = dict[Hashable, asyncio.Future[Any]]


@dataclass(frozen=True, slots=True)
class SharedEvent:
    """What is shared about one event."""

    loaders: Loaders
    results: Results = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Share:
    """One caller's share in it: `key` is what its answers depend on beside its request, its rights among them."""

    results: Results
    key: Hashable
