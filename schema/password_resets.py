"""Resetting a password that was forgotten."""

from typing import Annotated

import strawberry

from resolvers import password_resets
from schema.admins import Admin
from schema.fields import Info
from schema.user_errors import Payload, mutation


@strawberry.input(description="Who has forgotten a password.")
class RequestPasswordResetInput:
    """Input of `requestPasswordReset`."""

    email: str = strawberry.field(description="The email address of the account: 254 characters at most.")


@strawberry.type(description="What `requestPasswordReset` returns.")
class RequestPasswordResetPayload(Payload):
    """Payload of `requestPasswordReset`."""

    requested: bool | None = strawberry.field(
        default=None, description="True, whether or not an admin has this address."
    )


@strawberry.input(description="The password to be, and what allows to set it.")
class ResetPasswordInput:
    """Input of `resetPassword`."""

    token: str = strawberry.field(description="The token from the mail: it is good for once, within 30 minutes.")
    password: str = strawberry.field(description="The new password: 8 to 128 characters, not easy to guess.")


@strawberry.type(description="What `resetPassword` returns.")
class ResetPasswordPayload(Payload):
    """Payload of `resetPassword`."""

    admin: Admin | None = strawberry.field(default=None, description="The admin, who can log in now.")


@strawberry.type
class PasswordResetMutations:
    """How a password is reset."""

    @mutation(
        RequestPasswordResetPayload,
        "Have a token for `resetPassword` sent to an email address, if an admin has it: one mail a minute, and five an "
        "hour. Open to everyone. The answer is the same for every address.",
    )
    async def request_password_reset(
        self,
        info: Info,
        input: Annotated[RequestPasswordResetInput, strawberry.argument(description="Who asks.")],  # noqa: A002 - the name that clients see
    ) -> RequestPasswordResetPayload | None:
        """Have a token sent."""
        await password_resets.request(info.context, input.email)
        return RequestPasswordResetPayload(requested=True)

    @mutation(
        ResetPasswordPayload,
        "Set a new password by a token from a mail. All sessions of the admin end, the address is told, and counts as "
        "verified. Open to everyone: the token is the proof. Ignores `Authorization`.",
    )
    async def reset_password(
        self,
        info: Info,
        input: Annotated[ResetPasswordInput, strawberry.argument(description="The token and the password.")],  # noqa: A002 - the name that clients see
    ) -> ResetPasswordPayload | None:
        """Reset a password."""
        admin = await password_resets.reset(info.context, input.token, input.password)
        return ResetPasswordPayload(admin=Admin.from_record(admin))
