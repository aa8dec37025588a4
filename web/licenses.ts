// A build plugin that writes the licences of every package whose code is in the output.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin, Rolldown } from "vite";

const NODE_MODULES = join(import.meta.dirname, "node_modules");
const PACKAGE_ROOT = /^.*\/node_modules\/(?:@[^/]+\/)?[^/?]+/;
const LICENSE_FILE = /^(licen[cs]e|notice|thirdpartynotices)/i;

// These packages ship no licence file. Each states the same licence as a package
// of the same authors, which does.
const SIBLINGS: Record<string, string> = {
  "@graphiql/plugin-doc-explorer": "graphiql",
  "@graphiql/plugin-history": "graphiql",
  "react-compiler-runtime": "react",
  "react-remove-scroll-bar": "react-remove-scroll",
};

/**
 * Gives a plugin for the page and one for its workers, which are bundled on their
 * own and before it. Both collect packages; the page's plugin writes the file.
 */
export function licensePlugins(fileName: string): { page: Plugin; worker: Plugin } {
  const roots = new Set<string>();
  const collect = (bundle: Rolldown.OutputBundle) => {
    for (const root of packageRoots(bundle)) roots.add(root);
  };
  const worker: Plugin = {
    name: "collect-licenses",
    generateBundle: (_options, bundle) => collect(bundle),
  };
  const page: Plugin = {
    name: "write-licenses",
    generateBundle(_options, bundle) {
      collect(bundle);
      this.emitFile({ type: "asset", fileName, source: licenseText(roots) });
    },
  };
  return { page, worker };
}

/** Finds the directories of the packages that the output's modules come from. */
function packageRoots(bundle: Rolldown.OutputBundle): string[] {
  return Object.values(bundle)
    .flatMap((output) => (output.type === "chunk" ? output.moduleIds : []))
    .flatMap((id) => PACKAGE_ROOT.exec(id.replace("\0", ""))?.[0] ?? []);
}

function licenseText(roots: Set<string>): string {
  const packages = [...roots].map(describe).sort();
  const rule = `\n${"-".repeat(79)}\n\n`;
  return ["The playground contains code of these packages.\n", ...packages].join(rule);
}

function describe(root: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const sibling = SIBLINGS[name];
  const texts = licenseFiles(sibling ? join(NODE_MODULES, sibling) : root);
  // Without this, a new dependency could slip in with no licence text at all.
  if (texts.length === 0) throw new Error(`${name} ships no licence file; name a sibling for it.`);
  return [`${name} ${version} (${license})\n`, ...texts].join("\n");
}

function licenseFiles(root: string): string[] {
  return readdirSync(root)
    .filter((file) => LICENSE_FILE.test(file))
    .sort()
    .map((file) => readFileSync(join(root, file), "utf8").replaceAll("\r\n", "\n").trim() + "\n");
}
