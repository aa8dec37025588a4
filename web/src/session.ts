// Remembers the latest access token in memory, so that a newcomer's next request is authenticated.
import type { Fetcher, FetcherOpts } from "@graphiql/toolkit";

import { TOKEN_PLACEHOLDER } from "./documents";

type Headers = NonNullable<FetcherOpts["headers"]>;

// A module variable and not a storage: the token must be gone with the page.
let accessToken: string | undefined;

/** Wraps a fetcher: it learns the token from results and sends it with later requests. */
export function withSession(fetcher: Fetcher): Fetcher {
  return async (params, options) => {
    const headers = authorize(options?.headers ?? {});
    const result = await fetcher(params, { ...options, headers });
    accessToken = findAccessToken(result) ?? accessToken;
    return result;
  };
}

function authorize(typed: Headers): Headers {
  // The untouched placeholder is no token: the server would only refuse it.
  const own = Object.fromEntries(
    Object.entries(typed).filter(([, value]) => !String(value).includes(TOKEN_PLACEHOLDER)),
  );
  const hasOwn = Object.keys(own).some((name) => name.toLowerCase() === "authorization");
  return accessToken && !hasOwn ? { ...own, Authorization: `Bearer ${accessToken}` } : own;
}

/** Looks at every top-level field, because the caller may have aliased createOrg or login. */
function findAccessToken(result: unknown): string | undefined {
  const fields = Object.values(property(result, "data") ?? {});
  return fields
    .map((field) => property(property(field, "session"), "accessToken"))
    .find((token) => typeof token === "string");
}

function property(value: unknown, name: string): unknown {
  return (value as Record<string, unknown> | null | undefined)?.[name];
}
