/** `verify`: whether a log is what it says it is, and if not, where it stops being so. */
import type { Command } from 'commander';
import type { VerifyOptions } from './verify-file.ts';
import { logOption, schemaOption, storeText } from './store-options.ts';

export function addVerifyCommand(program: Command): void {
  program
    .command('verify')
    .description(
      'Check that a log is what it says it is, entry by entry, without changing the file.',
    )
    .argument('<file>', storeText)
    .addOption(logOption())
    .addOption(schemaOption())
    .option('--anchor <file.json>', 'a head exported earlier, which the log has to continue')
    .option('--export-head <file.json>', 'write the head {log, size, root}, to be an anchor later')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
Checked are: the chain and tree over every byte of every entry; that the
contents kept beside the log fit what the entries commit to; and that the tables
of current state are what the entries add up to. A log that was rewritten as a
whole looks whole: only a head exported earlier and kept elsewhere shows that.

Examples:
  $ agent-control-plane verify control-plane.db
  $ agent-control-plane verify control-plane.db --export-head monday.json
  $ agent-control-plane verify control-plane.db --anchor monday.json

Exit codes: 0 the log holds, 1 it does not hold, 2 it could not be checked.`,
    )
    .action(async (file: string, options: VerifyOptions) => {
      const { verifyFile } = await import('./verify-file.ts');
      await verifyFile(file, options);
    });
}
