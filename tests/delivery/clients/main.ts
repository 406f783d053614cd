/** Runs simulated people: orders come in by standard input, a line of JSON each, and what happens goes out by standard output. */

import { createInterface } from "node:readline";
import { Client } from "./client.ts";
import type { Event, Order, Surroundings } from "./wire.ts";

const around: Surroundings = JSON.parse(process.argv[2] ?? "{}");
const clients = new Map<string, Client>();

function tell(event: Event): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

for await (const line of createInterface({ input: process.stdin })) {
  const order: Order = JSON.parse(line);
  let client = clients.get(order.client);
  if (!client) {
    client = new Client(order.client, around, tell);
    clients.set(order.client, client);
  }
  client.obey(order);
}
process.exit();
