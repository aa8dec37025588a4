/* eslint-disable */
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
export type Maybe<T> = T | null;
export type InputMaybe<T> = T | null | undefined;
export type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
export type MakeOptional<T, K extends keyof T> = Omit<T, K> & { [SubKey in K]?: Maybe<T[SubKey]> };
export type MakeMaybe<T, K extends keyof T> = Omit<T, K> & { [SubKey in K]: Maybe<T[SubKey]> };
export type MakeEmpty<T extends { [key: string]: unknown }, K extends keyof T> = { [_ in K]?: never };
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /** A whole number beyond 32 bits, as a JSON number: exact up to 2^53 in JavaScript. */
  BigInt: { input: unknown; output: unknown; }
  /** Date with time (isoformat) */
  DateTime: { input: string; output: string; }
  /** The `JSON` scalar type represents JSON values as specified by [ECMA-404](https://ecma-international.org/wp-content/uploads/ECMA-404_2nd_edition_december_2017.pdf). */
  JSON: { input: unknown; output: unknown; }
};

/** Who accepts. */
export type AcceptInvitationInput = {
  /** The name of the person: 2 to 100 characters. */
  name?: InputMaybe<Scalars['String']['input']>;
  /** The password to be: 8 to 128 characters, not easy to guess. */
  password: Scalars['String']['input'];
  /** Whether a browser is to keep the refresh token in a cookie that scripts cannot read: `session.refreshToken` is null then, and `refreshSession` is sent without one. Not over a WebSocket, nor as Server-Sent Events. */
  refreshTokenInCookie?: Scalars['Boolean']['input'];
  /** The token from the mail: it is good for one answer. */
  token: Scalars['String']['input'];
};

/** Whether an admin can sign in. */
export type AdminStatus =
  /** The admin can sign in. */
  | 'ACTIVE'
  /** The admin cannot sign in. */
  | 'DEACTIVATED';

/** What somebody did. */
export type AuditAction =
  /** An admin's email address was shown to be the admin's. */
  | 'ADMIN_EMAIL_VERIFIED'
  /** What was personal about an admin was erased from the trail. */
  | 'ADMIN_ERASED'
  /** An admin left the organization. */
  | 'ADMIN_LEFT'
  /** An admin's password was changed. */
  | 'ADMIN_PASSWORD_CHANGED'
  /** An admin's password was reset by a mail; all its sessions ended. */
  | 'ADMIN_PASSWORD_RESET'
  /** An admin was removed; its sessions ended. */
  | 'ADMIN_REMOVED'
  /** An admin got another role; its sessions ended. */
  | 'ADMIN_ROLE_CHANGED'
  /** An operator deactivated an admin, whose sessions ended, or activated it. */
  | 'ADMIN_STATUS_CHANGED'
  /** An admin's name or email address was changed. */
  | 'ADMIN_UPDATED'
  /** An index on documents was declared. */
  | 'DOCUMENT_TYPE_INDEX_DECLARED'
  /** A declared index could not be built and was taken back. */
  | 'DOCUMENT_TYPE_INDEX_TAKEN_BACK'
  /** The schema of a type of documents was removed. */
  | 'DOCUMENT_TYPE_SCHEMA_REMOVED'
  /** The schema of a type of documents was set. */
  | 'DOCUMENT_TYPE_SCHEMA_SET'
  /** An invitation was accepted: there is a new admin. */
  | 'INVITATION_ACCEPTED'
  /** An invitation was declined. */
  | 'INVITATION_DECLINED'
  /** An invitation was not answered in time. */
  | 'INVITATION_EXPIRED'
  /** Somebody who was invited was invited again. */
  | 'INVITATION_RENEWED'
  /** An invitation was revoked. */
  | 'INVITATION_REVOKED'
  /** Somebody was invited. */
  | 'INVITATION_SENT'
  /** An operator tried what operators may not do, `count` times. */
  | 'OPERATOR_DENIED'
  /** An organization was signed up. */
  | 'ORGANIZATION_CREATED'
  /** An organization was deleted; all its sessions ended. */
  | 'ORGANIZATION_DELETED'
  /** A deleted organization's data was destroyed. */
  | 'ORGANIZATION_PURGED'
  /** An operator ended the suspension of the organization. */
  | 'ORGANIZATION_REACTIVATED'
  /** An organization got another name and slug. */
  | 'ORGANIZATION_RENAMED'
  /** The deletion of an organization was undone. */
  | 'ORGANIZATION_RESTORED'
  /** An operator suspended the organization. */
  | 'ORGANIZATION_SUSPENDED'
  /** An organization's description, or the spelling of its name, was changed. */
  | 'ORGANIZATION_UPDATED'
  /** Somebody signed out, or ended sessions: `endedSessions`, if all at once. */
  | 'SESSION_ENDED'
  /** Somebody tried to sign in as an admin and failed, `count` times. */
  | 'SESSION_LOGIN_FAILED'
  /** Somebody signed in. */
  | 'SESSION_OPENED'
  /** A spent refresh token was presented: the session was ended. */
  | 'SESSION_REFRESH_REUSED'
  /** An export of the documents was begun. */
  | 'STORE_EXPORTED'
  /** An import of documents was done. */
  | 'STORE_IMPORTED'
  /** An import of documents failed, and left nothing. */
  | 'STORE_IMPORT_FAILED'
  /** An import of documents was begun. */
  | 'STORE_IMPORT_STARTED'
  /** The tenant store was moved. */
  | 'STORE_MOVED'
  /** A move of the tenant store was begun. */
  | 'STORE_MOVE_STARTED'
  /** A move of the tenant store was undone. */
  | 'STORE_MOVE_UNDONE';

/** Why an audit trail is not what was recorded. */
export type AuditBreakReason =
  /** An event is another one than its hash says. */
  | 'CHANGED'
  /** A checkpoint is missing, is not signed by us, or was signed over another trail. */
  | 'CHECKPOINT'
  /** An event belongs to another organization. */
  | 'FOREIGN'
  /** The organization's record has another head than the trail. */
  | 'HEAD'
  /** An event is not there. */
  | 'MISSING'
  /** An event is not where it belongs, or is older than the one before. */
  | 'ORDER'
  /** Personal values are others than were recorded; that they are erased is no break. */
  | 'PERSONAL'
  /** An event does not follow the one before, of which it has another hash. */
  | 'UNLINKED';

/** Which audit events to list: those that meet every condition given. */
export type AuditEventFilter = {
  /** One of these actions. */
  action?: InputMaybe<Array<AuditAction>>;
  /** Done by the admin or operator with this global id. */
  actor?: InputMaybe<Scalars['ID']['input']>;
  /** Done before this instant. */
  createdBefore?: InputMaybe<Scalars['DateTime']['input']>;
  /** Done at this instant or later. */
  createdFrom?: InputMaybe<Scalars['DateTime']['input']>;
  /** Done to this. */
  target?: InputMaybe<AuditTargetInput>;
};

/** What was acted on. */
export type AuditTargetInput = {
  /** Its id, as `AuditTarget.id` has it. */
  id: Scalars['String']['input'];
  /** What it is. */
  kind: AuditTargetKind;
};

/** What can be acted on. */
export type AuditTargetKind =
  /** An admin. */
  | 'ADMIN'
  /** A type of documents; its id is its name. */
  | 'DOCUMENT_TYPE'
  /** An import of documents; its id is that of the upload. */
  | 'IMPORT'
  /** An invitation. */
  | 'INVITATION'
  /** A move of a tenant store. */
  | 'MIGRATION'
  /** An organization. */
  | 'ORGANIZATION'
  /** A session. */
  | 'SESSION';

/** A document to make. */
export type CreateDocumentInput = {
  /** What it holds: a JSON object of at most 1 MiB, nested at most 64 deep, its whole numbers of at most 64 bits. Keys do not begin with a dollar sign, but for the types of MongoDB's extended JSON (v2), as in `{"$date": "2026-01-31T12:00:00Z"}`. */
  data: Scalars['JSON']['input'];
  /** A key that the client makes up, so that the request can be sent again when its answer was lost: for 24 hours the same key with the same arguments takes effect once and answers the same. 1 to 255 printable ASCII characters. */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  /** The global id of the organization. */
  organizationId: Scalars['ID']['input'];
  /** What kind of document it is: 1 to 64 characters, a letter and then letters, digits, `_` and `-`. */
  type: Scalars['String']['input'];
};

/** Documents to make. */
export type CreateDocumentsInput = {
  /** 1 to 100 of them, all of one organization, with at most 4 MiB of data; all are written or none. */
  documents: Array<NewDocumentInput>;
  /** A key that the client makes up, so that the request can be sent again when its answer was lost: for 24 hours the same key with the same arguments takes effect once and answers the same. 1 to 255 printable ASCII characters. */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  /** The global id of the organization. */
  organizationId: Scalars['ID']['input'];
};

/** A new organization and its owner. */
export type CreateOrgInput = {
  /** The name of the owner: 2 to 100 characters. */
  adminName?: InputMaybe<Scalars['String']['input']>;
  /** What the organization says about itself: up to 2,000 characters. */
  description?: InputMaybe<Scalars['String']['input']>;
  /** The email address of the owner; one account an address, without case. */
  email: Scalars['String']['input'];
  /** A key that the client makes up, so that the request can be sent again when its answer was lost: for 24 hours the same key with the same arguments takes effect once and answers the same. 1 to 255 printable ASCII characters. The session is opened the first time only: log in if its answer was lost. */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  /** The name of the organization: 2 to 100 characters. */
  name: Scalars['String']['input'];
  /** The password of the owner: 8 to 128 characters, not easy to guess. */
  password: Scalars['String']['input'];
  /** Whether a browser is to keep the refresh token in a cookie that scripts cannot read: `session.refreshToken` is null then, and `refreshSession` is sent without one. Not over a WebSocket, nor as Server-Sent Events. */
  refreshTokenInCookie?: Scalars['Boolean']['input'];
  /** The name in addresses: 2 to 40 of a to z, digits, single hyphens. From the name unless given. */
  slug?: InputMaybe<Scalars['String']['input']>;
};

/** An index to declare. */
export type DeclareIndexInput = {
  /** 1 to 4 fields of the data, each up to four names with dots between them. From now on they hold null, numbers, booleans, dates or texts of up to 1,000 characters. */
  fields: Array<Scalars['String']['input']>;
  /** A key that the client makes up, so that the request can be sent again when its answer was lost: for 24 hours the same key with the same arguments takes effect once and answers the same. 1 to 255 printable ASCII characters. */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  /** The global id of the organization. */
  organizationId: Scalars['ID']['input'];
  /** What kind of documents they are: 1 to 64 characters, a letter and then letters, digits, `_` and `-`. */
  type: Scalars['String']['input'];
};

/** What to decline. */
export type DeclineInvitationInput = {
  /** The token from the mail: it is good for one answer. */
  token: Scalars['String']['input'];
};

/** A document to delete. */
export type DeleteDocumentInput = {
  /** The version that is to be changed: another one is refused as `CONFLICT`. Unless given, whichever there is. */
  expectedVersion?: InputMaybe<Scalars['Int']['input']>;
  /** The global id of the document. */
  id: Scalars['ID']['input'];
  /** A key that the client makes up, so that the request can be sent again when its answer was lost: for 24 hours the same key with the same arguments takes effect once and answers the same. 1 to 255 printable ASCII characters. */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
};

/** Documents to delete. */
export type DeleteDocumentsInput = {
  /** 1 to 100 of them, all of one organization, with at most 4 MiB of data; all are written or none. */
  documents: Array<DeletedDocumentInput>;
  /** A key that the client makes up, so that the request can be sent again when its answer was lost: for 24 hours the same key with the same arguments takes effect once and answers the same. 1 to 255 printable ASCII characters. */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
};

/** The organization to delete. */
export type DeleteOrgInput = {
  /** The slug of the organization, so that nothing is deleted by mistake. */
  confirmSlug: Scalars['String']['input'];
  /** A key that the client makes up, so that the request can be sent again when its answer was lost: for 24 hours the same key with the same arguments takes effect once and answers the same. 1 to 255 printable ASCII characters. */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  /** The global id of the organization. */
  organizationId: Scalars['ID']['input'];
};

/** A document to delete in a batch. */
export type DeletedDocumentInput = {
  /** The version that is to be changed: another one is refused as `CONFLICT`. Unless given, whichever there is. */
  expectedVersion?: InputMaybe<Scalars['Int']['input']>;
  /** The global id of the document. */
  id: Scalars['ID']['input'];
};

/** What became of a document. */
export type DocumentChangeKind =
  /** It was made. */
  | 'CREATED'
  /** It was deleted. */
  | 'DELETED'
  /** It was changed. */
  | 'UPDATED';

/** What a field of the data is compared with: `equals`, or a lower bound, an upper bound, or both. Values are null, numbers, booleans, texts and dates (`{"$date": …}`); bounds compare within one of these types. */
export type DocumentCondition = {
  /** The field is this or greater. */
  atLeast?: InputMaybe<Scalars['JSON']['input']>;
  /** The field is this or less. */
  atMost?: InputMaybe<Scalars['JSON']['input']>;
  /** The field has this value; null is also what is missing. */
  equals?: InputMaybe<Scalars['JSON']['input']>;
  /** The field: up to four names with dots between them. */
  field: Scalars['String']['input'];
  /** The field is greater than this. */
  greaterThan?: InputMaybe<Scalars['JSON']['input']>;
  /** The field is less than this. */
  lessThan?: InputMaybe<Scalars['JSON']['input']>;
};

/** Which documents to list: those that meet every condition given. */
export type DocumentFilter = {
  /** Of this type. */
  type?: InputMaybe<Scalars['String']['input']>;
  /** Up to four conditions on fields of the data. They need a type, and an index of it that is ready: on the fields that equal something, in any order, and then on the one that has bounds or that the order is by. */
  where?: InputMaybe<Array<DocumentCondition>>;
};

/** Whether a declared index can be used. */
export type DocumentIndexState =
  /** It is being built: filters and orders do not use it yet. */
  | 'BUILDING'
  /** Filters and orders use it. */
  | 'READY';

/** How to order documents. */
export type DocumentOrder = {
  /** Which end comes first. */
  direction?: OrderDirection;
  /** The field of the data to order by: null (or missing), numbers, texts, booleans, dates, in that order. Unless given: the field that has bounds, or else the time of creation. */
  field?: InputMaybe<Scalars['String']['input']>;
};

/** Which invitations to list. */
export type InvitationFilter = {
  /** One of these states. */
  state?: InputMaybe<Array<InvitationState>>;
};

/** What has become of an invitation. */
export type InvitationState =
  /** It was accepted: it has made an admin. */
  | 'ACCEPTED'
  /** Who was invited did not want to. */
  | 'DECLINED'
  /** It was not answered in time. */
  | 'EXPIRED'
  /** It can be accepted. */
  | 'PENDING'
  /** It was taken back, or lost its ground: who had sent it, or the organization. */
  | 'REVOKED';

/** Whom to invite. */
export type InviteAdminInput = {
  /** The email address to invite: 254 characters at most. */
  email: Scalars['String']['input'];
  /** A key that the client makes up, so that the request can be sent again when its answer was lost: for 24 hours the same key with the same arguments takes effect once and answers the same. 1 to 255 printable ASCII characters. */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  /** The global id of the organization. */
  organizationId: Scalars['ID']['input'];
  /** What who accepts may do: a role that the caller manages. */
  role: Role;
};

/** What to leave. */
export type LeaveOrgInput = {
  /** The global id of one's own organization. */
  organizationId: Scalars['ID']['input'];
};

/** Who signs in. */
export type LoginInput = {
  /** The email address, in any case. */
  email: Scalars['String']['input'];
  /** The password. */
  password: Scalars['String']['input'];
  /** Whether a browser is to keep the refresh token in a cookie that scripts cannot read: `session.refreshToken` is null then, and `refreshSession` is sent without one. Not over a WebSocket, nor as Server-Sent Events. */
  refreshTokenInCookie?: Scalars['Boolean']['input'];
};

/** Why a tenant store is moved. */
export type MigrationKind =
  /** The documents are to be kept in another way. */
  | 'MOVE'
  /** The organization is renamed. */
  | 'RENAME';

/** How far a move of a tenant store has come. */
export type MigrationState =
  /** The copy has every change. */
  | 'CAUGHT_UP'
  /** Done: the old store is gone. */
  | 'CLEANED'
  /** Documents are being copied. */
  | 'COPYING'
  /** For a moment documents cannot be changed: what was written meanwhile is copied. */
  | 'FENCED'
  /** The move is planned; nothing is copied yet. */
  | 'PLANNED'
  /** Undone: the organization is as it was before. */
  | 'ROLLED_BACK'
  /** The organization uses the new store; the old one is about to be dropped. */
  | 'SWITCHED'
  /** The copy is complete and equals the original. */
  | 'VERIFIED';

/** How documents are moved. */
export type MigrationWay =
  /** They are copied, compared, and then destroyed where they were. */
  | 'COPY'
  /** Their collection is renamed, which takes no longer for many of them. */
  | 'RENAME';

/** Another way to keep an organization's documents. */
export type MoveTenantStoreInput = {
  /** Change nothing, and return what would be done. */
  dryRun?: Scalars['Boolean']['input'];
  /** A key that the client makes up, so that the request can be sent again when its answer was lost: for 24 hours the same key with the same arguments takes effect once and answers the same. 1 to 255 printable ASCII characters. Without meaning on a dry run. */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  /** The global id of the organization. */
  organizationId: Scalars['ID']['input'];
  /** How the documents are to be kept apart from others. */
  strategy: TenantStoreStrategy;
};

/** A document to make in a batch. */
export type NewDocumentInput = {
  /** What it holds: a JSON object of at most 1 MiB, nested at most 64 deep, its whole numbers of at most 64 bits. Keys do not begin with a dollar sign, but for the types of MongoDB's extended JSON (v2), as in `{"$date": "2026-01-31T12:00:00Z"}`. */
  data: Scalars['JSON']['input'];
  /** What kind of document it is: 1 to 64 characters, a letter and then letters, digits, `_` and `-`. */
  type: Scalars['String']['input'];
};

/** A direction of order. */
export type OrderDirection =
  /** From the least to the greatest. */
  | 'ASC'
  /** From the greatest to the least. */
  | 'DESC';

/** Which organizations to list: those that meet every condition given. */
export type OrganizationFilter = {
  /** That of the admin who signs in with this address, in any case. */
  adminEmail?: InputMaybe<Scalars['String']['input']>;
  /** Signed up before this instant. */
  createdBefore?: InputMaybe<Scalars['DateTime']['input']>;
  /** Signed up at this instant or later. */
  createdFrom?: InputMaybe<Scalars['DateTime']['input']>;
  /** How the name begins, without case. */
  namePrefix?: InputMaybe<Scalars['String']['input']>;
  /** How the slug begins, without case. */
  slugPrefix?: InputMaybe<Scalars['String']['input']>;
  /** One of these states. */
  status?: InputMaybe<Array<OrganizationStatus>>;
};

/** How to order organizations. */
export type OrganizationOrder = {
  /** Which end comes first. */
  direction?: OrderDirection;
  /** What to order by. */
  field: OrganizationOrderField;
};

/** What organizations can be ordered by. */
export type OrganizationOrderField =
  /** By the time of sign-up. */
  | 'CREATED_AT'
  /** By name, without case. */
  | 'NAME'
  /** By slug. */
  | 'SLUG';

/** The state of an organization. */
export type OrganizationStatus =
  /** In use. */
  | 'ACTIVE'
  /** Deleted: its data is destroyed, at once or at `purgeAt`; its record remains. */
  | 'DELETED'
  /** Suspended by an operator: it can be read, and changes answer `ORG_SUSPENDED`. */
  | 'SUSPENDED';

/** What to reactivate. */
export type ReactivateOrgInput = {
  /** The global id of the organization. */
  organizationId: Scalars['ID']['input'];
  /** Why: 1 to 500 characters, recorded in the organization's audit trail. */
  reason: Scalars['String']['input'];
};

/** What to renew a session with. */
export type RefreshSessionInput = {
  /** The refresh token that was given last; without it, the one in the cookie counts. */
  refreshToken?: InputMaybe<Scalars['String']['input']>;
};

/** Whom to remove. */
export type RemoveAdminInput = {
  /** The global id of the admin. */
  adminId: Scalars['ID']['input'];
};

/** The new name of an organization. */
export type RenameOrgInput = {
  /** Change nothing, and return what would be done. */
  dryRun?: Scalars['Boolean']['input'];
  /** A key that the client makes up, so that the request can be sent again when its answer was lost: for 24 hours the same key with the same arguments takes effect once and answers the same. 1 to 255 printable ASCII characters. Without meaning on a dry run. */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  /** The new name: 2 to 100 characters. */
  name: Scalars['String']['input'];
  /** The global id of the organization. */
  organizationId: Scalars['ID']['input'];
  /** The new name in addresses. Made from the name unless given. */
  slug?: InputMaybe<Scalars['String']['input']>;
};

/** Who has forgotten a password. */
export type RequestPasswordResetInput = {
  /** The email address of the account: 254 characters at most. */
  email: Scalars['String']['input'];
};

/** The password to be, and what allows to set it. */
export type ResetPasswordInput = {
  /** The new password: 8 to 128 characters, not easy to guess. */
  password: Scalars['String']['input'];
  /** The token from the mail: it is good for once, within 30 minutes. */
  token: Scalars['String']['input'];
};

/** The organization to restore. */
export type RestoreOrgInput = {
  /** A key that the client makes up, so that the request can be sent again when its answer was lost: for 24 hours the same key with the same arguments takes effect once and answers the same. 1 to 255 printable ASCII characters. */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  /** The global id of the organization. */
  organizationId: Scalars['ID']['input'];
};

/** Which sessions to end. */
export type RevokeAllSessionsInput = {
  /** Whether the session that the access token belongs to goes on. */
  keepCurrent?: Scalars['Boolean']['input'];
};

/** Which invitation to revoke. */
export type RevokeInvitationInput = {
  /** The global id of the invitation. */
  invitationId: Scalars['ID']['input'];
};

/** Which session to end. */
export type RevokeSessionInput = {
  /** The global id of a session of one's own. */
  sessionId: Scalars['ID']['input'];
};

/** What an admin may do in its organization. */
export type Role =
  /** Everything but what is left to owners. */
  | 'ADMIN'
  /** Everything, including renaming and deleting the organization. */
  | 'OWNER'
  /** Reading. */
  | 'VIEWER';

/** Who is to get which role. */
export type SetAdminRoleInput = {
  /** The global id of the admin. */
  adminId: Scalars['ID']['input'];
  /** What the admin is to be. */
  role: Role;
};

/** Whom to deactivate or activate. */
export type SetAdminStatusInput = {
  /** The global id of the admin. */
  adminId: Scalars['ID']['input'];
  /** Why: 1 to 500 characters, recorded in the organization's audit trail. */
  reason: Scalars['String']['input'];
  /** Whether the admin is to be able to sign in. */
  status: AdminStatus;
};

/** A schema for the data of one type of documents. */
export type SetDocumentSchemaInput = {
  /** The global id of the organization. */
  organizationId: Scalars['ID']['input'];
  /** A JSON Schema (draft 2020-12) of at most 64 KiB, without references to elsewhere and without recursion; null removes the one that is set. */
  schema?: InputMaybe<Scalars['JSON']['input']>;
  /** What kind of documents they are: 1 to 64 characters, a letter and then letters, digits, `_` and `-`. */
  type: Scalars['String']['input'];
};

/** What to suspend. */
export type SuspendOrgInput = {
  /** The global id of the organization. */
  organizationId: Scalars['ID']['input'];
  /** Why: 1 to 500 characters, recorded in the organization's audit trail. Its members can read it. */
  reason: Scalars['String']['input'];
};

/** How the documents of one organization are kept apart from those of others. */
export type TenantStoreStrategy =
  /** A collection of its own. */
  | 'COLLECTION'
  /** A database of its own. */
  | 'DATABASE'
  /** A slice of a collection that organizations share. */
  | 'SHARED';

/** What to change about oneself. */
export type UpdateAdminInput = {
  /** The current password, wanted with a new email address or password. */
  currentPassword?: InputMaybe<Scalars['String']['input']>;
  /** The new email address; it counts as unverified, and other sessions end. */
  email?: InputMaybe<Scalars['String']['input']>;
  /** The new name: 2 to 100 characters. */
  name?: InputMaybe<Scalars['String']['input']>;
  /** The new password: 8 to 128 characters, not easy to guess; other sessions end. */
  password?: InputMaybe<Scalars['String']['input']>;
};

/** What a document is to hold from now on. */
export type UpdateDocumentInput = {
  /** What it holds: a JSON object of at most 1 MiB, nested at most 64 deep, its whole numbers of at most 64 bits. Keys do not begin with a dollar sign, but for the types of MongoDB's extended JSON (v2), as in `{"$date": "2026-01-31T12:00:00Z"}`. */
  data: Scalars['JSON']['input'];
  /** The version that is to be changed: another one is refused as `CONFLICT`. Unless given, whichever there is. */
  expectedVersion?: InputMaybe<Scalars['Int']['input']>;
  /** The global id of the document. */
  id: Scalars['ID']['input'];
};

/** What documents are to hold from now on. */
export type UpdateDocumentsInput = {
  /** 1 to 100 of them, all of one organization, with at most 4 MiB of data; all are written or none. */
  documents: Array<UpdateDocumentInput>;
};

/** What to change about an organization. */
export type UpdateOrgInput = {
  /** What the organization says about itself: up to 2,000 characters, null for nothing. */
  description?: InputMaybe<Scalars['String']['input']>;
  /** The global id of the organization. */
  organizationId: Scalars['ID']['input'];
};

/** What is wrong, in a form that programs can rely on. */
export type UserErrorCode =
  /** The email address or the password is wrong. */
  | 'BAD_CREDENTIALS'
  /** Something changed meanwhile: read again and retry. */
  | 'CONFLICT'
  /** Another account has this email address. */
  | 'EMAIL_TAKEN'
  /** The idempotency key was used with other arguments. */
  | 'IDEMPOTENCY_MISMATCH'
  /** The value at `path` is not acceptable; `message` says why. */
  | 'INVALID'
  /** An organization has an active owner always: make somebody else one first. */
  | 'LAST_OWNER'
  /** What the input names does not exist, or not any more. */
  | 'NOT_FOUND'
  /** The organization has been deleted. */
  | 'ORG_DELETED'
  /** The organization's store is being moved: retry shortly. */
  | 'ORG_MIGRATING'
  /** The organization is suspended: it can be read, not changed. */
  | 'ORG_SUSPENDED'
  /** Another organization has this name, however it is spelled. */
  | 'SLUG_TAKEN'
  /** The token is spent, old, or none of ours. */
  | 'TOKEN_INVALID'
  /** The password is too short, too long or easy to guess. */
  | 'WEAK_PASSWORD';

/** What shows that an address is one's own. */
export type VerifyEmailInput = {
  /** The token from the mail: it is good for once, within three days. */
  token: Scalars['String']['input'];
};

export type UpdateAdminMutationVariables = Exact<{
  input: UpdateAdminInput;
}>;


export type UpdateAdminMutation = { __typename?: 'Mutation', updateAdmin?: { __typename?: 'UpdateAdminPayload', admin?: { __typename?: 'Admin', id: string, email: string, name?: string | null, role: Role, status: AdminStatus, emailVerified: boolean, createdAt: string, lastLoginAt?: string | null } | null, errors: Array<{ __typename?: 'UserError', code: UserErrorCode, message: string, path?: Array<string> | null }> } | null };

export type OrganizationFieldsFragment = { __typename?: 'Organization', id: string, name: string, slug: string, description?: string | null, status: OrganizationStatus, createdAt: string, updatedAt: string };

export type AdminFieldsFragment = { __typename?: 'Admin', id: string, email: string, name?: string | null, role: Role, status: AdminStatus, emailVerified: boolean, createdAt: string, lastLoginAt?: string | null };

export type SessionTokensFieldsFragment = { __typename?: 'SessionTokens', accessToken: string, tokenType: string, expiresAt: string, refreshToken?: string | null };

export type UserErrorFieldsFragment = { __typename?: 'UserError', code: UserErrorCode, message: string, path?: Array<string> | null };

export type OrganizationBySlugQueryVariables = Exact<{
  slug: Scalars['String']['input'];
}>;


export type OrganizationBySlugQuery = { __typename?: 'Query', organization?: { __typename?: 'Organization', id: string, name: string, slug: string, description?: string | null, status: OrganizationStatus, createdAt: string, updatedAt: string } | null };

export type OrganizationsQueryVariables = Exact<{
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<OrganizationFilter>;
  orderBy?: InputMaybe<OrganizationOrder>;
}>;


export type OrganizationsQuery = { __typename?: 'Query', organizations?: { __typename?: 'OrganizationConnection', edges: Array<{ __typename?: 'OrganizationEdge', cursor: string, node: { __typename?: 'Organization', id: string, name: string, slug: string, description?: string | null, status: OrganizationStatus, createdAt: string, updatedAt: string } }>, pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, hasPreviousPage: boolean, startCursor?: string | null, endCursor?: string | null } } | null };

export type UpdateOrgMutationVariables = Exact<{
  input: UpdateOrgInput;
}>;


export type UpdateOrgMutation = { __typename?: 'Mutation', updateOrg?: { __typename?: 'UpdateOrgPayload', organization?: { __typename?: 'Organization', id: string, name: string, slug: string, description?: string | null, status: OrganizationStatus, createdAt: string, updatedAt: string } | null, errors: Array<{ __typename?: 'UserError', code: UserErrorCode, message: string, path?: Array<string> | null }> } | null };

export type RenameOrgMutationVariables = Exact<{
  input: RenameOrgInput;
}>;


export type RenameOrgMutation = { __typename?: 'Mutation', renameOrg?: { __typename?: 'RenameOrgPayload', organization?: { __typename?: 'Organization', id: string, name: string, slug: string, description?: string | null, status: OrganizationStatus, createdAt: string, updatedAt: string } | null, migration?: { __typename?: 'Migration', id: string, state: MigrationState, documentsDone: number, documentsTotal: number, startedAt: string, finishedAt?: string | null, error?: string | null } | null, errors: Array<{ __typename?: 'UserError', code: UserErrorCode, message: string, path?: Array<string> | null }> } | null };

export type DeleteOrgMutationVariables = Exact<{
  input: DeleteOrgInput;
}>;


export type DeleteOrgMutation = { __typename?: 'Mutation', deleteOrg?: { __typename?: 'DeleteOrgPayload', organization?: { __typename?: 'Organization', id: string, name: string, slug: string, description?: string | null, status: OrganizationStatus, createdAt: string, updatedAt: string } | null, errors: Array<{ __typename?: 'UserError', code: UserErrorCode, message: string, path?: Array<string> | null }> } | null };

export type LogInMutationVariables = Exact<{
  input: LoginInput;
}>;


export type LogInMutation = { __typename?: 'Mutation', login?: { __typename?: 'LoginPayload', session?: { __typename?: 'SessionTokens', accessToken: string, tokenType: string, expiresAt: string, refreshToken?: string | null } | null, admin?: { __typename?: 'Admin', id: string, email: string, name?: string | null, role: Role, status: AdminStatus, emailVerified: boolean, createdAt: string, lastLoginAt?: string | null, organization: { __typename?: 'Organization', id: string, name: string, slug: string, description?: string | null, status: OrganizationStatus, createdAt: string, updatedAt: string } } | null, operator?: { __typename?: 'Operator', id: string, email: string, displayName: string } | null, errors: Array<{ __typename?: 'UserError', code: UserErrorCode, message: string, path?: Array<string> | null }> } | null };

export type RefreshSessionMutationVariables = Exact<{
  input: RefreshSessionInput;
}>;


export type RefreshSessionMutation = { __typename?: 'Mutation', refreshSession?: { __typename?: 'RefreshSessionPayload', session?: { __typename?: 'SessionTokens', accessToken: string, tokenType: string, expiresAt: string, refreshToken?: string | null } | null, errors: Array<{ __typename?: 'UserError', code: UserErrorCode, message: string, path?: Array<string> | null }> } | null };

export type LogOutMutationVariables = Exact<{ [key: string]: never; }>;


export type LogOutMutation = { __typename?: 'Mutation', logout?: { __typename?: 'LogoutPayload', loggedOut?: boolean | null, errors: Array<{ __typename?: 'UserError', code: UserErrorCode, message: string, path?: Array<string> | null }> } | null };

export type SignUpMutationVariables = Exact<{
  input: CreateOrgInput;
}>;


export type SignUpMutation = { __typename?: 'Mutation', createOrg?: { __typename?: 'CreateOrgPayload', organization?: { __typename?: 'Organization', id: string, name: string, slug: string, description?: string | null, status: OrganizationStatus, createdAt: string, updatedAt: string } | null, admin?: { __typename?: 'Admin', id: string, email: string, name?: string | null, role: Role, status: AdminStatus, emailVerified: boolean, createdAt: string, lastLoginAt?: string | null } | null, session?: { __typename?: 'SessionTokens', accessToken: string, tokenType: string, expiresAt: string, refreshToken?: string | null } | null, errors: Array<{ __typename?: 'UserError', code: UserErrorCode, message: string, path?: Array<string> | null }> } | null };

export type ViewerQueryVariables = Exact<{ [key: string]: never; }>;


export type ViewerQuery = { __typename?: 'Query', viewer?: { __typename?: 'Viewer', permissions: Array<string>, admin?: { __typename?: 'Admin', id: string, email: string, name?: string | null, role: Role, status: AdminStatus, emailVerified: boolean, createdAt: string, lastLoginAt?: string | null, organization: { __typename?: 'Organization', id: string, name: string, slug: string, description?: string | null, status: OrganizationStatus, createdAt: string, updatedAt: string } } | null, operator?: { __typename?: 'Operator', id: string, email: string, displayName: string } | null, session?: { __typename?: 'Session', id: string, createdAt: string, lastUsedAt: string, expiresAt: string } | null } | null };

export const OrganizationFieldsFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OrganizationFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Organization"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"slug"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"updatedAt"}}]}}]} as unknown as DocumentNode<OrganizationFieldsFragment, unknown>;
export const AdminFieldsFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"AdminFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Admin"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"role"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"emailVerified"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"lastLoginAt"}}]}}]} as unknown as DocumentNode<AdminFieldsFragment, unknown>;
export const SessionTokensFieldsFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"SessionTokensFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"SessionTokens"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"accessToken"}},{"kind":"Field","name":{"kind":"Name","value":"tokenType"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"refreshToken"}}]}}]} as unknown as DocumentNode<SessionTokensFieldsFragment, unknown>;
export const UserErrorFieldsFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"UserErrorFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UserError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]} as unknown as DocumentNode<UserErrorFieldsFragment, unknown>;
export const UpdateAdminDocument = {"__meta__":{"hash":"4f48f1c7f5b27e9f09c90790b1a17babcf43febc4fcb1d321723a16d5ea139db"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"UpdateAdmin"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"UpdateAdminInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"updateAdmin"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"admin"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"AdminFields"}}]}},{"kind":"Field","name":{"kind":"Name","value":"errors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"UserErrorFields"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"AdminFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Admin"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"role"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"emailVerified"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"lastLoginAt"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"UserErrorFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UserError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]} as unknown as DocumentNode<UpdateAdminMutation, UpdateAdminMutationVariables>;
export const OrganizationBySlugDocument = {"__meta__":{"hash":"b57ae87a590bc7def3122d3e070d414c37b056c4aa55cf8bd5934c32cf736571"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"OrganizationBySlug"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"slug"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"organization"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"slug"},"value":{"kind":"Variable","name":{"kind":"Name","value":"slug"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"OrganizationFields"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OrganizationFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Organization"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"slug"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"updatedAt"}}]}}]} as unknown as DocumentNode<OrganizationBySlugQuery, OrganizationBySlugQueryVariables>;
export const OrganizationsDocument = {"__meta__":{"hash":"b5823992bd8e89ad7e4a69dd772c56782cd31a5ec20b7df5cdfc7150b7cb215c"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Organizations"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"last"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"before"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"OrganizationFilter"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"orderBy"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"OrganizationOrder"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"organizations"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}},{"kind":"Argument","name":{"kind":"Name","value":"last"},"value":{"kind":"Variable","name":{"kind":"Name","value":"last"}}},{"kind":"Argument","name":{"kind":"Name","value":"before"},"value":{"kind":"Variable","name":{"kind":"Name","value":"before"}}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}},{"kind":"Argument","name":{"kind":"Name","value":"orderBy"},"value":{"kind":"Variable","name":{"kind":"Name","value":"orderBy"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"OrganizationFields"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"hasPreviousPage"}},{"kind":"Field","name":{"kind":"Name","value":"startCursor"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OrganizationFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Organization"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"slug"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"updatedAt"}}]}}]} as unknown as DocumentNode<OrganizationsQuery, OrganizationsQueryVariables>;
export const UpdateOrgDocument = {"__meta__":{"hash":"d5a4790435fce90ba7dbd18ba901bc159a08ad2603e413fd4ca3282a296b8e5a"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"UpdateOrg"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"UpdateOrgInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"updateOrg"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"organization"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"OrganizationFields"}}]}},{"kind":"Field","name":{"kind":"Name","value":"errors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"UserErrorFields"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OrganizationFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Organization"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"slug"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"updatedAt"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"UserErrorFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UserError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]} as unknown as DocumentNode<UpdateOrgMutation, UpdateOrgMutationVariables>;
export const RenameOrgDocument = {"__meta__":{"hash":"45c89e2f8e0e471d81b4fa191ad7a558df35354dbce790fa4622c169bf768140"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RenameOrg"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"RenameOrgInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"renameOrg"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"organization"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"OrganizationFields"}}]}},{"kind":"Field","name":{"kind":"Name","value":"migration"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"documentsDone"}},{"kind":"Field","name":{"kind":"Name","value":"documentsTotal"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"error"}}]}},{"kind":"Field","name":{"kind":"Name","value":"errors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"UserErrorFields"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OrganizationFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Organization"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"slug"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"updatedAt"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"UserErrorFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UserError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]} as unknown as DocumentNode<RenameOrgMutation, RenameOrgMutationVariables>;
export const DeleteOrgDocument = {"__meta__":{"hash":"79c7e47a41554d89cfa9a8ff701a7de16f361e47444e94dc8e45f5623065a46b"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"DeleteOrg"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"DeleteOrgInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deleteOrg"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"organization"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"OrganizationFields"}}]}},{"kind":"Field","name":{"kind":"Name","value":"errors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"UserErrorFields"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OrganizationFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Organization"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"slug"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"updatedAt"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"UserErrorFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UserError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]} as unknown as DocumentNode<DeleteOrgMutation, DeleteOrgMutationVariables>;
export const LogInDocument = {"__meta__":{"hash":"2d1433ed72072a53365b76c58cf201b435da89f8d7a201ee79d652a70ceabda5"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"LogIn"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"LoginInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"login"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"session"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"SessionTokensFields"}}]}},{"kind":"Field","name":{"kind":"Name","value":"admin"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"AdminFields"}},{"kind":"Field","name":{"kind":"Name","value":"organization"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"OrganizationFields"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"operator"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}}]}},{"kind":"Field","name":{"kind":"Name","value":"errors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"UserErrorFields"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"SessionTokensFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"SessionTokens"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"accessToken"}},{"kind":"Field","name":{"kind":"Name","value":"tokenType"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"refreshToken"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"AdminFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Admin"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"role"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"emailVerified"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"lastLoginAt"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OrganizationFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Organization"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"slug"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"updatedAt"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"UserErrorFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UserError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]} as unknown as DocumentNode<LogInMutation, LogInMutationVariables>;
export const RefreshSessionDocument = {"__meta__":{"hash":"2cf0c233246eea11256ac50270715b2352ae46f79683b531eac7ab447a5e43d6"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RefreshSession"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"RefreshSessionInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"refreshSession"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"session"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"SessionTokensFields"}}]}},{"kind":"Field","name":{"kind":"Name","value":"errors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"UserErrorFields"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"SessionTokensFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"SessionTokens"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"accessToken"}},{"kind":"Field","name":{"kind":"Name","value":"tokenType"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"refreshToken"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"UserErrorFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UserError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]} as unknown as DocumentNode<RefreshSessionMutation, RefreshSessionMutationVariables>;
export const LogOutDocument = {"__meta__":{"hash":"d67dd98097c496147de92a4202fc80cff02ef9b78ef74bf804cf23743e9370bc"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"LogOut"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"logout"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"loggedOut"}},{"kind":"Field","name":{"kind":"Name","value":"errors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"UserErrorFields"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"UserErrorFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UserError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]} as unknown as DocumentNode<LogOutMutation, LogOutMutationVariables>;
export const SignUpDocument = {"__meta__":{"hash":"5a4e1b17733ab84c54c1dc3e52d15c170e63b76f9bad8dc35d69f2c18bd498ca"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"SignUp"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateOrgInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"createOrg"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"organization"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"OrganizationFields"}}]}},{"kind":"Field","name":{"kind":"Name","value":"admin"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"AdminFields"}}]}},{"kind":"Field","name":{"kind":"Name","value":"session"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"SessionTokensFields"}}]}},{"kind":"Field","name":{"kind":"Name","value":"errors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"UserErrorFields"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OrganizationFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Organization"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"slug"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"updatedAt"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"AdminFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Admin"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"role"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"emailVerified"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"lastLoginAt"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"SessionTokensFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"SessionTokens"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"accessToken"}},{"kind":"Field","name":{"kind":"Name","value":"tokenType"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"refreshToken"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"UserErrorFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UserError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"path"}}]}}]} as unknown as DocumentNode<SignUpMutation, SignUpMutationVariables>;
export const ViewerDocument = {"__meta__":{"hash":"7ce5eb6106dcd1312115aa9da725183962d01777c24ef7fe86443ec4e7dd0b3d"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Viewer"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"viewer"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"admin"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"AdminFields"}},{"kind":"Field","name":{"kind":"Name","value":"organization"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"OrganizationFields"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"operator"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"displayName"}}]}},{"kind":"Field","name":{"kind":"Name","value":"permissions"}},{"kind":"Field","name":{"kind":"Name","value":"session"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"lastUsedAt"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"AdminFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Admin"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"role"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"emailVerified"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"lastLoginAt"}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OrganizationFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Organization"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"slug"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"updatedAt"}}]}}]} as unknown as DocumentNode<ViewerQuery, ViewerQueryVariables>;