// A client of the GraphQL endpoint: typed by the document that it is given, over `fetch`.
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { type DocumentNode, getOperationAST, OperationTypeNode, print } from "graphql";
import { hashOf, namedBy, sha256 } from "./hashes.js";

const LONGEST_URL = 2000;
const UNKNOWN_HASH = "PersistedQueryNotFound";

type Parameters = Record<string, unknown>;

export interface ClientOptions {
  /** The address of the endpoint. */
  url: string | URL;
  /** What sends requests; the platform's own unless given. */
  fetch?: typeof globalThis.fetch;
  /** The access token, or what gives the newest one; the caller is anonymous without. */
  accessToken?: string | (() => string | undefined | Promise<string | undefined>);
  /** Send hashes in place of documents, queries by GET; a document only when the server does not know its hash. */
  byHash?: boolean;
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
export function createClient({ url, fetch = globalThis.fetch, accessToken, byHash = false }: ClientOptions): Client {
  const learned = new WeakMap<DocumentNode, string>();

  async function send(request: Parameters, byGet = false): Promise<ResponseBody> {
    const token = typeof accessToken === "function" ? await accessToken() : accessToken;
    const headers = {
      Accept: "application/graphql-response+json",
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    };
    const address = byGet ? addressOf(url, request) : undefined;
    const response =
      address !== undefined && address.length <= LONGEST_URL
        ? await fetch(address, { headers: { ...headers, "graphql-preflight": "1" } })
        : await fetch(url, {
            method: "POST",
            headers: { ...headers, "Content-Type": "application/json" },
            body: JSON.stringify(request),
          });
    return readBody(response);
  }

  /** Send the hash of the manifest; if that is unknown the document with its own hash, which is sent from then on. */
  async function sendHash(document: DocumentNode, parameters: Parameters, byGet: boolean): Promise<ResponseBody> {
    const hash = learned.get(document) ?? hashOf(document) ?? (await sha256(print(document)));
    if (hash !== undefined) {
      const body = await send({ ...parameters, extensions: namedBy(hash) }, byGet);
      if (body.errors?.[0].message !== UNKNOWN_HASH) return body;
    }
    const query = print(document);
    const own = await sha256(query);
    if (own === undefined) return send({ query, ...parameters });
    learned.set(document, own);
    return send({ query, ...parameters, extensions: namedBy(own) });
  }

  return {
    async execute(document, ...[variables]) {
      const operation = getOperationAST(document);
      const parameters = { operationName: operation?.name?.value, variables };
      const isQuery = operation?.operation === OperationTypeNode.QUERY;
      const { data, errors } = byHash
        ? await sendHash(document, parameters, isQuery)
        : await send({ query: print(document), ...parameters });
      if (errors) throw new TenantryError(errors, data);
      return data as never;
    },
  };
}

/** Return the address of a request by GET. */
function addressOf(url: string | URL, request: Parameters): string {
  const given = Object.entries(request).filter(([, value]) => value !== undefined);
  const texts = given.map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]);
  return `${url}${String(url).includes("?") ? "&" : "?"}${new URLSearchParams(texts)}`;
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
