/** What a message shows beyond plain text. */

import { handOver } from "../handover.ts";
import { Content } from "./content.tsx";
import styles from "./styles.css";

handOver("rich", { styles, Content });
