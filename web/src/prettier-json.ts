// Stands in for prettier's JavaScript plugins, which GraphiQL loads only to format JSON.
import { applyEdits, format } from "jsonc-parser";
import type { Parser, Printer } from "prettier";

// GraphiQL asks for this name. The "syntax tree" is the text itself: jsonc-parser,
// which GraphiQL ships anyway, formats it whole and saves half a megabyte of Babel.
const jsonc: Parser<string> = {
  parse: (text) => text,
  astFormat: "json-text",
  locStart: () => 0,
  locEnd: (text) => text.length,
};

const jsonText: Printer<string> = {
  print: ({ node }) => applyEdits(node, format(node, undefined, { insertSpaces: true, tabSize: 2 })),
};

export const parsers = { jsonc };
export const printers = { "json-text": jsonText };
