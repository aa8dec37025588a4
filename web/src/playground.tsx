// Renders the playground: GraphiQL, pointed at the GraphQL endpoint of the server that serves it.
import "./workers";
import "@graphiql/react/style.css";
import "graphiql/graphiql.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "./playground.css";

import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";

import { meTab, signUpTab } from "./documents";
import { withSession } from "./session";
import { draftStorage, seedDrafts } from "./storage";

const ENDPOINT = "/graphql";

/** The same endpoint over WebSocket; GraphiQL loads graphql-ws with the first subscription. */
function subscriptionUrl(): string {
  const url = new URL(ENDPOINT, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}

const fetcher = withSession(
  createGraphiQLFetcher({
    url: ENDPOINT,
    subscriptionUrl: subscriptionUrl(),
    // The server sends each result whole, so results come as promises and not as streams.
    enableIncrementalDelivery: false,
  }),
);

seedDrafts(signUpTab);

createRoot(document.getElementById("playground")!).render(
  <GraphiQL
    fetcher={fetcher}
    storage={draftStorage}
    defaultTabs={[signUpTab, meTab]}
    shouldPersistHeaders={false}
    showPersistHeadersSettings={false}
    isHeadersEditorEnabled
    defaultEditorToolsVisibility
  />,
);
