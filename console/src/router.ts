/** The address bar: which list and which conversation. A reload and the Back button return to them. */
import { Store } from "./state/store";

export const LISTS = ["mine", "queue", "all", "closed"] as const;
export type ListName = (typeof LISTS)[number];

export type Place = { page: "inbox"; list: ListName; conversation: string | null } | { page: "statistics" };

const BASE = "/console/";

export function parsePlace(path: string): Place {
  const [first = "", second = ""] = path.slice(BASE.length).split("/");
  if (first === "statistics") return { page: "statistics" };
  const list = LISTS.find((name) => name === first) ?? "mine";
  return { page: "inbox", list, conversation: second || null };
}

export function pathOf(place: Place): string {
  if (place.page === "statistics") return `${BASE}statistics`;
  return place.conversation ? `${BASE}${place.list}/${place.conversation}` : BASE + place.list;
}

export class Router {
  readonly place: Store<Place>;

  constructor() {
    this.place = new Store(parsePlace(location.pathname));
    window.addEventListener("popstate", () => this.place.set(parsePlace(location.pathname)));
  }

  /** Moving along a list replaces the entry: Back leaves the conversation, it does not walk through all that were looked at. */
  go(place: Place): void {
    const path = pathOf(place);
    if (path === location.pathname) return;
    const here = this.place.value;
    const alongTheList =
      here.page === "inbox" && place.page === "inbox" && here.conversation !== null && place.conversation !== null;
    history[alongTheList ? "replaceState" : "pushState"](null, "", path);
    this.place.set(place);
  }
}
