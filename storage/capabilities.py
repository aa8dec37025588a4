"""What kind of server this is: read once, from how it describes itself, so that nothing else asks for a product."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_EMBEDDED_SET = "secantus"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the server can do.

    `transactions`: it is a replica set or a sharded cluster. `drops_at_once`: dropping a collection takes no longer for
    many documents, and holds nobody up. `renames_at_once`: renaming a collection is atomic, a crash included, whatever
    its size.
    """

    transactions: bool
    drops_at_once: bool
    renames_at_once: bool


def read(hello: Mapping[str, Any]) -> Capabilities:
    """Return the capabilities of a server from its reply to `hello`."""
    set_name = hello.get("setName")
    sharded = hello.get("msg") == "isdbgrid"
    embedded = set_name == _EMBEDDED_SET
    return Capabilities(
        transactions=set_name is not None or sharded,
        drops_at_once=not embedded,
        renames_at_once=not embedded and not sharded,
    )
