"""Where an organization's documents are. The organization's record holds it; nothing computes it from a name."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_SHARED_COLLECTION = "documents"


class StoreStrategy(StrEnum):
    """How the documents of one organization are kept apart from those of others."""

    COLLECTION = "collection"
    DATABASE = "database"
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class Placement:
    """One place; `epoch` rises with every move, so that what was read under an older one can be told."""

    strategy: StoreStrategy
    database: str
    collection: str
    epoch: int

    def to_document(self) -> dict[str, Any]:
        """Return the placement as stored."""
        return {
            "strategy": self.strategy,
            "database": self.database,
            "collection": self.collection,
            "epoch": self.epoch,
        }

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "Placement":
        """Read a stored placement."""
        return cls(
            StoreStrategy(document["strategy"]),
            document["database"],
            document["collection"],
            document["epoch"],
        )

    def same_place(self, other: "Placement") -> bool:
        """Tell whether two placements name the same collection."""
        return (self.database, self.collection) == (other.database, other.collection)


def choose(strategy: StoreStrategy, *, master: str, slug: str, epoch: int) -> Placement:
    """Return where a store is to be made; `master` is the name of the master database."""
    name = slug.replace("-", "_")
    match strategy:
        case StoreStrategy.COLLECTION:
            return Placement(strategy, f"{master}_tenants", f"org_{name}", epoch)
        case StoreStrategy.DATABASE:
            return Placement(strategy, f"{master}_org_{name}", "documents", epoch)
        case StoreStrategy.SHARED:
            return Placement(strategy, f"{master}_tenants", _SHARED_COLLECTION, epoch)
