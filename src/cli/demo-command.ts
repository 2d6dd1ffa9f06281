/** `demo`: one governed agent run, from the first call to a verified log, in a scratch folder. */
import type { Command } from 'commander';
import type * as demo from './demo/run-demo.ts';
import { CommandError } from './exit.ts';

interface DemoOptions {
  readonly transcript?: string;
  readonly gatewayTranscript?: string;
  readonly json?: true;
  readonly keep?: string;
  readonly fast?: true;
}

export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description(
      'Govern a real agent loop: the AI SDK’s own loop over a scripted model, calling real tools on real ' +
        'files and a real order database in a scratch folder, and then those of a real MCP server. ' +
        'No network, no keys.',
    )
    .option(
      '--transcript <file.json>',
      'what the scripted model does; the built-in story by default',
    )
    .option('--gateway-transcript <file.json>', 'the same for the second act, on the MCP server')
    .option('--json', 'print each decision as a JSON line, and a summary as the last line')
    .option('--keep <dir>', 'work in this new or empty folder and keep it')
    .option('--fast', 'no pauses for the reader')
    .addHelpText(
      'after',
      `
The first act shows an allowed call, denied calls, a steered call, a refund that
waits for an approver, a budget and a kill switch. The second puts an agent on
the official MCP server for files, through the gateway: a write that is denied,
and one that is held for an approver and runs once. At the end \`verify\` finds
a tampered copy of the log. The summary is computed from the log and the order
database afterwards: it says what happened, not what was meant to happen.

Examples:
  $ agent-control-plane demo
  $ agent-control-plane demo --fast --keep demo-files
  $ agent-control-plane events demo-files/control-plane.db
  $ agent-control-plane demo --json | jq 'select(.outcome == "deny")'

Exit codes: 0 everything was seen, 1 something was not, 2 it could not run.`,
    )
    .action(async (options: DemoOptions) => {
      const { runDemo } = await demoModule();
      process.exitCode = await runDemo(options);
    });
}

/** Loaded on demand: the other commands neither need the AI SDK nor wait for it. */
async function demoModule(): Promise<typeof demo> {
  try {
    return await import('./demo/run-demo.ts');
  } catch (failure) {
    const code = (failure as NodeJS.ErrnoException).code;
    if (code !== 'ERR_MODULE_NOT_FOUND') throw failure;
    const help =
      'install it beside this package: npm install ai zod @modelcontextprotocol/server-filesystem';
    throw new CommandError('the demo needs the package `ai`, version 7', help, { cause: failure });
  }
}
