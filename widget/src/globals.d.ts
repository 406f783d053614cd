/** Put in by the build. */
declare const VERSION: string;
/** The full widget's address without its ending: `.js`, and `.css` for browsers that cannot construct a sheet. */
declare const FULL: string;
declare const INTEGRITY: string;
/** The same of the index of the parts. */
declare const PARTS: string;
declare const PARTS_INTEGRITY: string;

declare module "*.css" {
  const text: string;
  export default text;
}
