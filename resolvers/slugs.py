"""Slugs: how they come from names, and which ones are acceptable. One slug, one organization, whatever the spelling."""

import re
import unicodedata

from slugify import slugify

from auth.errors import UserError, UserErrorCode

MIN_LENGTH = 2
MAX_LENGTH = 40
_FORM = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
RESERVED = frozenset(
    {
        "about", "account", "admin", "administrator", "api", "app", "assets", "auth", "billing", "blog", "console",
        "dashboard", "docs", "graphiql", "graphql", "healthz", "help", "login", "logout", "mail", "metrics", "new",
        "null", "operator", "operators", "organization", "organizations", "postmaster", "readyz", "root", "security",
        "settings", "signup", "static", "status", "support", "system", "tenantry", "test", "undefined", "webmaster",
        "well-known", "www",
    }
)  # fmt: skip


def slug_for(name: str, given: str | None) -> str:
    """Return the given slug, or the one that comes from the name; raise `UserError` unless it is acceptable."""
    slug = from_name(name) if given is None else given
    if given is None and len(slug) < MIN_LENGTH:
        raise UserError(UserErrorCode.INVALID, "No address can be made of this name: give a slug as well.", ("slug",))
    path = ("slug",) if given is not None else ("name",)
    if not MIN_LENGTH <= len(slug) <= MAX_LENGTH or _FORM.fullmatch(slug) is None:
        raise UserError(
            UserErrorCode.INVALID,
            f"A slug has {MIN_LENGTH} to {MAX_LENGTH} characters: a to z, digits, and single hyphens between them.",
            path,
        )
    if slug in RESERVED:
        raise UserError(UserErrorCode.INVALID, f"The slug {slug} is reserved.", path)
    return slug


def from_name(name: str) -> str:
    """Return the slug of a name, cut at the last hyphen within 40 characters; possibly too short to be one."""
    compatible = unicodedata.normalize("NFKC", name)
    slug: str = slugify(compatible, entities=False, decimal=False, hexadecimal=False)
    if len(slug) <= MAX_LENGTH:
        return slug
    last_hyphen = slug.rfind("-", 0, MAX_LENGTH + 1)
    return slug[:last_hyphen] if last_hyphen >= MIN_LENGTH else slug[:MAX_LENGTH]


def taken(*, given: bool) -> UserError:
    """Return the error for a slug that another organization has, on the input that it came from."""
    return UserError(UserErrorCode.SLUG_TAKEN, "Another organization has this name.", ("slug",) if given else ("name",))
