/**
 * Bundles the programs that tests start, before the tests: to load some three hundred modules one after the
 * other is most of what such a process does.
 */
import { join } from 'node:path';
import { writeBundles } from '../scripts/bundle.ts';
import { bundled, programs, root, servers } from './programs.ts';

export default async function setup(): Promise<void> {
  await writeBundles(sourcesOf(programs), { dir: bundled });
  await writeBundles(sourcesOf(servers), { dir: bundled }, true);
}

function sourcesOf(named: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const paths = Object.entries(named).map(([name, path]) => [name, join(root, path)] as const);
  return Object.fromEntries(paths);
}
