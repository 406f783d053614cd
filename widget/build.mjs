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
  "widget-ending": { brotli: 3 * KB },
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
    inject: entry.includes("loader") ? [] : [here(entry.replace("index", "jsx"))],
    define: { VERSION: JSON.stringify(version), ...define },
    // Private members begin with an underscore, so that they may be renamed.
    mangleProps: /^_[a-z]/,
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false, verbatimModuleSyntax: true } },
    plugins: [stylesAsText],
  });
  // esbuild bundles, terser squeezes: a few percent that every page view pays for.
  const squeezed = await minify(result.outputFiles[0].text, {
    ecma: 2018,
    compress: { passes: 3, unsafe_arrows: true, unsafe_methods: true, reduce_funcs: false, inline: 0 },
    // A script takes on the encoding of the page it is on, whatever that is.
    format: { ascii_only: true, quote_style: 2 },
  });
  return squeezed.code;
}

function weigh(name, text) {
  const sizes = { minified: Buffer.byteLength(text), brotli: brotliCompressSync(text).length };
  const parts = Object.entries(sizes).map(([kind, size]) => {
    const budget = BUDGETS[name][kind];
    return `${size} B ${kind}${budget ? ` of ${budget}` : ""}`;
  });
  console.log(`${name.padEnd(13)} ${parts.join(", ")}`);
  return Object.entries(BUDGETS[name]).every(([kind, budget]) => sizes[kind] <= budget);
}

const sheets = ["src/loader/launcher.css", "src/app/panel.css", "src/ending/ending.css"];
const styles = (await Promise.all(sheets.map((sheet) => bundleStyles(here(sheet))))).join("");
const digest = (algorithm, text) => createHash(algorithm).update(text);
const integrityOf = (script) => `sha256-${digest("sha256", script).digest("base64")}`;
const hashOf = (text) => digest("sha256", text).digest("hex").slice(0, 10);

const ending = await bundle("src/ending/index.ts");
const endingPath = `assets/widget-ending.${hashOf(ending)}`;
const script = await bundle("src/app/index.ts", {
  ENDING: JSON.stringify(`/${endingPath}`),
  ENDING_INTEGRITY: JSON.stringify(integrityOf(ending)),
});
// One name for both, after the content of both. The styles are for browsers that cannot construct a sheet.
const path = `assets/widget-full.${hashOf(script + styles)}`;
const loader = await bundle("src/loader/index.ts", {
  FULL: JSON.stringify(`/${path}`),
  INTEGRITY: JSON.stringify(integrityOf(script)),
});

// Replaced only when all has been built: a widget that is just being served goes on working.
await rm(dist, { recursive: true, force: true });
await mkdir(`${dist}assets`, { recursive: true });
await Promise.all([
  writeFile(`${dist}widget.js`, loader),
  writeFile(`${dist}${path}.js`, script),
  writeFile(`${dist}${path}.css`, styles),
  writeFile(`${dist}${endingPath}.js`, ending),
]);

const withinBudget = [weigh("widget.js", loader), weigh("widget-full", script), weigh("widget-ending", ending)];
if (withinBudget.includes(false)) {
  console.error("The widget has outgrown its budget.");
  process.exitCode = 1;
}
