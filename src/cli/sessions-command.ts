/** `sessions`: who works on what, and pausing, resuming and ending it. */
import type { Command } from 'commander';
import { addControlSessionCommands } from './sessions/control-commands.ts';
import { addListSessionsCommand } from './sessions/list-command.ts';
import { addShowSessionCommand } from './sessions/show-command.ts';

export function addSessionsCommand(program: Command): void {
  const sessions = program
    .command('sessions')
    .description('List and show sessions; pause, resume and abort them.')
    .addHelpText(
      'after',
      `
Examples:
  $ agent-control-plane sessions list control-plane.db --status active
  $ agent-control-plane sessions show control-plane.db 0199…
  $ agent-control-plane sessions abort control-plane.db 0199… --reason 'it loops'

Each has its own --help and --json.

Exit codes: 0 done, 1 the control plane refused it, 2 it could not be done.`,
    );
  addListSessionsCommand(sessions);
  addShowSessionCommand(sessions);
  addControlSessionCommands(sessions);
}
