// Sessions: signing in, staying so, signing out.
import { graphql } from "../generated/index.js";

/** Sign in with an email address and a password. */
export const logIn = graphql(`
  mutation LogIn($input: LoginInput!) {
    login(input: $input) {
      session {
        ...SessionTokensFields
      }
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
      errors {
        ...UserErrorFields
      }
    }
  }
`);

/** Exchange the refresh token, which is good for one use, for new tokens. */
export const refreshSession = graphql(`
  mutation RefreshSession($input: RefreshSessionInput!) {
    refreshSession(input: $input) {
      session {
        ...SessionTokensFields
      }
      errors {
        ...UserErrorFields
      }
    }
  }
`);

/** End the session that the access token belongs to. */
export const logOut = graphql(`
  mutation LogOut {
    logout {
      loggedOut
      errors {
        ...UserErrorFields
      }
    }
  }
`);
