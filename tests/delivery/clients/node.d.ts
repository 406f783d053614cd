/** What is used of Node. */

declare const process: {
  argv: string[];
  stdin: unknown;
  stdout: { write(text: string): boolean };
  exit(): never;
};

declare module "node:readline" {
  export function createInterface(options: { input: unknown }): AsyncIterable<string>;
}
