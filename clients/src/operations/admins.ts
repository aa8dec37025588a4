// Admins.
import { graphql } from "../generated/index.js";

/** Change one's own name, email address or password. */
export const updateAdmin = graphql(`
  mutation UpdateAdmin($input: UpdateAdminInput!) {
    updateAdmin(input: $input) {
      admin {
        ...AdminFields
      }
      errors {
        ...UserErrorFields
      }
    }
  }
`);
