/** What `accept-restore` does: keeps the old head as evidence, and makes a new one of the log as it is. */
import { constants, copyFileSync, existsSync, realpathSync, renameSync, rmSync } from 'node:fs';
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
    const last = known.log === log ? `${known.size}` : `${known.size} of log \`${known.log}\``;
    const question = `Go on from ${head.size} entries of log \`${log}\`, where this host last saw ${last}?`;
    if (options.yes !== true && !(await isConfirmed(question))) {
      throw new CommandError('not accepted', undefined, { exitCode: exitCodes.bad });
    }
    const kept = keepOld(headFile, known.size);
    await replaceHead(storage, headFile, log).catch((failure: unknown) => {
      rmSync(kept, { force: true });
      throw failure;
    });
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

/** Never in place of another: what an earlier restore left is evidence, too. */
function keepOld(headFile: string, size: number): string {
  const name = `${headFile}.${size}`;
  let kept = name;
  for (let count = 2; existsSync(kept); count += 1) kept = `${name}.${count}`;
  try {
    copyFileSync(headFile, kept, constants.COPYFILE_EXCL);
  } catch (failure) {
    const message = `the old head cannot be kept: ${messageOf(failure)}`;
    throw new CommandError(message, undefined, { cause: failure });
  }
  return kept;
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

/** At no time is there no head file: whatever is opened then would be taken. */
async function replaceHead(storage: Storage, headFile: string, log: string): Promise<void> {
  // Where a link leads: it stays one.
  const real = realpathSync(headFile);
  const next = `${real}.new`;
  // What is left of a try that did not come to its end.
  rmSync(next, { force: true });
  // Writes the head that it finds.
  await keepHead(storage, next, log);
  renameSync(next, real);
}

/** The store is open already, and stays so. */
async function keepHead(storage: Storage, headFile: string, log: string): Promise<void> {
  await withHeadFile(storage, headFile).open(log);
}

function report(known: KnownHead, head: Head, kept: string, options: AcceptRestoreOptions): void {
  const { log, json } = options;
  const { stdout } = terminal();
  const least = known.size - head.size;
  // A log that went on elsewhere may be the longer one, and lost entries all the same. Of another log the old
  // head says nothing.
  const lost = least > 0 && known.log === log ? least : null;
  if (json === true) {
    stdout.write(`${jsonLine({ accepted: head.size, last: known.size, lost, kept })}\n`);
    return;
  }
  const many = lost === null ? 'how many were lost is not known' : `at least ${lost} are lost`;
  stdout.write(`accepted: the log \`${shown(log)}\` goes on from ${head.size} entries; ${many}\n`);
  if (known.log !== log) {
    stdout.write(
      `the old head is of log \`${shown(known.log)}\`, which is refused with this file now\n`,
    );
  }
  stdout.write(`the old head is kept in ${shown(kept)}\n`);
}
