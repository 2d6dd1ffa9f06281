/** Writes the starter policy and its tests. It never overwrites. */
import { rmSync } from 'node:fs';
import { basename } from 'node:path';
import { starterCases, starterPolicy } from '../../policy/index.ts';
import { CommandError } from '../exit.ts';
import { assertAbsent, writeNew } from '../new-file.ts';
import { jsonLine, print, shown } from '../terminal.ts';

export interface InitOptions {
  readonly json?: true;
}

export async function init(file: string, options: InitOptions): Promise<void> {
  if (!/\.ya?ml$/.test(file)) {
    throw new CommandError(`\`${file}\` does not end in \`.yaml\``, 'the starter is YAML');
  }
  const tests = file.replace(/\.(ya?ml)$/, '.test.$1');
  // If either is there, neither is written.
  for (const path of [file, tests]) assertAbsent(path);
  writeNew(tests, starterCases(basename(file)));
  try {
    writeNew(file, starterPolicy);
  } catch (failure) {
    rmSync(tests, { force: true });
    throw failure;
  }
  if (options.json === true) return print(jsonLine({ policy: file, tests }));
  await print(`wrote ${shown(file)} and ${shown(tests)}`);
  await print(`try it: agent-control-plane policy test ${shown(tests)}`);
}
