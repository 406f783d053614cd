/** Builds the loader (widget.js) and what it loads on intent (assets/…), and fails when either outgrows its budget. */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";
import { bundleStyles, SCRIPT_TARGET, stylesAsText } from "../client/styles.build.mjs";

const KB = 1024;
const BUDGETS = {
  "widget.js": { minified: 6 * KB, brotli: 2.5 * KB },
  "widget-full": { brotli: 20 * KB },
  "widget-parts": { brotli: 2 * KB },
  "widget-ending": { brotli: 3 * KB },
  "widget-gate": { brotli: 3 * KB },
  "widget-tabs": { brotli: 2 * KB },
  "widget-rich": { brotli: 6 * KB },
};
/** Must be what `widget/src/contract.ts` calls it. */
const HANDOVER = "livechat-mount";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const dist = here("dist/");
const { version } = JSON.parse(await readFile(here("../package.json"), "utf8"));

async function bundle(entry, jsx, define = {}) {
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
    inject: jsx ? [here(jsx)] : [],
    define: { VERSION: JSON.stringify(version), ...define },
    // Private members begin with an underscore, so that they may be renamed.
    mangleProps: /^_[a-z]/,
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false, verbatimModuleSyntax: true } },
    plugins: [stylesAsText],
  });
  // esbuild bundles, terser squeezes: a few percent that every page view pays for.
  const squeezed = await minify(result.outputFiles[0].text, {
    ecma: 2018,
    compress: {
      passes: 6,
      unsafe: true,
      unsafe_arrows: true,
      unsafe_methods: true,
      pure_getters: true,
      sequences: false,
      if_return: false,
      join_vars: false,
      inline: 0,
    },
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

const parts = (await readdir(here("src/parts"), { withFileTypes: true }))
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();
const partStyles = parts.map((name) => `src/parts/${name}/styles.css`).filter((path) => existsSync(here(path)));
const sheets = ["src/loader/launcher.css", "src/app/panel.css", ...partStyles];
const styles = (await Promise.all(sheets.map((sheet) => bundleStyles(here(sheet))))).join("");
const digest = (algorithm, text) => createHash(algorithm).update(text);
const integrityOf = (script) => `sha256-${digest("sha256", script).digest("base64")}`;
const hashOf = (text) => digest("sha256", text).digest("hex").slice(0, 10);

/** What is written below `assets/`, by name and content. */
const files = {};
const publish = (name, script) => {
  const path = `assets/widget-${name}.${hashOf(script)}`;
  files[`${path}.js`] = script;
  return [`/${path}`, integrityOf(script)];
};

const partScripts = await Promise.all(parts.map((name) => bundle(`src/parts/${name}/index.ts`, "src/parts/jsx.ts")));
const index = Object.fromEntries(parts.map((name, at) => [name, publish(name, partScripts[at])]));
const indexScript = `document.currentScript.dispatchEvent(new CustomEvent("${HANDOVER}",{detail:${JSON.stringify(index)}}))`;
const [indexPath, indexIntegrity] = publish("parts", indexScript);
const script = await bundle("src/app/index.ts", "src/app/jsx.ts", {
  PARTS: JSON.stringify(indexPath),
  PARTS_INTEGRITY: JSON.stringify(indexIntegrity),
});
// One name for both, after the content of both. The styles are for browsers that cannot construct a sheet.
const path = `assets/widget-full.${hashOf(script + styles)}`;
const loader = await bundle("src/loader/index.ts", null, {
  FULL: JSON.stringify(`/${path}`),
  INTEGRITY: JSON.stringify(integrityOf(script)),
});

// Replaced only when all has been built: a widget that is just being served goes on working.
await rm(dist, { recursive: true, force: true });
await mkdir(`${dist}assets`, { recursive: true });
Object.assign(files, { "widget.js": loader, [`${path}.js`]: script, [`${path}.css`]: styles });
await Promise.all(Object.entries(files).map(([name, text]) => writeFile(dist + name, text)));

const weighed = [
  weigh("widget.js", loader),
  weigh("widget-full", script),
  weigh("widget-parts", indexScript),
  ...parts.map((name, at) => weigh(`widget-${name}`, partScripts[at])),
];
if (weighed.includes(false)) {
  console.error("The widget has outgrown its budget.");
  process.exitCode = 1;
}
