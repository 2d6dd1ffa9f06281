/** The official conformance suite and the inspector, installed once where they are not there yet. */
import { join } from 'node:path';
import { installed } from './installed.ts';

const folder = join(import.meta.dirname, '..', 'e2e', 'conformance');

/** The path of a file of one of the packages. */
export function conformancePackage(name: 'conformance' | 'inspector', ...path: string[]): string {
  return installed(folder, join(folder, 'node_modules', '@modelcontextprotocol', name, ...path));
}
