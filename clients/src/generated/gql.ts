/* eslint-disable */
import * as types from './graphql.js';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  mutation UpdateAdmin($input: UpdateAdminInput!) {\n    updateAdmin(input: $input) {\n      admin {\n        ...AdminFields\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n": typeof types.UpdateAdminDocument,
    "\n  fragment OrganizationFields on Organization {\n    id\n    name\n    slug\n    description\n    status\n    createdAt\n    updatedAt\n  }\n": typeof types.OrganizationFieldsFragmentDoc,
    "\n  fragment AdminFields on Admin {\n    id\n    email\n    name\n    role\n    status\n    emailVerified\n    createdAt\n    lastLoginAt\n  }\n": typeof types.AdminFieldsFragmentDoc,
    "\n  fragment SessionTokensFields on SessionTokens {\n    accessToken\n    tokenType\n    expiresAt\n    refreshToken\n  }\n": typeof types.SessionTokensFieldsFragmentDoc,
    "\n  fragment UserErrorFields on UserError {\n    code\n    message\n    path\n  }\n": typeof types.UserErrorFieldsFragmentDoc,
    "\n  query OrganizationBySlug($slug: String!) {\n    organization(slug: $slug) {\n      ...OrganizationFields\n    }\n  }\n": typeof types.OrganizationBySlugDocument,
    "\n  query Organizations(\n    $first: Int\n    $after: String\n    $last: Int\n    $before: String\n    $filter: OrganizationFilter\n    $orderBy: OrganizationOrder\n  ) {\n    organizations(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {\n      edges {\n        cursor\n        node {\n          ...OrganizationFields\n        }\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n": typeof types.OrganizationsDocument,
    "\n  mutation UpdateOrg($input: UpdateOrgInput!) {\n    updateOrg(input: $input) {\n      organization {\n        ...OrganizationFields\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n": typeof types.UpdateOrgDocument,
    "\n  mutation RenameOrg($input: RenameOrgInput!) {\n    renameOrg(input: $input) {\n      organization {\n        ...OrganizationFields\n      }\n      migration {\n        id\n        state\n        documentsDone\n        documentsTotal\n        startedAt\n        finishedAt\n        error\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n": typeof types.RenameOrgDocument,
    "\n  mutation DeleteOrg($input: DeleteOrgInput!) {\n    deleteOrg(input: $input) {\n      organization {\n        ...OrganizationFields\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n": typeof types.DeleteOrgDocument,
    "\n  mutation LogIn($input: LoginInput!) {\n    login(input: $input) {\n      session {\n        ...SessionTokensFields\n      }\n      admin {\n        ...AdminFields\n        organization {\n          ...OrganizationFields\n        }\n      }\n      operator {\n        id\n        email\n        displayName\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n": typeof types.LogInDocument,
    "\n  mutation RefreshSession($input: RefreshSessionInput!) {\n    refreshSession(input: $input) {\n      session {\n        ...SessionTokensFields\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n": typeof types.RefreshSessionDocument,
    "\n  mutation LogOut {\n    logout {\n      loggedOut\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n": typeof types.LogOutDocument,
    "\n  mutation SignUp($input: CreateOrgInput!) {\n    createOrg(input: $input) {\n      organization {\n        ...OrganizationFields\n      }\n      admin {\n        ...AdminFields\n      }\n      session {\n        ...SessionTokensFields\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n": typeof types.SignUpDocument,
    "\n  query Viewer {\n    viewer {\n      admin {\n        ...AdminFields\n        organization {\n          ...OrganizationFields\n        }\n      }\n      operator {\n        id\n        email\n        displayName\n      }\n      permissions\n      session {\n        id\n        createdAt\n        lastUsedAt\n        expiresAt\n      }\n    }\n  }\n": typeof types.ViewerDocument,
};
const documents: Documents = {
    "\n  mutation UpdateAdmin($input: UpdateAdminInput!) {\n    updateAdmin(input: $input) {\n      admin {\n        ...AdminFields\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n": types.UpdateAdminDocument,
    "\n  fragment OrganizationFields on Organization {\n    id\n    name\n    slug\n    description\n    status\n    createdAt\n    updatedAt\n  }\n": types.OrganizationFieldsFragmentDoc,
    "\n  fragment AdminFields on Admin {\n    id\n    email\n    name\n    role\n    status\n    emailVerified\n    createdAt\n    lastLoginAt\n  }\n": types.AdminFieldsFragmentDoc,
    "\n  fragment SessionTokensFields on SessionTokens {\n    accessToken\n    tokenType\n    expiresAt\n    refreshToken\n  }\n": types.SessionTokensFieldsFragmentDoc,
    "\n  fragment UserErrorFields on UserError {\n    code\n    message\n    path\n  }\n": types.UserErrorFieldsFragmentDoc,
    "\n  query OrganizationBySlug($slug: String!) {\n    organization(slug: $slug) {\n      ...OrganizationFields\n    }\n  }\n": types.OrganizationBySlugDocument,
    "\n  query Organizations(\n    $first: Int\n    $after: String\n    $last: Int\n    $before: String\n    $filter: OrganizationFilter\n    $orderBy: OrganizationOrder\n  ) {\n    organizations(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {\n      edges {\n        cursor\n        node {\n          ...OrganizationFields\n        }\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n": types.OrganizationsDocument,
    "\n  mutation UpdateOrg($input: UpdateOrgInput!) {\n    updateOrg(input: $input) {\n      organization {\n        ...OrganizationFields\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n": types.UpdateOrgDocument,
    "\n  mutation RenameOrg($input: RenameOrgInput!) {\n    renameOrg(input: $input) {\n      organization {\n        ...OrganizationFields\n      }\n      migration {\n        id\n        state\n        documentsDone\n        documentsTotal\n        startedAt\n        finishedAt\n        error\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n": types.RenameOrgDocument,
    "\n  mutation DeleteOrg($input: DeleteOrgInput!) {\n    deleteOrg(input: $input) {\n      organization {\n        ...OrganizationFields\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n": types.DeleteOrgDocument,
    "\n  mutation LogIn($input: LoginInput!) {\n    login(input: $input) {\n      session {\n        ...SessionTokensFields\n      }\n      admin {\n        ...AdminFields\n        organization {\n          ...OrganizationFields\n        }\n      }\n      operator {\n        id\n        email\n        displayName\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n": types.LogInDocument,
    "\n  mutation RefreshSession($input: RefreshSessionInput!) {\n    refreshSession(input: $input) {\n      session {\n        ...SessionTokensFields\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n": types.RefreshSessionDocument,
    "\n  mutation LogOut {\n    logout {\n      loggedOut\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n": types.LogOutDocument,
    "\n  mutation SignUp($input: CreateOrgInput!) {\n    createOrg(input: $input) {\n      organization {\n        ...OrganizationFields\n      }\n      admin {\n        ...AdminFields\n      }\n      session {\n        ...SessionTokensFields\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n": types.SignUpDocument,
    "\n  query Viewer {\n    viewer {\n      admin {\n        ...AdminFields\n        organization {\n          ...OrganizationFields\n        }\n      }\n      operator {\n        id\n        email\n        displayName\n      }\n      permissions\n      session {\n        id\n        createdAt\n        lastUsedAt\n        expiresAt\n      }\n    }\n  }\n": types.ViewerDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation UpdateAdmin($input: UpdateAdminInput!) {\n    updateAdmin(input: $input) {\n      admin {\n        ...AdminFields\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation UpdateAdmin($input: UpdateAdminInput!) {\n    updateAdmin(input: $input) {\n      admin {\n        ...AdminFields\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment OrganizationFields on Organization {\n    id\n    name\n    slug\n    description\n    status\n    createdAt\n    updatedAt\n  }\n"): (typeof documents)["\n  fragment OrganizationFields on Organization {\n    id\n    name\n    slug\n    description\n    status\n    createdAt\n    updatedAt\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment AdminFields on Admin {\n    id\n    email\n    name\n    role\n    status\n    emailVerified\n    createdAt\n    lastLoginAt\n  }\n"): (typeof documents)["\n  fragment AdminFields on Admin {\n    id\n    email\n    name\n    role\n    status\n    emailVerified\n    createdAt\n    lastLoginAt\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment SessionTokensFields on SessionTokens {\n    accessToken\n    tokenType\n    expiresAt\n    refreshToken\n  }\n"): (typeof documents)["\n  fragment SessionTokensFields on SessionTokens {\n    accessToken\n    tokenType\n    expiresAt\n    refreshToken\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment UserErrorFields on UserError {\n    code\n    message\n    path\n  }\n"): (typeof documents)["\n  fragment UserErrorFields on UserError {\n    code\n    message\n    path\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query OrganizationBySlug($slug: String!) {\n    organization(slug: $slug) {\n      ...OrganizationFields\n    }\n  }\n"): (typeof documents)["\n  query OrganizationBySlug($slug: String!) {\n    organization(slug: $slug) {\n      ...OrganizationFields\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Organizations(\n    $first: Int\n    $after: String\n    $last: Int\n    $before: String\n    $filter: OrganizationFilter\n    $orderBy: OrganizationOrder\n  ) {\n    organizations(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {\n      edges {\n        cursor\n        node {\n          ...OrganizationFields\n        }\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n"): (typeof documents)["\n  query Organizations(\n    $first: Int\n    $after: String\n    $last: Int\n    $before: String\n    $filter: OrganizationFilter\n    $orderBy: OrganizationOrder\n  ) {\n    organizations(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {\n      edges {\n        cursor\n        node {\n          ...OrganizationFields\n        }\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation UpdateOrg($input: UpdateOrgInput!) {\n    updateOrg(input: $input) {\n      organization {\n        ...OrganizationFields\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation UpdateOrg($input: UpdateOrgInput!) {\n    updateOrg(input: $input) {\n      organization {\n        ...OrganizationFields\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RenameOrg($input: RenameOrgInput!) {\n    renameOrg(input: $input) {\n      organization {\n        ...OrganizationFields\n      }\n      migration {\n        id\n        state\n        documentsDone\n        documentsTotal\n        startedAt\n        finishedAt\n        error\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation RenameOrg($input: RenameOrgInput!) {\n    renameOrg(input: $input) {\n      organization {\n        ...OrganizationFields\n      }\n      migration {\n        id\n        state\n        documentsDone\n        documentsTotal\n        startedAt\n        finishedAt\n        error\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DeleteOrg($input: DeleteOrgInput!) {\n    deleteOrg(input: $input) {\n      organization {\n        ...OrganizationFields\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation DeleteOrg($input: DeleteOrgInput!) {\n    deleteOrg(input: $input) {\n      organization {\n        ...OrganizationFields\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation LogIn($input: LoginInput!) {\n    login(input: $input) {\n      session {\n        ...SessionTokensFields\n      }\n      admin {\n        ...AdminFields\n        organization {\n          ...OrganizationFields\n        }\n      }\n      operator {\n        id\n        email\n        displayName\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation LogIn($input: LoginInput!) {\n    login(input: $input) {\n      session {\n        ...SessionTokensFields\n      }\n      admin {\n        ...AdminFields\n        organization {\n          ...OrganizationFields\n        }\n      }\n      operator {\n        id\n        email\n        displayName\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RefreshSession($input: RefreshSessionInput!) {\n    refreshSession(input: $input) {\n      session {\n        ...SessionTokensFields\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation RefreshSession($input: RefreshSessionInput!) {\n    refreshSession(input: $input) {\n      session {\n        ...SessionTokensFields\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation LogOut {\n    logout {\n      loggedOut\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation LogOut {\n    logout {\n      loggedOut\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SignUp($input: CreateOrgInput!) {\n    createOrg(input: $input) {\n      organization {\n        ...OrganizationFields\n      }\n      admin {\n        ...AdminFields\n      }\n      session {\n        ...SessionTokensFields\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation SignUp($input: CreateOrgInput!) {\n    createOrg(input: $input) {\n      organization {\n        ...OrganizationFields\n      }\n      admin {\n        ...AdminFields\n      }\n      session {\n        ...SessionTokensFields\n      }\n      errors {\n        ...UserErrorFields\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Viewer {\n    viewer {\n      admin {\n        ...AdminFields\n        organization {\n          ...OrganizationFields\n        }\n      }\n      operator {\n        id\n        email\n        displayName\n      }\n      permissions\n      session {\n        id\n        createdAt\n        lastUsedAt\n        expiresAt\n      }\n    }\n  }\n"): (typeof documents)["\n  query Viewer {\n    viewer {\n      admin {\n        ...AdminFields\n        organization {\n          ...OrganizationFields\n        }\n      }\n      operator {\n        id\n        email\n        displayName\n      }\n      permissions\n      session {\n        id\n        createdAt\n        lastUsedAt\n        expiresAt\n      }\n    }\n  }\n"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;