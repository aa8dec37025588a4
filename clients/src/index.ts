// All that the package offers: the client, the operations, and their types.
export * from "./client.js";
export type * from "./generated/graphql.js";
export * from "./operations/admins.js";
export * from "./operations/organizations.js";
export * from "./operations/sessions.js";
export * from "./operations/sign-ups.js";
export * from "./operations/viewer.js";
