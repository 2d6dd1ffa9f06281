/** How our programs and the package are bundled. */
import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { type OutputOptions, type Plugin, rolldown } from 'rolldown';
import { threadCode } from './thread-code.ts';

/** The code of threads becomes text in the modules that start them: a bundle has no file that they could be. */
const threadsInText: Plugin = {
  name: 'threads-in-text',
  async load(path) {
    if (!path.endsWith('-worker-code.ts')) return null;
    const [, name = ''] = /export const (\w+)/.exec(readFileSync(path, 'utf8')) ?? [];
    const code = await threadCode(path.replace('-code.ts', '.ts'));
    return `export const ${name} = ${JSON.stringify(code)};\n`;
  },
};

/**
 * Writes a file for each of the entries, by their names, and what several of them need into chunks. Packages of
 * others are left where they are, unless `packagesToo`.
 */
export async function writeBundles(
  entries: Readonly<Record<string, string>>,
  output: Pick<OutputOptions, 'dir' | 'chunkFileNames'>,
  packagesToo = false,
): Promise<void> {
  const isOthers = (name: string): boolean => !name.startsWith('.') && !isAbsolute(name);
  const bundle = await rolldown({
    input: { ...entries },
    platform: 'node',
    external: (name) => !packagesToo && isOthers(name),
    plugins: [threadsInText],
  });
  await bundle.write({ ...output, entryFileNames: '[name].js', sourcemap: true });
  await bundle.close();
}
