/** Builds the console into dist/: index.html, and hashed files it loads with their integrity; fails beyond its budget. */

import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";

const KB = 1024;
const BUDGET = 40 * KB;
/** Agents use the last two versions of a browser; the popover came last, in Safari 17 and Firefox 125. */
const TARGET = ["es2022", "chrome120", "safari17", "firefox125"];

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const dist = here("dist/");

async function bundle(entry) {
  const result = await build({
    entryPoints: [here(entry)],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: TARGET,
    charset: "utf8",
    legalComments: "none",
    jsx: "automatic",
    jsxImportSource: "preact",
  });
  return result.outputFiles[0].text;
}

function hashed(name, extension, text) {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 12);
  return {
    file: `assets/${name}.${hash}.${extension}`,
    text,
    integrity: `sha384-${createHash("sha384").update(text).digest("base64")}`,
    size: brotliCompressSync(text).length,
  };
}

const script = hashed("console", "js", await bundle("src/main.tsx"));
const style = hashed("console", "css", await bundle("src/styles/index.css"));
const icon = hashed("icon", "svg", await readFile(here("icon.svg"), "utf8"));

const values = {
  script: `/console/${script.file}`,
  scriptIntegrity: script.integrity,
  style: `/console/${style.file}`,
  styleIntegrity: style.integrity,
  icon: `/console/${icon.file}`,
};
const template = await readFile(here("index.html"), "utf8");
const page = template.replace(/\{\{(\w+)\}\}/g, (_, name) => values[name]);

// Replaced only when all has been built: a console that is just being served goes on working.
await rm(dist, { recursive: true, force: true });
await mkdir(`${dist}assets`, { recursive: true });
for (const { file, text, size } of [script, style, icon]) {
  await writeFile(dist + file, text);
  console.log(`${file.padEnd(40)} ${size} B brotli`);
}
await writeFile(`${dist}index.html`, page);

const size = script.size + style.size;
console.log(`console      ${size} B brotli of ${BUDGET}`);
if (size > BUDGET) {
  console.error("The console has outgrown its budget.");
  process.exitCode = 1;
}
