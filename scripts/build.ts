/**
 * Builds the package into `dist`: `npm run build`.
 *
 * The compiler writes the declarations, module by module. The code is bundled: a file for each entry of the
 * package, and what several need in chunks. To load some three hundred modules one after the other took a
 * program twice as long to start.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writeBundles } from './bundle.ts';

const root = resolve(import.meta.dirname, '..');
const out = join(root, 'dist');

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
  readonly bin: Readonly<Record<string, string>>;
}

/** Every file that the package names, and its source. */
function entries(): Readonly<Record<string, string>> {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
  const exported = Object.values(manifest.exports).flatMap((entry) =>
    typeof entry === 'object' ? [entry.default] : [],
  );
  const names = [...exported, ...Object.values(manifest.bin)].map((path) =>
    path.replace(/^(?:\.\/)?dist\/|\.js$/g, ''),
  );
  return Object.fromEntries(names.map((name) => [name, join(root, 'src', `${name}.ts`)]));
}

// Into an empty folder, so that what was built from a deleted file is not published.
rmSync(out, { recursive: true, force: true });
const compiler = join(root, 'node_modules/.bin/tsc');
const { status } = spawnSync(compiler, ['-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);
// As deep below the root as the command line's own folder: from there it finds what version it is.
await writeBundles(entries(), { dir: out, chunkFileNames: 'chunks/[name]-[hash].js' });
