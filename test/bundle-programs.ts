/**
 * Bundles the programs that tests start, before the tests: to load some three hundred modules one after the
 * other is most of what such a process does.
 */
import { join } from 'node:path';
import { writeBundles } from '../scripts/bundle.ts';
import { bundled, programs, root } from './programs.ts';

export default async function setup(): Promise<void> {
  const sources = Object.entries(programs).map(
    ([name, source]) => [name, join(root, source)] as const,
  );
  await writeBundles(Object.fromEntries(sources), { dir: bundled });
}
