"""The interfaces of the schema."""

import strawberry


@strawberry.interface(description="An object with a global id, which `node` finds again.")
class Node:
    """What has a global id."""

    id: strawberry.ID = strawberry.field(description="The global id: opaque, unique among all types, never reused.")


@strawberry.interface(description="Who can act on an organization.")
class Actor:
    """Who can be named as having done something."""

    id: strawberry.ID = strawberry.field(description="The global id of the actor.")
    display_name: str = strawberry.field(description="How to show the actor to people.")
