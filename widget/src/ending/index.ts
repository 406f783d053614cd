/** What is drawn when a conversation ends; hands itself to the full widget on the script element that brought it. */

import { type EndingPart, HANDOVER } from "../contract.ts";
import styles from "./ending.css";
import { Ending, EndQuestion } from "./ending.tsx";
import { drawWith } from "./jsx.ts";

const part: EndingPart = { styles, drawWith, Ending, EndQuestion };

document.currentScript?.dispatchEvent(new CustomEvent(HANDOVER, { detail: part }));
