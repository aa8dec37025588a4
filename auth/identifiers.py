"""The id types: 24 hexadecimal digits, unique without coordination and rising with time of creation."""

from typing import NewType

OrganizationId = NewType("OrganizationId", str)
"""An organization that exists or existed; the scoping functions of storage take nothing else."""

AdminId = NewType("AdminId", str)
OperatorId = NewType("OperatorId", str)
SessionId = NewType("SessionId", str)
MigrationId = NewType("MigrationId", str)
DocumentId = NewType("DocumentId", str)
InvitationId = NewType("InvitationId", str)
