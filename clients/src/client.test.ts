// What the client sends, and what it makes of the answers; the server's side is `examples/journey.ts`.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
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

/** Answers as a server that knows no document before it has been sent; notes what comes. */
function learningServer() {
  const requests: { method: string; query?: string; hash: string }[] = [];
  const known = new Set<string>();
  const fetch: typeof globalThis.fetch = async (...given) => {
    const request = new Request(...given);
    const { searchParams } = new URL(request.url);
    const { query, extensions } =
      request.method === "GET" ? { extensions: JSON.parse(searchParams.get("extensions") ?? "") } : await request.json();
    const hash: string = extensions.persistedQuery.sha256Hash;
    requests.push({ method: request.method, ...(query && { query }), hash });
    if (query) known.add(hash);
    if (known.has(hash)) return Response.json({ data: {} });
    const code = "PERSISTED_OPERATION_NOT_FOUND";
    return Response.json(
      { errors: [{ message: "PersistedQueryNotFound", extensions: { code, retryable: false, requestId: "r1" } }] },
      { status: 400 },
    );
  };
  return { requests, fetch };
}

test("a document is sent when the server does not know its hash, and then no more", async () => {
  const { requests, fetch } = learningServer();
  const client = createClient({ url, fetch, byHash: true });
  for (const _ of [1, 2]) await client.execute(organizationBySlug, { slug: "acme" });
  assert.deepEqual(requests.map(({ method, query }) => [method, query !== undefined]), [
    ["GET", false],
    ["POST", true],
    ["GET", false],
  ]);
  const [, sent, again] = requests;
  assert.equal(createHash("sha256").update(sent?.query ?? "").digest("hex"), sent?.hash);
  assert.equal(again?.hash, sent?.hash);
});

test("mutations, and queries that are too long for an address, are sent by POST", async () => {
  const { requests, fetch } = learningServer();
  const client = createClient({ url, fetch, byHash: true });
  await client.execute(logOut);
  await client.execute(organizationBySlug, { slug: "a".repeat(2000) });
  assert.deepEqual(new Set(requests.map(({ method }) => method)), new Set(["POST"]));
});

test("the hash that is sent first is that of the manifest", async () => {
  const { requests, fetch } = learningServer();
  await createClient({ url, fetch, byHash: true }).execute(viewer);
  const manifest = JSON.parse(await readFile("src/generated/persisted-documents.json", "utf8"));
  assert.match(manifest[requests[0]?.hash ?? ""], /query Viewer \{/);
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
