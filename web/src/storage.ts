// Decides what the playground stores in the browser: drafts until the tab closes, the history never.
import type { Storage } from "@graphiql/toolkit";

// GraphiQL's history keeps the headers of each request, whatever shouldPersistHeaders
// says. Tokens don't belong in a storage, so these keys stay in GraphiQL's own memory.
const HISTORY_KEYS = ["graphiql:queries", "graphiql:favorites"];

/**
 * Drafts go to sessionStorage and not to localStorage, because the variables of
 * SignUp hold a password: it must not outlive the browser tab it was typed in.
 */
export const draftStorage: Storage = {
  getItem: (key) => sessionStorage.getItem(key),
  setItem: (key, value) => {
    if (!HISTORY_KEYS.includes(key)) sessionStorage.setItem(key, value);
  },
  removeItem: (key) => sessionStorage.removeItem(key),
  clear: () => sessionStorage.clear(),
  get length() {
    return sessionStorage.length;
  },
};

/**
 * Puts the first tab into a fresh storage. GraphiQL fills its editors from these
 * two keys, and would otherwise show the first tab without its variables.
 */
export function seedDrafts(tab: { query: string; variables: string }): void {
  if (sessionStorage.getItem("graphiql:tabState")) return;
  sessionStorage.setItem("graphiql:query", tab.query);
  sessionStorage.setItem("graphiql:variables", tab.variables);
}
