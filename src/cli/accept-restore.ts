/** What `accept-restore` does: keeps the old head as evidence, and makes a new one of the log as it is. */
import { renameSync } from 'node:fs';
import { readHeadFile, type KnownHead, withHeadFile } from '../storage/head-file.ts';
import { type Head, type Storage, StorageError } from '../storage/storage.ts';
import { isConfirmed } from './ask.ts';
import { CommandError, exitCodes, messageOf } from './exit.ts';
import { withLogFile } from './log-file.ts';
import type { LogOptions } from './store-options.ts';
import { jsonLine, shown, terminal } from './terminal.ts';

export interface AcceptRestoreOptions extends LogOptions {
  readonly headFile: string;
  readonly yes?: true;
  readonly json?: true;
}

export async function acceptRestore(file: string, options: AcceptRestoreOptions): Promise<void> {
  const { headFile, log } = options;
  const known = readKnown(headFile);
  await withLogFile(file, options, async ({ storage, head }) => {
    if (await continues(storage, headFile, log)) {
      throw new CommandError(
        'there is nothing to accept: the log continues the head file',
        'a control plane opens it as it is',
      );
    }
    const question = `Go on from ${head.size} entries, where this host last saw ${known.size}?`;
    if (options.yes !== true && !(await isConfirmed(question))) {
      throw new CommandError('not accepted', undefined, { exitCode: exitCodes.bad });
    }
    const kept = `${headFile}.${known.size}`;
    renameSync(headFile, kept);
    // Writes the head that it finds.
    await keepHead(storage, headFile, log);
    report(known, head, kept, options);
  });
}

function readKnown(path: string): KnownHead {
  let known: KnownHead | undefined;
  try {
    known = readHeadFile(path);
  } catch (failure) {
    throw new CommandError(messageOf(failure), undefined, { cause: failure });
  }
  if (known !== undefined) return known;
  throw new CommandError(`there is no file \`${path}\``, 'name the file given to `withHeadFile()`');
}

async function continues(storage: Storage, headFile: string, log: string): Promise<boolean> {
  try {
    await keepHead(storage, headFile, log);
    return true;
  } catch (failure) {
    if (StorageError.is(failure) && failure.code === 'rolled-back') return false;
    throw failure;
  }
}

/** The store is open already, and stays so. */
async function keepHead(storage: Storage, headFile: string, log: string): Promise<void> {
  await withHeadFile(storage, headFile).open(log);
}

function report(known: KnownHead, head: Head, kept: string, { json }: AcceptRestoreOptions): void {
  const { stdout } = terminal();
  const lost = Math.max(0, known.size - head.size);
  if (json === true) {
    stdout.write(`${jsonLine({ accepted: head.size, last: known.size, lost, kept })}\n`);
    return;
  }
  stdout.write(`accepted: the log goes on from ${head.size} entries; ${lost} are lost\n`);
  stdout.write(`the old head is kept in ${shown(kept)}\n`);
}
