"""The scalars of the schema beside GraphQL's own and Strawberry's."""

from collections.abc import Mapping
from typing import NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

BigInt = NewType("BigInt", int)

SCALARS: Mapping[object, ScalarDefinition] = {
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A whole number beyond 32 bits, as a JSON number: exact up to 2^53 in JavaScript.",
        serialize=int,
        parse_value=int,
    )
}
"""How each is written and read."""
