/** The MCP servers that others wrote, installed once where they are not there yet. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

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
  if (!existsSync(file)) execFileSync('npm', ['ci', '--prefix', folder], { stdio: 'ignore' });
  return [process.execPath, file, ...args];
}
