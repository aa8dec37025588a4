"""How far clients may go: the part of the settings that limits what they send."""

from typing import Annotated

from pydantic import BaseModel, Field

from resolvers.setting_types import RedisURL
from resolvers.trusted_documents import TrustedDocuments

_Rate = Annotated[int, Field(ge=1, le=1_000_000_000)]
_Limit = Annotated[int, Field(ge=1, le=1_000_000)]


class TrafficLimits(BaseModel):
    """How much a process serves at once, and, in units of cost, a minute: the settings of the same names.

    `rate_limit_url` says where a Redis is that holds the budgets; unset, they are in the database.
    """

    max_connections: _Limit = 5_000
    max_requests_at_once: _Limit = 200
    rate_limit: _Rate = 60_000
    anonymous_rate_limit: _Rate = 6_000
    rate_limit_url: RedisURL | None = None


class DocumentTrust(BaseModel):
    """Which documents are executed: the setting of the same name."""

    trusted_documents: TrustedDocuments = TrustedDocuments.OFF


class DocumentLimits(BaseModel):
    """How much a document may have of each measure: the settings of the same names, described by what they count."""

    max_document_length: Annotated[_Limit, Field(description="characters")] = 20_000
    max_document_tokens: Annotated[_Limit, Field(description="tokens")] = 1_000
    max_document_depth: Annotated[_Limit, Field(description="levels of fields")] = 16
    max_document_aliases: Annotated[_Limit, Field(description="aliases")] = 30
    max_document_directives: Annotated[_Limit, Field(description="directives")] = 30
    max_document_root_fields: Annotated[_Limit, Field(description="fields at the root")] = 20
    max_document_fragments: Annotated[_Limit, Field(description="fragments")] = 50
    max_document_repeats: Annotated[_Limit, Field(description="repetitions of a field at one place")] = 20
    max_document_list_nesting: Annotated[_Limit, Field(description="lists within lists")] = 4
    max_document_cost: Annotated[_Limit, Field(description="units of cost")] = 5_000

    def described(self) -> str:
        """Return a sentence that tells clients how far they may go."""
        limits = (f"{getattr(self, name):,} {one.description}" for name, one in DocumentLimits.model_fields.items())
        return f"A document has at most {', '.join(limits)}; beyond that it is refused as `QUERY_TOO_COMPLEX`."
