/** What JSX becomes here: the full widget's own, since two of them cannot draw one tree. The build puts it in front. */

import type { Drawing } from "../contract.ts";

export let h: Drawing["h"];
export let Fragment: Drawing["Fragment"];

export function drawWith(drawing: Drawing): void {
  ({ h, Fragment } = drawing);
}
