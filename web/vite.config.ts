// Builds the playground into dist/, which the Python server serves below /graphiql/.
import { defineConfig } from "vite";

import { licensePlugins } from "./licenses.ts";

const licenses = licensePlugins("THIRD_PARTY_LICENSES.txt");

export default defineConfig({
  base: "/graphiql/",
  resolve: {
    alias: {
      "prettier/parser-babel": "/src/prettier-json.ts",
      "prettier/plugins/estree": "/src/prettier-json.ts",
    },
  },
  plugins: [licenses.page],
  worker: { format: "es", plugins: () => [licenses.worker] },
  build: {
    target: "es2022",
    // One style sheet, linked from the page, so that no rule arrives after the first paint.
    cssCodeSplit: false,
    // Every browser that runs es2022 preloads modules by itself.
    modulePreload: { polyfill: false },
    // Monaco alone is larger than the default limit, so the warning would tell nothing.
    chunkSizeWarningLimit: 4096,
    rolldownOptions: {
      input: "graphiql.html",
      // "use client" in the dependencies means nothing in a page without server rendering.
      checks: { moduleLevelDirective: false },
    },
  },
});
