"""Verifying that an email address is its admin's."""

from typing import Annotated

import strawberry

from auth.roles import Permission
from resolvers import email_verifications
from schema.admins import Admin
from schema.fields import Info
from schema.user_errors import Payload, mutation


@strawberry.type(description="What `requestEmailVerification` returns.")
class RequestEmailVerificationPayload(Payload):
    """Payload of `requestEmailVerification`."""

    requested: bool | None = strawberry.field(default=None, description="True: a mail is on its way, or was just sent.")


@strawberry.input(description="What shows that an address is one's own.")
class VerifyEmailInput:
    """Input of `verifyEmail`."""

    token: str = strawberry.field(description="The token from the mail: it is good for once, within three days.")


@strawberry.type(description="What `verifyEmail` returns.")
class VerifyEmailPayload(Payload):
    """Payload of `verifyEmail`."""

    admin: Admin | None = strawberry.field(default=None, description="The admin, its address verified.")


@strawberry.type
class EmailVerificationMutations:
    """How an address is verified."""

    @mutation(
        RequestEmailVerificationPayload,
        "Have a new token for `verifyEmail` sent to one's own address; the former one counts no more. One mail a "
        "minute, and five an hour.",
        Permission.VIEWER_UPDATE,
    )
    async def request_email_verification(self, info: Info) -> RequestEmailVerificationPayload | None:
        """Have a token sent."""
        await email_verifications.request(info.context)
        return RequestEmailVerificationPayload(requested=True)

    @mutation(
        VerifyEmailPayload,
        "Show by a token from a mail that an email address is one's own. Open to everyone: the token is the proof. "
        "Ignores `Authorization`.",
    )
    async def verify_email(
        self,
        info: Info,
        input: Annotated[VerifyEmailInput, strawberry.argument(description="The token.")],  # noqa: A002 - the name that clients see
    ) -> VerifyEmailPayload | None:
        """Verify an address."""
        return VerifyEmailPayload(admin=Admin.from_record(await email_verifications.verify(info.context, input.token)))
