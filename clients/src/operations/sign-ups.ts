// How organizations come in.
import { graphql } from "../generated/index.js";

/** Sign an organization up, with its owner, who is signed in at once. */
export const signUp = graphql(`
  mutation SignUp($input: CreateOrgInput!) {
    createOrg(input: $input) {
      organization {
        ...OrganizationFields
      }
      admin {
        ...AdminFields
      }
      session {
        ...SessionTokensFields
      }
      errors {
        ...UserErrorFields
      }
    }
  }
`);
