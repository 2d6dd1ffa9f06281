/**
 * Bundles the programs that tests start, before the tests: to load some three hundred modules one after the
 * other is most of what such a process does. What is not ours is left where it is.
 */
import { cpSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';
import { threadCode } from '../scripts/thread-code.ts';
import { bundled, programs, root } from './programs.ts';

const threadsInText: Plugin = {
  name: 'threads-in-text',
  /** As in the package, see `scripts/build.ts`: a bundle has no file that a thread could be started from. */
  async load(path) {
    if (!path.endsWith('-worker-code.ts')) return null;
    const [, name = ''] = /export const (\w+)/.exec(readFileSync(path, 'utf8')) ?? [];
    const code = await threadCode(path.replace('-code.ts', '.ts'));
    return `export const ${name} = ${JSON.stringify(code)};\n`;
  },
};

export default async function setup(): Promise<void> {
  const bundle = await rolldown({
    input: Object.fromEntries(
      Object.entries(programs).map(([name, source]) => [name, join(root, source)]),
    ),
    platform: 'node',
    external: (name) => !name.startsWith('.') && !isAbsolute(name),
    plugins: [threadsInText],
  });
  await bundle.write({ dir: bundled, entryFileNames: '[name].js', sourcemap: true });
  await bundle.close();
  // The demo's stories are read from beside its code.
  cpSync(join(root, 'src/cli/demo'), bundled, {
    recursive: true,
    filter: (path) => !path.endsWith('.ts'),
  });
}
