/** `sessions show`: one session with everything that is known of it now. */
import type { Command } from 'commander';
import type { ShowSessionOptions } from './show-session.ts';
import { logOption, schemaOption, storeText } from '../store-options.ts';

export function addShowSessionCommand(sessions: Command): void {
  sessions
    .command('show')
    .description('Print one session: state, budgets, pending tickets, on whose behalf it works.')
    .argument('<file>', storeText)
    .argument('<session>', 'the id of the session')
    .addOption(logOption())
    .addOption(schemaOption())
    .option('--json', 'one JSON object, amounts as exact decimal texts')
    .addHelpText(
      'after',
      `
Examples:
  $ agent-control-plane sessions show control-plane.db 0199…
  $ agent-control-plane events control-plane.db --session 0199…

Exit codes: 0 printed, 2 no such session, or the file could not be read.`,
    )
    .action(async (file: string, session: string, options: ShowSessionOptions) => {
      const { showSession } = await import('./show-session.ts');
      await showSession(file, session, options);
    });
}
