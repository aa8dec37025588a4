"""Documents that requests name instead of sending them: which are known, which are executed, which are remembered."""

from auth.errors import BadRequestError, PersistedOperationNotFoundError, UserError, UserErrorCode
from auth.principals import OperatorPrincipal
from resolvers import charges
from resolvers.context import RequestContext
from resolvers.registered_operations import sha256_of
from resolvers.services import Services
from resolvers.trusted_documents import TrustedDocuments
from storage import persisted_operations
from storage.persisted_operations import Manifest, ManifestRefusedError, ManifestSummary

_ONLY_REGISTERED = "Only registered documents are executed here."
_NOT_THE_ONE = "The document is not the one that its id stands for."


async def find(context: RequestContext, document_id: str) -> str:
    """Return the document that an id stands for. Raises `PersistedOperationNotFoundError`.

    Whoever asks for one that this process does not know pays as for a document that is refused.
    """
    services = context.services
    text = await services.registered_operations.find(document_id)
    automatic = services.policy.trusted_documents is not TrustedDocuments.ENFORCE
    if text is None and automatic:
        text = services.remembered_operations.held(document_id)
    if text is None:
        await charges.begin(context)
        text = await services.remembered_operations.look_up(document_id) if automatic else None
    if text is None:
        raise PersistedOperationNotFoundError
    return text


async def verify(context: RequestContext, document_id: str, text: str) -> None:
    """Raise `BadRequestError` unless a document that was sent is the one that its id stands for."""
    if document_id != sha256_of(text) and text != await context.services.registered_operations.find(document_id):
        await charges.begin(context)
        raise BadRequestError(_NOT_THE_ONE)


async def admit(context: RequestContext, text: str) -> bool:
    """Return whether a document is registered. Raises `PersistedOperationNotFoundError` if it has to be, and is not.

    Operators may send any: they look into what nobody has foreseen.
    """
    if await context.services.registered_operations.contains(sha256_of(text)):
        return True
    if context.services.policy.trusted_documents is TrustedDocuments.ENFORCE:
        await charges.begin(context)
        if not await _is_operator(context):
            raise PersistedOperationNotFoundError(_ONLY_REGISTERED)
    return False


def learn(context: RequestContext, document_id: str, text: str) -> None:
    """Remember a document that was executed by its hash; it is stored when the answer has been sent."""
    services = context.services
    if services.policy.trusted_documents is TrustedDocuments.ENFORCE or document_id != sha256_of(text):
        return
    if services.remembered_operations.add(document_id, text, of_member=context.claims() is not None):
        services.background.start(services.remembered_operations.store(document_id, text))


async def register(services: Services, manifest: Manifest) -> bool:
    """Have the documents of a manifest executed; return whether they were not all there. Raises `UserError`."""
    try:
        return await persisted_operations.register(services.database, manifest)
    except ManifestRefusedError as error:
        raise UserError(UserErrorCode.CONFLICT, str(error)) from None


async def unregister(services: Services, manifest_id: str) -> None:
    """Remove a manifest; documents that others hold, too, stay. Raises `UserError`."""
    if not await persisted_operations.unregister(services.database, manifest_id):
        raise UserError(UserErrorCode.NOT_FOUND, f"There is no manifest {manifest_id}: see `operations list`.")


async def manifests(services: Services) -> list[ManifestSummary]:
    """Return what can be shown of all manifests, the newest first."""
    return await persisted_operations.summaries(services.database)


async def _is_operator(context: RequestContext) -> bool:
    """Look the caller up, if its token says that it is an operator."""
    claims = context.claims()
    if claims is None or claims.organization_id is not None:
        return False
    return isinstance(await context.principal(), OperatorPrincipal)
