/** Builds the loader (widget.js) and what it loads on intent (assets/…), and fails when either outgrows its budget. */

import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";
import { bundleStyles, SCRIPT_TARGET, stylesAsText } from "../client/styles.build.mjs";

const KB = 1024;
const BUDGETS = {
  "widget.js": { minified: 9 * KB, brotli: 4 * KB },
  "widget-full": { brotli: 25 * KB },
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
    charset: "utf8",
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
  return result.outputFiles[0].text;
}

/** A file named after its content, with the integrity the loader asks for. */
async function publish(name, extension, text) {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 12);
  const path = `assets/${name}.${hash}.${extension}`;
  await writeFile(dist + path, text);
  return { path: `/${path}`, integrity: `sha384-${createHash("sha384").update(text).digest("base64")}` };
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

await rm(dist, { recursive: true, force: true });
await mkdir(`${dist}assets`, { recursive: true });

const fullText = await bundle("src/app/index.ts");
const full = await publish("widget-full", "js", fullText);
const stylesText =
  (await bundleStyles(here("src/loader/launcher.css"))) + (await bundleStyles(here("src/app/panel.css")));
const styles = await publish("widget", "css", stylesText);
const loaderText = await bundle("src/loader/index.ts", {
  FULL: JSON.stringify(full),
  STYLES: JSON.stringify(styles.path),
});
await writeFile(`${dist}widget.js`, loaderText);

const withinBudget = [weigh("widget.js", loaderText), weigh("widget-full", fullText)];
if (withinBudget.includes(false)) {
  console.error("The widget has outgrown its budget.");
  process.exitCode = 1;
}
