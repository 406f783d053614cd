/** Builds the loader (widget.js) and what it loads on intent (assets/…), and fails when either outgrows its budget. */

import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";
import { bundleStyles, SCRIPT_TARGET, stylesAsText } from "../client/styles.build.mjs";

const KB = 1024;
const BUDGETS = {
  "widget.js": { minified: 6 * KB, brotli: 2.5 * KB },
  "widget-full": { brotli: 20 * KB },
};

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const dist = here("dist/");
const { version } = JSON.parse(await readFile(here("../package.json"), "utf8"));

async function bundle(entry, define = {}) {
  const result = await build({
    entryPoints: [here(entry)],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: SCRIPT_TARGET,
    legalComments: "none",
    jsx: "transform",
    jsxFactory: "h",
    jsxFragment: "Fragment",
    inject: entry.includes("app") ? [here("src/app/jsx.ts")] : [],
    define: { VERSION: JSON.stringify(version), ...define },
    // Private members begin with an underscore, so that they may be renamed.
    mangleProps: /^_[a-z]/,
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false, verbatimModuleSyntax: true } },
    plugins: [stylesAsText],
  });
  // esbuild bundles, terser squeezes: a few percent that every page view pays for.
  const squeezed = await minify(result.outputFiles[0].text, {
    ecma: 2018,
    compress: { passes: 3, unsafe_arrows: true, unsafe_methods: true },
    // A script takes on the encoding of the page it is on, whatever that is.
    format: { ascii_only: true },
  });
  return squeezed.code;
}

function weigh(name, text) {
  const sizes = { minified: Buffer.byteLength(text), brotli: brotliCompressSync(text).length };
  const parts = Object.entries(sizes).map(([kind, size]) => {
    const budget = BUDGETS[name][kind];
    return `${size} B ${kind}${budget ? ` of ${budget}` : ""}`;
  });
  console.log(`${name.padEnd(12)} ${parts.join(", ")}`);
  return Object.entries(BUDGETS[name]).every(([kind, budget]) => sizes[kind] <= budget);
}

const script = await bundle("src/app/index.ts");
const styles = (await bundleStyles(here("src/loader/launcher.css"))) + (await bundleStyles(here("src/app/panel.css")));
const digest = (algorithm, text) => createHash(algorithm).update(text);
// One name for both, after the content of both. The styles are for browsers that cannot construct a sheet.
const name = digest("sha256", script + styles)
  .digest("hex")
  .slice(0, 10);
const path = `assets/widget-full.${name}`;
const loader = await bundle("src/loader/index.ts", {
  FULL: JSON.stringify(`/${path}`),
  INTEGRITY: JSON.stringify(`sha256-${digest("sha256", script).digest("base64")}`),
});

// Replaced only when all has been built: a widget that is just being served goes on working.
await rm(dist, { recursive: true, force: true });
await mkdir(`${dist}assets`, { recursive: true });
await Promise.all([
  writeFile(`${dist}widget.js`, loader),
  writeFile(`${dist}${path}.js`, script),
  writeFile(`${dist}${path}.css`, styles),
]);

const withinBudget = [weigh("widget.js", loader), weigh("widget-full", script)];
if (withinBudget.includes(false)) {
  console.error("The widget has outgrown its budget.");
  process.exitCode = 1;
}
