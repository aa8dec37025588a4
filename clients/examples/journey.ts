// The life of an organization, from sign-up to deletion: `node dist/examples/journey.js http://127.0.0.1:8000/graphql`.
import { createClient, deleteOrg, organizations, renameOrg, signUp, TenantryError, viewer } from "tenantry-client";

const url = process.argv[2] ?? "http://127.0.0.1:8000/graphql";
let accessToken: string | undefined;
const client = createClient({ url, accessToken: () => accessToken, byHash: true });

const input = { name: "Journey Works", email: "ada@example.com", password: "lukewarm granite teapot" };
const { createOrg } = await client.execute(signUp, { input });
if (!createOrg?.organization) throw new Error(JSON.stringify(createOrg?.errors));
accessToken = createOrg.session?.accessToken;
const organizationId = createOrg.organization.id;

const me = await client.execute(viewer);
const renamed = await client.execute(renameOrg, { input: { organizationId, name: "Voyage Works" } });
const listing = await client.execute(organizations, { first: 10 }).catch(codeOf);
const deleted = await client.execute(deleteOrg, { input: { organizationId, confirmSlug: "voyage-works" } });
const afterwards = await client.execute(viewer).catch(codeOf);

console.log(
  JSON.stringify({
    signedUp: createOrg.organization.slug,
    email: me.viewer?.admin?.email,
    renamed: renamed.renameOrg?.organization?.slug,
    listing,
    deleted: deleted.deleteOrg?.organization?.status,
    afterwards,
  }),
);

function codeOf(error: unknown): string {
  if (error instanceof TenantryError) return error.code;
  throw error;
}
