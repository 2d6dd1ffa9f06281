/** What every client here is told to do, and how it says what came of it: one line of JSON. */

/** How the gateway is reached: the words that start it, or its address and headers. */
export const way = JSON.parse(process.argv[2]);

export const call = JSON.parse(process.argv[3]);

/** `text` is what a model would read of the refused call. */
export function tell(tools, text) {
  process.stdout.write(`\n${JSON.stringify({ tools: tools.toSorted(), text })}\n`);
}
