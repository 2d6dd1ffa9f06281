/**
 * The commands, and how each ends: results go to standard output, everything else to standard error. Whatever
 * goes wrong is one sentence and, where something would help, a second one; never a stack trace.
 */
import { refuseRepeated } from './repeated-options.ts';
import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
// Not by the rooms' doors: help need not wait for the whole kernel.
import { ControlPlaneError } from '../engine/error.ts';
import { addBudgetsCommand } from './budgets-command.ts';
import { addDemoCommand } from './demo-command.ts';
import { addEventsCommand } from './events-command.ts';
import { addAcceptRestoreCommand } from './accept-restore-command.ts';
import { addAgentsCommand } from './agents-command.ts';
import { exitCodes } from './exit.ts';
import { addGrantsCommand } from './grants-command.ts';
import { addHelpCommand } from './help-command.ts';
import { addKeysCommand } from './keys-command.ts';
import { addKillCommand } from './kill-command.ts';
import { addMcpCommand } from './mcp-command.ts';
import { addPolicyCommand } from './policy-command.ts';
import { addPostgresCommand } from './postgres-command.ts';
import { addSessionsCommand } from './sessions-command.ts';
import { withoutPasswords } from './store-options.ts';
import { refuseStray } from './stray-options.ts';
import { colorsFor, onTerminal, shown, type Terminal, terminal } from './terminal.ts';
import { asRefusal, exitCodeOf, printRefusal, usageHelp } from './refusal-json.ts';
import { addPricesCommand } from './prices-command.ts';
import { addTicketsCommand } from './tickets-command.ts';
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
      if (failure.exitCode === 0) return exitCodes.ok;
      await printRefusal(words, failure);
      return exitCodes.unable;
    }
    await printRefusal(words, failure);
    report(failure);
    return exitCodeOf(failure);
  }
}

function program(): Command {
  const command = new Command('agent-control-plane');
  command
    .description(
      'Looks at what agents were allowed to do: verifies the log of a control plane, reads its ' +
        'events, sessions, budgets, usage and prices, and shows in a demo what it decides. Checks, ' +
        'tests and compares policies. Runs as a gateway in front of MCP servers. ' +
        'Acts for operators while agents run: tickets, grants, ' +
        'sessions, agents, API keys and the kill switch. Whatever does not act only reads.',
    )
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal().stdout.write(text),
      writeErr: (text) => void terminal().stderr.write(text),
      // The words of a command line may come from anywhere, too.
      outputError: (text, write) => write(withoutPasswords(text).split('\n').map(shown).join('\n')),
    })
    .showHelpAfterError(`help: ${usageHelp}`)
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      `
Examples:
  $ agent-control-plane demo
  $ agent-control-plane verify control-plane.db
  $ agent-control-plane events control-plane.db --type action-decided --follow
  $ agent-control-plane sessions list control-plane.db --status active --json
  $ agent-control-plane tickets list control-plane.db
  $ agent-control-plane tickets approve control-plane.db 0199…
  $ agent-control-plane kill engage control-plane.db org:acme --reason 'an incident'
  $ agent-control-plane budgets control-plane.db
  $ agent-control-plane usage control-plane.db --by model,day
  $ agent-control-plane policy init
  $ agent-control-plane mcp init -- npx -y some-mcp-server
  $ agent-control-plane mcp --policy policy.yaml -- npx -y some-mcp-server
  $ agent-control-plane postgres check postgres://db.example.com/agents

Wherever a file is named, the postgres:// URL of a database can be, too. Leave
its password to PGPASSWORD or ~/.pgpass: other users can read command lines.

Exit codes: 0 good, 1 the answer is bad (a log does not hold, the control plane
refuses), 2 it could not be done.`,
    );
  addDemoCommand(command);
  addVerifyCommand(command);
  addEventsCommand(command);
  addSessionsCommand(command);
  addTicketsCommand(command);
  addAgentsCommand(command);
  addGrantsCommand(command);
  addKeysCommand(command);
  addKillCommand(command);
  addBudgetsCommand(command);
  addUsageCommand(command);
  addPricesCommand(command);
  addPolicyCommand(command);
  addPostgresCommand(command);
  addAcceptRestoreCommand(command);
  addMcpCommand(command, version());
  addHelpCommand(command);
  refuseRepeated(command);
  refuseStray(command);
  return command;
}

function report(failure: unknown): void {
  const { stderr } = terminal();
  const colors = colorsFor(stderr);
  const { message, help } = explainedFailure(failure);
  stderr.write(`${colors.red('error:')} ${shown(withoutPasswords(message))}\n`);
  if (help !== undefined && help !== '') stderr.write(`help: ${shown(help)}\n`);
}

function explainedFailure(failure: unknown): {
  readonly message: string;
  readonly help: string | undefined;
} {
  const refusal = asRefusal(failure);
  if (!ControlPlaneError.is(refusal)) return refusal;
  return { message: `${refusal.code}: ${refusal.message}`, help: refusal.help };
}

/** The same file from `src` and from `dist`. */
function version(): string {
  const require = createRequire(import.meta.url);
  return (require('../../package.json') as { readonly version: string }).version;
}
