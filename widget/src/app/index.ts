/** The full widget: hands its mount to the loader on the script element that brought it. */

import { HANDOVER } from "../contract.ts";
import { mount } from "./mount.tsx";

document.currentScript?.dispatchEvent(new CustomEvent(HANDOVER, { detail: mount }));
