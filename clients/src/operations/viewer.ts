// Who is asking.
import { graphql } from "../generated/index.js";

/** Who the access token belongs to, and what they may do; null for the anonymous. */
export const viewer = graphql(`
  query Viewer {
    viewer {
      admin {
        ...AdminFields
        organization {
          ...OrganizationFields
        }
      }
      operator {
        id
        email
        displayName
      }
      permissions
      session {
        id
        createdAt
        lastUsedAt
        expiresAt
      }
    }
  }
`);
