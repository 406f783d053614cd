/** Taking a conversation out of the queue moves the agent along with it: it stands in Mine now. */
import { useCallback } from "preact/hooks";
import { useSurroundings } from "./context";

export function useTake(): (id: string) => void {
  const { desk, router } = useSurroundings();
  return useCallback(
    async (id: string) => {
      if (!(await desk.take(id))) return;
      const place = router.place.value;
      const isStillThere = place.page === "inbox" && place.list === "queue" && place.conversation === id;
      if (isStillThere) router.go({ ...place, list: "mine" });
    },
    [desk, router],
  );
}
