// What the client sends, and what it makes of the answers; the server's side is `examples/journey.ts`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient, logOut, organizationBySlug, TenantryError, UnexpectedResponseError, viewer } from "tenantry-client";

const url = "https://tenantry.test/graphql";
const answering = (body: BodyInit, status = 200) => async () => new Response(body, { status });

test("an operation is sent by its name, with its variables and the newest access token", async () => {
  const requests: Request[] = [];
  const fetch: typeof globalThis.fetch = async (...request) => {
    requests.push(new Request(...request));
    return Response.json({ data: { organization: null } });
  };
  const client = createClient({ url, fetch, accessToken: async () => "token" });
  assert.deepEqual(await client.execute(organizationBySlug, { slug: "acme" }), { organization: null });

  const [request] = requests;
  assert.equal(request?.url, url);
  assert.equal(request?.headers.get("Authorization"), "Bearer token");
  const { query, ...rest } = await request?.json();
  assert.match(query, /^query OrganizationBySlug\(\$slug: String!\) \{/);
  assert.deepEqual(rest, { operationName: "OrganizationBySlug", variables: { slug: "acme" } });
});

test("GraphQL errors are thrown, with the code of the first and with what data there is", async () => {
  const extensions = { code: "FORBIDDEN", retryable: false, requestId: "r1" };
  const errors = [{ message: "You may not do this.", path: ["viewer"], extensions }];
  const client = createClient({ url, fetch: answering(JSON.stringify({ data: { viewer: null }, errors })) });
  await assert.rejects(client.execute(viewer), (error) => {
    assert(error instanceof TenantryError);
    assert.deepEqual([error.code, error.requestId, error.data], ["FORBIDDEN", "r1", { viewer: null }]);
    return true;
  });
});

for (const body of ["<h1>Bad Gateway</h1>", "null", '{"detail":"Bad Gateway"}', ""]) {
  test(`an answer that is no GraphQL response is thrown with its status: ${body}`, async () => {
    const client = createClient({ url, fetch: answering(body, 502) });
    await assert.rejects(client.execute(logOut), new UnexpectedResponseError(502));
  });
}

test("variables that an operation needs are needed at compile time, and no others", () => {
  const client = createClient({ url });
  // @ts-expect-error - The slug is missing.
  void (() => client.execute(organizationBySlug));
  // @ts-expect-error - It takes no variables.
  void (() => client.execute(viewer, { slug: "acme" }));
});
