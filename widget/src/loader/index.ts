/** The script on the customer's page: draws the launcher, offers the API, and loads the rest on intent. */

import { load } from "./loader.ts";

load();
