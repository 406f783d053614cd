/** Put in by the build. */
declare const VERSION: string;
declare const FULL: { path: string; integrity: string };
declare const STYLES: { path: string; integrity: string };

declare module "*.css" {
  const text: string;
  export default text;
}
