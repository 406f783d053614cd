/** What is drawn when a conversation ends. */

import { handOver } from "../handover.ts";
import { Ending, EndQuestion, Menu, start } from "./ending.tsx";
import styles from "./styles.css";
import { english } from "./words.ts";

handOver("ending", { styles, english, Ending, EndQuestion, Menu, start });
