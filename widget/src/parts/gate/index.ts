/** What stands before the first message: consent. */

import { handOver } from "../handover.ts";
import { Gate } from "./gate.tsx";
import styles from "./styles.css";

handOver("gate", { styles, Gate });
