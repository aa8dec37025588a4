// What `npm run generate` makes of the server's schema and of our operations. It reads no network.
import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "../schema.graphql",
  documents: "src/operations/*.ts",
  generates: {
    "src/generated/": {
      preset: "client",
      presetConfig: { fragmentMasking: false, persistedDocuments: { hashAlgorithm: "sha256" } },
      config: {
        scalars: { DateTime: "string" },
        defaultScalarType: "unknown",
        enumsAsTypes: true,
        onlyOperationTypes: true,
        importExtension: ".js",
        useTypeImports: true,
      },
    },
  },
};

export default config;
