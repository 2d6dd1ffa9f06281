#!/usr/bin/env node
/**
 * The command line of `agent-control-plane`; its commands are in `program.ts`.
 *
 * Older releases of Node say of `node:sqlite`, as soon as it is loaded, that it is experimental. A reader of
 * logs need not know: the notice is filtered before anything that loads it.
 */
import { exitCodes } from './exit.ts';
import { endWithReader } from './terminal.ts';

const emitWarning = process.emitWarning.bind(process) as (...words: unknown[]) => void;
process.emitWarning = (...words: unknown[]): void => {
  const [warning] = words;
  const text = warning instanceof Error ? warning.message : String(warning);
  if (!text.startsWith('SQLite is an experimental feature')) emitWarning(...words);
};

endWithReader();
// Before anything is loaded that an older Node does not have, and calls a fault of ours.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  process.stderr.write(
    `error: this is Node ${process.versions.node}, and it needs 22.13 or later\n`,
  );
  process.exit(exitCodes.unable);
}
const { run } = await import('./program.ts');
process.exitCode = await run(process.argv.slice(2));
