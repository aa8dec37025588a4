// What several operations read.
import { graphql } from "../generated/index.js";

export const organizationFields = graphql(`
  fragment OrganizationFields on Organization {
    id
    name
    slug
    description
    status
    createdAt
    updatedAt
  }
`);

export const adminFields = graphql(`
  fragment AdminFields on Admin {
    id
    email
    name
    role
    status
    emailVerified
    createdAt
    lastLoginAt
  }
`);

export const sessionTokensFields = graphql(`
  fragment SessionTokensFields on SessionTokens {
    accessToken
    tokenType
    expiresAt
    refreshToken
  }
`);

export const userErrorFields = graphql(`
  fragment UserErrorFields on UserError {
    code
    message
    path
  }
`);
