/** What JSX becomes; the build puts it in front of every component. */
export { Fragment, h } from "preact";
