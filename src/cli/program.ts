/**
 * The commands, and how each ends: results go to standard output, everything else to standard error. Whatever
 * goes wrong is one sentence and, where something would help, a second one; never a stack trace.
 */
import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { addBudgetsCommand } from './budgets-command.ts';
import { addDemoCommand } from './demo-command.ts';
import { addEventsCommand } from './events-command.ts';
import { CommandError, exitCodes, messageOf } from './exit.ts';
import { addPolicyCommand } from './policy-command.ts';
import { addSessionsCommand } from './sessions-command.ts';
import { colorsFor, onTerminal, shown, type Terminal, terminal } from './terminal.ts';
import { addPricesCommand } from './prices-command.ts';
import { addUsageCommand } from './usage-command.ts';
import { addVerifyCommand } from './verify-command.ts';

/** Runs the command that the words ask for, writing to `output`; its exit code. */
export function run(words: readonly string[], output: Terminal = process): Promise<number> {
  return onTerminal(output, () => runHere(words));
}

async function runHere(words: readonly string[]): Promise<number> {
  try {
    await program().parseAsync([...words], { from: 'user' });
    return Number(process.exitCode ?? exitCodes.ok);
  } catch (failure) {
    if (failure instanceof CommanderError) {
      return failure.exitCode === 0 ? exitCodes.ok : exitCodes.unable;
    }
    report(failure);
    return exitCodes.unable;
  }
}

function program(): Command {
  const command = new Command('agent-control-plane');
  command
    .description(
      'Looks at what agents were allowed to do: verifies the log of a control plane, reads its ' +
        'events, sessions, budgets, usage and prices, and shows in a demo what it decides. Checks, ' +
        'tests and compares policies. A file that it is given is only read.',
    )
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print help on a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal().stdout.write(text),
      writeErr: (text) => void terminal().stderr.write(text),
      // The words of a command line may come from anywhere, too.
      outputError: (text, write) => write(text.split('\n').map(shown).join('\n')),
    })
    .showHelpAfterError('help: run it with `--help` to see what it takes')
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      `
Examples:
  $ agent-control-plane demo
  $ agent-control-plane verify control-plane.db
  $ agent-control-plane events control-plane.db --type action-decided --follow
  $ agent-control-plane sessions control-plane.db --status active --json
  $ agent-control-plane budgets control-plane.db
  $ agent-control-plane usage control-plane.db --by model,day
  $ agent-control-plane policy init

Exit codes: 0 good, 1 the answer is bad (a log does not hold), 2 it could not be
done.`,
    );
  addDemoCommand(command);
  addVerifyCommand(command);
  addEventsCommand(command);
  addSessionsCommand(command);
  addBudgetsCommand(command);
  addUsageCommand(command);
  addPricesCommand(command);
  addPolicyCommand(command);
  return command;
}

function report(failure: unknown): void {
  const { stderr } = terminal();
  const colors = colorsFor(stderr);
  const known = failure instanceof CommandError;
  const message = known ? messageOf(failure) : `internal error: ${messageOf(failure)}`;
  stderr.write(`${colors.red('error:')} ${shown(message)}\n`);
  const help = known ? failure.help : 'this is a fault of agent-control-plane; please report it';
  if (help !== undefined && help !== '') stderr.write(`help: ${shown(help)}\n`);
}

/** The same file from `src` and from `dist`. */
function version(): string {
  const require = createRequire(import.meta.url);
  return (require('../../package.json') as { readonly version: string }).version;
}
