"""How access tokens can be signed."""

from enum import StrEnum


class Algorithm(StrEnum):
    """A signature algorithm of RFC 7518 or RFC 8037."""

    EDDSA = "EdDSA"
    ES256 = "ES256"
    RS256 = "RS256"
    HS256 = "HS256"
