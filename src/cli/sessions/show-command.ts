/** `sessions show`: one session with everything that is known of it now. */
import type { Command } from 'commander';
import type { ShowSessionOptions } from './show-session.ts';

export function addShowSessionCommand(sessions: Command): void {
  sessions
    .command('show')
    .description('Print one session: state, budgets, pending tickets, on whose behalf it works.')
    .argument('<file>', 'the file of a control plane, as given to `sqlite()`')
    .argument('<session>', 'the id of the session')
    .option('--log <name>', 'which log of the file', 'main')
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
