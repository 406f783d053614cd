/** What the tabs of one browser have in common: one of them sends, and one of them holds the socket for all. */

import { browserTabs } from "../../../../client/src/tabs.ts";
import { handOver } from "../handover.ts";

handOver("tabs", { browserTabs });
