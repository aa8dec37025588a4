"""What the Python peers share: the data model on Motor, passwords by bcrypt, tokens by PyJWT."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import bcrypt
import jwt
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection
from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from benchmarks.peers.names import collection_name, new_id, slug_of

Record = dict[str, Any]

_SECRET = os.environ.get("PEER_SECRET", "a secret of thirty-two characters")
_LIFETIME = timedelta(hours=6)


class TakenError(Exception):
    """A name or an email address is taken; the message is the code of the error."""


class Store:
    """The organizations, their admins, and a collection of documents for each of them."""

    def __init__(self) -> None:
        client: AsyncIOMotorClient[Record] = AsyncIOMotorClient(os.environ["PEER_MONGODB_URI"], tz_aware=True)
        self._client = client
        self._database = client[os.environ["PEER_DATABASE"]]
        self.organizations: AsyncIOMotorCollection[Record] = self._database["organizations"]
        self.admins: AsyncIOMotorCollection[Record] = self._database["admins"]

    async def prepare(self) -> None:
        """Build the indexes that the queries use."""
        await self.organizations.create_index("slug", unique=True)
        await self.admins.create_index("email", unique=True)
        await self.admins.create_index([("organization_id", ASCENDING), ("_id", ASCENDING)])

    def close(self) -> None:
        """End the connections."""
        self._client.close()

    def documents(self, organization: Record) -> "AsyncIOMotorCollection[Record]":
        """Return the collection of an organization."""
        return self._database[collection_name(organization["slug"])]

    async def organization(self, slug: str) -> Record | None:
        """Find an organization by its slug."""
        return await self.organizations.find_one({"slug": slug})

    async def organization_by_id(self, organization_id: str) -> Record | None:
        """Find an organization by its id."""
        return await self.organizations.find_one({"_id": organization_id})

    async def page(self, limit: int, after: str | None) -> list[Record]:
        """List organizations by their slugs."""
        query = {} if after is None else {"slug": {"$gt": after}}
        return await self.organizations.find(query).sort("slug").limit(limit).to_list(limit)

    async def admin(self, admin_id: str) -> Record | None:
        """Find an admin by the id."""
        return await self.admins.find_one({"_id": admin_id})

    async def admins_of(self, organization_ids: list[str]) -> dict[str, list[Record]]:
        """List the admins of several organizations."""
        found: dict[str, list[Record]] = {organization_id: [] for organization_id in organization_ids}
        async for admin in self.admins.find({"organization_id": {"$in": organization_ids}}).sort("_id"):
            found[admin["organization_id"]].append(admin)
        return found

    async def document(self, organization: Record, document_id: str) -> Record | None:
        """Find a document by its id."""
        return await self.documents(organization).find_one({"_id": document_id})

    async def page_of_documents(self, organization: Record, limit: int) -> list[Record]:
        """List documents in the order in which they were made."""
        return await self.documents(organization).find().sort("_id").limit(limit).to_list(limit)

    async def create_document(self, organization: Record, kind: str, data: Record) -> Record:
        """Make a document."""
        at = datetime.now(UTC)
        document = {"_id": new_id(), "type": kind, "data": data, "version": 1, "created_at": at, "updated_at": at}
        await self.documents(organization).insert_one(document)
        return document

    async def sign_up(self, name: str, email: str, password: str) -> tuple[Record, Record]:
        """Make an organization, its owner and its collection; raise `TakenError`."""
        at = datetime.now(UTC)
        organization: Record = {
            "_id": new_id(),
            "name": name,
            "slug": slug_of(name),
            "description": None,
            "status": "ACTIVE",
        }
        organization |= {"created_at": at, "updated_at": at}
        admin: Record = {
            "_id": new_id(),
            "organization_id": organization["_id"],
            "email": email,
            "name": None,
            "role": "OWNER",
        }
        admin |= {"password_hash": hash_password(password), "created_at": at}
        try:
            await self.organizations.insert_one(organization)
        except DuplicateKeyError:
            raise TakenError("SLUG_TAKEN") from None
        try:
            await self.admins.insert_one(admin)
        except DuplicateKeyError:
            await self.organizations.delete_one({"_id": organization["_id"]})
            raise TakenError("EMAIL_TAKEN") from None
        await self.documents(organization).create_index("type")
        return organization, admin

    async def log_in(self, email: str, password: str) -> Record | None:
        """Return the admin who signs in with these."""
        admin = await self.admins.find_one({"email": email})
        if admin is None or not bcrypt.checkpw(password.encode(), admin["password_hash"].encode()):
            return None
        return admin

    async def rename(self, organization: Record, name: str) -> Record:
        """Rename an organization and its collection; raise `TakenError`."""
        renamed: Record = {"name": name, "slug": slug_of(name), "updated_at": datetime.now(UTC)}
        try:
            await self.organizations.update_one({"_id": organization["_id"]}, {"$set": renamed})
        except DuplicateKeyError:
            raise TakenError("SLUG_TAKEN") from None
        await self.documents(organization).rename(collection_name(renamed["slug"]))
        return organization | renamed


def hash_password(password: str) -> str:
    """Hash a password with the library's defaults."""
    hashed: bytes = bcrypt.hashpw(password.encode(), bcrypt.gensalt())
    return hashed.decode()


def new_token(admin: Record) -> str:
    """Return an access token."""
    claims = {"sub": admin["_id"], "org": admin["organization_id"], "exp": datetime.now(UTC) + _LIFETIME}
    return jwt.encode(claims, _SECRET, algorithm="HS256")


def claims_of(header: str | None) -> Record | None:
    """Return the claims of an Authorization header field, or None if it does not count."""
    if header is None or not header.startswith("Bearer "):
        return None
    try:
        return jwt.decode(header.removeprefix("Bearer "), _SECRET, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        return None
