/** `sessions abort | pause | resume`. */
import type { Command } from 'commander';
import { actingExitCodes, actingHelp, addActingOptions } from '../acting-options.ts';
import type { ControlSessionOptions } from './control-session.ts';
import { storeText } from '../store-options.ts';

const transitions = {
  pause: 'Pause a session: nothing in it starts, until it is resumed.',
  resume: 'Resume a session that was paused.',
  abort: 'End a session for ever; what runs in it is told to stop.',
} as const;

export function addControlSessionCommands(sessions: Command): void {
  for (const transition of ['pause', 'resume', 'abort'] as const) {
    const command = sessions
      .command(transition)
      .description(transitions[transition])
      .argument('<file>', storeText)
      .argument('<session>', 'the id of the session')
      .requiredOption('--reason <text>', 'why, for whoever reads the log');
    addActingOptions(command)
      .addHelpText(
        'after',
        `${actingHelp}

Examples:
  $ agent-control-plane sessions ${transition} control-plane.db 0199… \\
      --reason 'see the incident' --as acme/user:olga --as-role operator

${actingExitCodes}`,
      )
      .action(async (file: string, session: string, options: ControlSessionOptions) => {
        const { controlSession } = await import('./control-session.ts');
        await controlSession(transition, { file, session }, options);
      });
  }
}
