// The documents that a newcomer finds in the playground, as one tab each.

/** Stands in the Headers tab until somebody pastes a token over it. */
export const TOKEN_PLACEHOLDER = "<paste accessToken here>";

const SIGN_UP = `# Welcome to the Tenantry playground.
#
# 1. Run this mutation (Ctrl-Enter). It creates an
#    organization from the variables below, and signs
#    you in as its first admin.
# 2. Open the tab "Me" and run its query.
#
# The playground remembers the accessToken of the
# latest sign-up or login and sends it for you, until
# you reload the page. To act as somebody else, paste
# their accessToken into the Headers tab:
#   {"Authorization": "Bearer …"}

mutation SignUp($input: CreateOrgInput!) {
  createOrg(input: $input) {
    organization { id name slug }
    session { accessToken expiresAt }
    errors { code message path }
  }
}
`;

const SIGN_UP_VARIABLES = {
  input: {
    name: "Acme Rockets",
    adminName: "Ada",
    email: "ada@example.com",
    password: "a long and unlikely passphrase",
  },
};

const ME = `# Reads the admin that the token belongs to. Right
# after SignUp there is nothing to paste: while the
# Headers tab holds the placeholder, the playground
# sends the token it remembers.

query Me {
  viewer {
    admin {
      id
      email
      role
      organization { id name slug }
    }
  }
}
`;

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

export const signUpTab = { query: SIGN_UP, variables: pretty(SIGN_UP_VARIABLES) };

export const meTab = {
  query: ME,
  headers: pretty({ Authorization: `Bearer ${TOKEN_PLACEHOLDER}` }),
};
