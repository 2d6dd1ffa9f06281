/** The MCP servers that others wrote, installed once where they are not there yet. */
import { join } from 'node:path';
import { installed } from './installed.ts';

const folder = join(import.meta.dirname, '..', 'e2e', 'servers');

/** The words that start a server: this Node, and the server's own file. */
export function realServer(
  name: 'everything' | 'filesystem' | 'memory',
  ...args: string[]
): string[] {
  const file = join(
    folder,
    'node_modules',
    '@modelcontextprotocol',
    `server-${name}`,
    'dist',
    'index.js',
  );
  return [process.execPath, installed(folder, file), ...args];
}
