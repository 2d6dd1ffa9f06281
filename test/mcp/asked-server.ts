/**
 * An MCP server of 2025 over stdio, without an SDK, that answers the question what it speaks as its second
 * argument says: with an error (`answers`), by ending (`ends`), or with nothing to it and all after it (`mute`).
 * Each start is a line in the file that its first argument names.
 */
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [, , journal = '', manner = ''] = process.argv;
appendFileSync(journal, 'started\n');
let isMute = false;

function answer(id: unknown, more: object): void {
  if (!isMute) process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...more })}\n`);
}

const results: Readonly<Record<string, object>> = {
  initialize: {
    protocolVersion: '2025-06-18',
    capabilities: { tools: {} },
    serverInfo: { name: 'asked', version: '1' },
  },
  'tools/list': { tools: [{ name: 'run', inputSchema: { type: 'object' } }] },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method } = JSON.parse(line) as { readonly id?: unknown; readonly method: string };
  if (method === 'server/discover' && manner === 'ends') process.exit(0);
  if (method === 'server/discover' && manner === 'mute') isMute = true;
  if (id === undefined) continue;
  const result = results[method];
  answer(id, result === undefined ? { error: { code: -32_601, message: 'what?' } } : { result });
}
