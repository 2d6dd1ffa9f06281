/** Writes the starter policy and its tests. It never overwrites. */
import { existsSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { starterCases, starterPolicy } from '../../policy/index.ts';
import { CommandError, messageOf } from '../exit.ts';
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
  for (const path of [file, tests]) if (existsSync(path)) throw exists(path);
  writeNew(tests, starterCases(basename(file)));
  writeNew(file, starterPolicy);
  if (options.json === true) return print(jsonLine({ policy: file, tests }));
  await print(`wrote ${shown(file)} and ${shown(tests)}`);
  await print(`try it: agent-control-plane policy test ${shown(tests)}`);
}

function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' });
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'EEXIST') throw exists(path);
    const message = `\`${path}\` cannot be written: ${messageOf(failure)}`;
    throw new CommandError(message, undefined, { cause: failure });
  }
}

function exists(path: string): CommandError {
  return new CommandError(`\`${path}\` is there already`, 'give another name, or move it away');
}
