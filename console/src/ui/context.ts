/** What every part of the desk may reach. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Router } from "../router";
import type { Desk } from "../state/desk";

export interface Surroundings {
  desk: Desk;
  router: Router;
}

const Context = createContext<Surroundings | null>(null);

export const SurroundingsProvider = Context.Provider;

export function useSurroundings(): Surroundings {
  const surroundings = useContext(Context);
  if (!surroundings) throw new Error("This component is drawn inside the desk only.");
  return surroundings;
}
