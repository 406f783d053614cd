/** How style sheets get into a bundle: minified, for the browsers the widget and the console promise to run in. */

import { build, transformSync } from "esbuild";

/** iOS 13 and Android 8 are the oldest that run the widget: their syntax, and their style sheets. */
export const SCRIPT_TARGET = "es2018";
const STYLE_TARGET = ["safari13", "chrome64", "firefox68"];

const lowered = new Map();

/** esbuild lowers `oklch()` in declarations only; tokens are custom properties, so theirs are lowered here. */
function lowerColours(css) {
  return css.replace(/oklch\([^()]*\)/g, (colour) => {
    if (!lowered.has(colour)) {
      const { code } = transformSync(`a{color:${colour}}`, { loader: "css", minify: true, target: "safari13" });
      lowered.set(colour, /color:([^;}]*)/.exec(code)[1]);
    }
    return lowered.get(colour);
  });
}

/** The tokens are one file for all: a sheet keeps those it uses, and those of one value only as that value. */
function foldTokens(css) {
  const declared = (name) => css.split(new RegExp(`[;{]${name}:`)).length - 1;
  let folded = css;
  for (const [whole, name, value] of css.matchAll(/(--[\w-]+): ?([^;{}]*)(?:;|(?=\}))/g)) {
    const used = folded.includes(`var(${name})`) || folded.includes(`var(${name},`);
    const fixed = declared(name) === 1 && !folded.includes(`var(${name},`);
    if (used && !fixed) continue;
    folded = folded.replace(whole, "").split(`var(${name})`).join(value);
  }
  return folded === css ? css : foldTokens(folded);
}

export async function bundleStyles(path) {
  const result = await build({ entryPoints: [path], bundle: true, minify: true, write: false, target: STYLE_TARGET });
  const { code } = transformSync(foldTokens(lowerColours(result.outputFiles[0].text)), { loader: "css", minify: true });
  return code.trim();
}

/** `import styles from "./panel.css"` gives the minified text, for a shadow root, where there is no `:root`. */
export const stylesAsText = {
  name: "styles-as-text",
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => ({
      contents: (await bundleStyles(path)).replace(/,:root(\[[^\]]*\])?/g, ""),
      loader: "text",
    }));
  },
};
