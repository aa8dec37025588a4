// A client of the GraphQL endpoint: typed by the document that it is given, over `fetch`.
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { getOperationAST, print } from "graphql";

export interface ClientOptions {
  /** The address of the endpoint. */
  url: string | URL;
  /** What sends requests; the platform's own unless given. */
  fetch?: typeof globalThis.fetch;
  /** The access token, or what gives the newest one; the caller is anonymous without. */
  accessToken?: string | (() => string | undefined | Promise<string | undefined>);
}

export interface Client {
  /**
   * Execute an operation and return its data.
   *
   * Throws `TenantryError` when the response has GraphQL errors and `UnexpectedResponseError` when there is no GraphQL
   * response. What the user can mend is data: see `errors` in the payloads.
   */
  execute<Result, Variables>(
    document: TypedDocumentNode<Result, Variables>,
    ...variables: VariablesArgument<Variables>
  ): Promise<Result>;
}

type VariablesArgument<Variables> = {} extends Variables ? [variables?: Variables] : [variables: Variables];

/** What is wrong, for programs: the `extensions.code` of a GraphQL error. */
export type ErrorCode =
  | "UNAUTHENTICATED"
  | "FORBIDDEN"
  | "RATE_LIMITED"
  | "QUERY_TOO_COMPLEX"
  | "BAD_REQUEST"
  | "PERSISTED_OPERATION_NOT_FOUND"
  | "UNAVAILABLE"
  | "INTERNAL";

/** A GraphQL error as the server sends it. */
export interface ResponseError {
  message: string;
  locations?: { line: number; column: number }[];
  path?: (string | number)[];
  extensions: { code: ErrorCode; retryable: boolean; requestId: string };
}

interface ResponseBody {
  data?: unknown;
  errors?: [ResponseError, ...ResponseError[]];
}

/** The response has GraphQL errors. Code, `retryable` and the request id are those of the first one. */
export class TenantryError extends Error {
  override readonly name = "TenantryError";
  readonly code: ErrorCode;
  readonly retryable: boolean;
  /** What the server's log has the request under. */
  readonly requestId: string;
  readonly errors: readonly ResponseError[];
  /** What there is in spite of the errors: fields that failed are null. */
  readonly data: unknown;

  constructor(errors: readonly [ResponseError, ...ResponseError[]], data: unknown) {
    super(errors[0].message);
    ({ code: this.code, retryable: this.retryable, requestId: this.requestId } = errors[0].extensions);
    this.errors = errors;
    this.data = data;
  }
}

/** The response does not come from GraphQL: a proxy's error page, another server. */
export class UnexpectedResponseError extends Error {
  override readonly name = "UnexpectedResponseError";
  readonly status: number;

  constructor(status: number) {
    super(`The answer is no GraphQL response (HTTP status ${status}).`);
    this.status = status;
  }
}

/** Make a client of the endpoint at `url`. */
export function createClient({ url, fetch = globalThis.fetch, accessToken }: ClientOptions): Client {
  return {
    async execute(document, ...[variables]) {
      const token = typeof accessToken === "function" ? await accessToken() : accessToken;
      const response = await fetch(url, {
        method: "POST",
        headers: {
          Accept: "application/graphql-response+json",
          "Content-Type": "application/json",
          ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({
          query: print(document),
          operationName: getOperationAST(document)?.name?.value,
          variables,
        }),
      });
      const { data, errors } = await readBody(response);
      if (errors) throw new TenantryError(errors, data);
      return data as never;
    },
  };
}

async function readBody(response: Response): Promise<ResponseBody> {
  const body = parse(await response.text());
  if (body?.data === undefined && !body?.errors?.[0]?.extensions?.code) {
    throw new UnexpectedResponseError(response.status);
  }
  return body;
}

function parse(text: string): ResponseBody | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
