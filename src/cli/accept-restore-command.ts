/** `accept-restore`: goes on from a log that lost entries, once somebody has said that this is meant. */
import type { Command } from 'commander';
import type { AcceptRestoreOptions } from './accept-restore.ts';
import { logOption, schemaOption, storeText } from './store-options.ts';

export function addAcceptRestoreCommand(program: Command): void {
  program
    .command('accept-restore')
    .description(
      'Accept a log that does not continue the head file of this host, such as a restored backup.',
    )
    .argument('<file>', storeText)
    .requiredOption('--head-file <file.json>', 'the file given to `withHeadFile()`')
    .addOption(logOption())
    .addOption(schemaOption())
    .option('--yes', 'accept it without asking')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
A control plane that keeps a head file refuses to open a log that has fewer
entries than it last had, or others. What the lost entries allowed may have
happened all the same, and budgets are as full as they were before it. This
verifies nothing: run \`verify --anchor\` on the log and on what is left of the
newer one first.

The old head file is kept beside the new one, as evidence of what was lost.

Examples:
  $ agent-control-plane accept-restore control-plane.db --head-file head.json

Exit codes: 0 accepted, 1 not accepted, 2 there is nothing to accept, or it
could not be done.`,
    )
    .action(async (file: string, options: AcceptRestoreOptions) => {
      const { acceptRestore } = await import('./accept-restore.ts');
      await acceptRestore(file, options);
    });
}
