// The hashes by which a server knows documents.
import type { DocumentNode } from "graphql";

/** Return the hash that stands for a document in the manifest, which `npm run generate` writes. */
export function hashOf(document: DocumentNode & { __meta__?: { hash?: string } }): string | undefined {
  return document.__meta__?.hash;
}

/** Return the SHA-256 of a text; undefined where there is none, as in a page that came over plain HTTP. */
export async function sha256(text: string): Promise<string | undefined> {
  const digest = await globalThis.crypto?.subtle?.digest("SHA-256", new TextEncoder().encode(text));
  return digest && Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return the `extensions` of a request whose document has this hash (Apollo's protocol). */
export function namedBy(hash: string): object {
  return { persistedQuery: { version: 1, sha256Hash: hash } };
}
