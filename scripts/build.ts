/**
 * Builds the package into `dist`: `npm run build`.
 *
 * The compiler writes a module for each of ours. The code of threads then becomes text in the modules that
 * start them: whoever bundles a program into one file keeps no other that a thread could be started from.
 */
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { threadCode } from './thread-code.ts';

const root = resolve(import.meta.dirname, '..');
const out = join(root, 'dist');

/** Modules that run in a thread. Beside each is one with `-code` at its end, which says where it is. */
const threads = [
  { module: join(out, 'storage/sqlite/sqlite-worker'), name: 'sqliteWorkerCode' },
  { module: join(out, 'engine/verify/verify-worker'), name: 'verifyWorkerCode' },
];

// Into an empty folder, so that what was built from a deleted file is not published.
rmSync(out, { recursive: true, force: true });
const compiler = join(root, 'node_modules/.bin/tsc');
const { status } = spawnSync(compiler, ['-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);
for (const { module, name } of threads) {
  const code = await threadCode(`${module}.js`);
  writeFileSync(`${module}-code.js`, `export const ${name} = ${JSON.stringify(code)};\n`);
  rmSync(`${module}-code.js.map`);
  for (const end of ['js', 'js.map', 'd.ts']) rmSync(`${module}.${end}`);
}
