/** How a part reaches the full widget: on the script element that brought it, so that no global is needed. */

import { HANDOVER, type PartName, type Parts } from "../contract.ts";
import { drawWith } from "./jsx.ts";

export function handOver<Name extends PartName>(_name: Name, part: Omit<Parts[Name], "drawWith">): void {
  document.currentScript?.dispatchEvent(new CustomEvent(HANDOVER, { detail: { ...part, drawWith } }));
}
