/** The official conformance suite and the inspector, installed once where they are not there yet. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '..', 'e2e', 'conformance');

/** The path of a file of one of the packages. Scripts of what is installed do not run. */
export function conformancePackage(name: 'conformance' | 'inspector', ...path: string[]): string {
  const file = join(folder, 'node_modules', '@modelcontextprotocol', name, ...path);
  if (!existsSync(file)) {
    execFileSync('npm', ['ci', '--ignore-scripts', '--prefix', folder], { stdio: 'ignore' });
  }
  return file;
}
