import { expect, test } from "vitest";
import { TestService } from "../../client/test/edge.ts";
import { AgentApi } from "../src/api.ts";
import type { Session } from "../src/identity/session.ts";

function signedIn(renewed: string) {
  const calls: string[] = [];
  let token = "old";
  const session = {
    token: async () => token,
    renew: async (sent: string) => {
      calls.push(`renew ${sent}`);
      token = renewed;
    },
    end: () => calls.push("end"),
  };
  return { session: session as unknown as Session, calls };
}

test("a refused token is renewed once, and the call repeated", async () => {
  const service = new TestService();
  service.trouble = ({ headers }) => (headers.authorization === "Bearer new" ? undefined : 401);
  const { session, calls } = signedIn("new");
  await new AgentApi(service.edge, "https://chat.test", session).chat.ticket();
  expect(service.requests).toHaveLength(2);
  expect(calls).toEqual(["renew old"]);
});

test("refused again, the sign-in has ended", async () => {
  const service = new TestService();
  service.trouble = () => 401;
  const { session, calls } = signedIn("as bad");
  await expect(new AgentApi(service.edge, "https://chat.test", session).chat.ticket()).rejects.toThrow();
  expect(service.requests).toHaveLength(2);
  expect(calls).toEqual(["renew old", "end"]);
});
