"""Ids and names in the data model of the Python peers."""

import re

from bson import ObjectId


def new_id() -> str:
    """Return a new id."""
    return str(ObjectId())


def slug_of(name: str) -> str:
    """Return a name as it stands in addresses."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def collection_name(slug: str) -> str:
    """Return the name of an organization's collection."""
    return "org_" + slug.replace("-", "_")
