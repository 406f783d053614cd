import { expect, test } from "vitest";
import { Http, Problem } from "../src/http.ts";
import { settle, TestService } from "./edge.ts";

const http = (service: TestService, options = {}) =>
  new Http(service.edge, { baseUrl: "http://test/functions/v1", ...options });

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: Problem) => error,
  );

test("a refusal keeps the server's word for it", async () => {
  const service = new TestService();
  service.view.status = "closed";
  const problem = await failure(http(service).post("/chat/message", {}));
  expect(problem).toBeInstanceOf(Problem);
  expect([problem.code, problem.status, problem.passing]).toEqual(["conversation_closed", 409, false]);
});

test("no answer in time is a problem that may pass", async () => {
  const service = new TestService();
  service.trouble = () => "silent";
  const call = failure(http(service, { timeout: 4000 }).get("/chat/messages"));
  await service.clock.advance(4000);
  expect([(await call).code, (await call).passing]).toEqual(["timed_out", true]);
});

test("a network that is not there is a problem that may pass", async () => {
  const service = new TestService();
  service.trouble = () => "down";
  expect((await failure(http(service).get("/chat/messages"))).code).toBe("unreachable");
});

test("nulls are left out of the query", async () => {
  const service = new TestService();
  await http(service).get("/chat/messages", { conversation_id: "c1", limit: 5, before: undefined, after: null });
  await settle();
  expect(`${service.requests[0]?.query}`).toBe("conversation_id=c1&limit=5");
});
