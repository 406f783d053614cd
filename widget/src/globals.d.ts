/** Put in by the build. */
declare const VERSION: string;
declare const FULL: { path: string; integrity: string };
declare const STYLES: string;

declare module "*.css" {
  const text: string;
  export default text;
}
