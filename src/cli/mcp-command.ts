/** `mcp`: the gateway in front of MCP servers, and what is pinned of their tools. */
import type { Command } from 'commander';
import { actingExitCodes, actingHelp, addActingOptions } from './acting-options.ts';
import type { ApproveToolOptions } from './mcp/approve-tool.ts';
import { addGatewayOptions, type GatewayCliOptions } from './mcp/gateway-options.ts';
import type { InitPolicyOptions } from './mcp/init-policy.ts';
import type { InspectOptions } from './mcp/inspect-tools.ts';
import { agentOption, principalOption } from './org-option.ts';
import { collected } from './repeated-options.ts';
import { logOption, schemaOption, storeText } from './store-options.ts';

export function addMcpCommand(program: Command, version: string): void {
  const mcp = program
    .command('mcp')
    .description('Govern the calls of an MCP client: run in front of one server or several.')
    .argument('[words...]', 'behind `--`: the program of a server and its arguments');
  addGatewayOptions(mcp)
    .addHelpText(
      'after',
      `
An MCP client starts this in place of the server. Each call of a tool is decided
by the policy, reserves its budget, waits for an approver where one is asked
for, and is in the log before it is forwarded. Standard output is the
protocol's; what is for people goes to standard error.

With one server behind \`--\`, tools keep their names, the action of a tool is
\`mcp.\` and its name, and what is met for the first time is pinned as it is. With
--config, names are \`server__tool\`, actions \`server.tool\`, and what is new waits
for an operator. What changed waits in both. The control plane is in the file of
--store; else beside the file of --config or --policy, such as policy.db. With
\`http\` in the file of --config, clients come over HTTP instead.

Examples:
  $ agent-control-plane mcp --policy policy.yaml -- \\
      npx -y @modelcontextprotocol/server-filesystem ./work
  $ agent-control-plane mcp --config gateway.yaml
  $ agent-control-plane mcp inspect policy.db
  $ agent-control-plane mcp approve-tool policy.db files__read_file
  $ agent-control-plane tickets list policy.db

Exit codes: 0 the client went away, 1 the control plane refused to start, 2 it
could not be started.`,
    )
    .action(async (words: string[], options: GatewayCliOptions) => {
      const { runGateway } = await import('./mcp/run-gateway.ts');
      await runGateway(words, { ...options, version });
    });
  addInitCommand(mcp, version);
  addInspectCommand(mcp);
  addPinCommand(mcp, version);
  addApproveToolCommand(mcp);
  addDoctorCommand(mcp);
}

function addInitCommand(mcp: Command, version: string): void {
  mcp
    .command('init')
    .description('Start the servers once and write a first policy for their tools.')
    .argument('[words...]', 'behind `--`: the program of a server and its arguments')
    .option('--config <path>', 'servers, in YAML or JSON')
    .option('--env <name>', 'without --config: pass this variable on to the server', collected)
    .option('--out <path>', 'where to write it; else where --config says, or policy.yaml')
    .option('--json', 'print the path and the actions as a JSON object')
    .addHelpText(
      'after',
      `
A tool whose server says that it only reads is allowed, every other one asks an
approver at each call. What a server says binds nobody: read the file first. A
file that is there is not overwritten.

Examples:
  $ agent-control-plane mcp init -- npx -y @modelcontextprotocol/server-filesystem .
  $ agent-control-plane mcp init --config gateway.yaml

Exit codes: 0 written, 1 not every server could be asked, 2 it could not be
done.`,
    )
    .action(async (words: string[], _: unknown, command: Command) => {
      const { initPolicy } = await import('./mcp/init-policy.ts');
      await initPolicy(words, { ...command.optsWithGlobals<InitPolicyOptions>(), version });
    });
}

function addInspectCommand(mcp: Command): void {
  mcp
    .command('inspect')
    .description(
      'Print the pinned tools of MCP servers: which wait, what changed, what each agent may do.',
    )
    .argument('<file>', storeText)
    .addOption(logOption())
    .addOption(schemaOption())
    .option('--waiting', 'only tools that wait for an operator')
    .option('--agent <name>', 'only what this agent may do', agentOption)
    .option(
      '--principal <id>',
      'what it may do for this principal, such as user:ada',
      principalOption,
    )
    .option('--json', 'one JSON object a line, definitions and differences in full')
    .addHelpText(
      'after',
      `
States: registered (its calls are decided), new (nobody approved it yet),
changed (it is other than what was approved; nothing of it runs).

What an agent may do is what the kernel would decide of a call in a new session:
allowed, asks, steered, denied; several of them where it depends on the call or
on what the session did before, and on what. Budgets, and conditions that cannot
be evaluated, may deny a call all the same.

Examples:
  $ agent-control-plane mcp inspect gateway.db
  $ agent-control-plane mcp inspect gateway.db --agent desk-bot --principal user:ada
  $ agent-control-plane mcp inspect gateway.db --waiting --json | jq .difference

Exit codes: 0 printed, 2 the file could not be read.`,
    )
    .action(async (file: string, _: unknown, command: Command) => {
      const { inspectTools } = await import('./mcp/inspect-tools.ts');
      await inspectTools(file, command.optsWithGlobals<InspectOptions>());
    });
}

function addPinCommand(mcp: Command, version: string): void {
  const pin = mcp
    .command('pin')
    .description('Start the servers once and pin what they offer, before a client comes.')
    .argument('[words...]', 'behind `--`: the program of a server and its arguments');
  addGatewayOptions(pin)
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
Examples:
  $ agent-control-plane mcp pin --config gateway.yaml

Exit codes: 0 pinned, 1 not every server could be asked, 2 it could not be done.`,
    )
    .action(async (words: string[], _: unknown, command: Command) => {
      const { pinTools } = await import('./mcp/pin-tools.ts');
      await pinTools(words, { ...command.optsWithGlobals<GatewayCliOptions>(), version });
    });
}

function addApproveToolCommand(mcp: Command): void {
  const approve = mcp
    .command('approve-tool')
    .description('Show what a tool that waits says of itself, ask, and approve it as it is.')
    .argument('<file>', storeText)
    .argument('[tool]', 'its name')
    .option('--server <name>', 'each tool of this server that waits, one after the other')
    .option('--definition <hash>', 'only if it is this one, as `mcp inspect` shows it')
    .option('--reason <text>', 'why, for whoever reads the log')
    .option('--yes', 'do not ask; needed where the input is no terminal');
  addActingOptions(approve)
    .addHelpText(
      'after',
      `
What is new is shown whole, of what changed the difference. It takes the right
to register tools, which platform-admin has.
${actingHelp}

Examples:
  $ agent-control-plane mcp approve-tool gateway.db files__read_file \\
      --as acme/user:root --as-role platform-admin
  $ agent-control-plane mcp approve-tool gateway.db --server files --key-file root.key

${actingExitCodes}`,
    )
    .action(async (file: string, tool: string | undefined, _: unknown, command: Command) => {
      const { approveTool } = await import('./mcp/approve-tool.ts');
      await approveTool(file, tool, command.optsWithGlobals<ApproveToolOptions>());
    });
}

function addDoctorCommand(mcp: Command): void {
  mcp
    .command('doctor')
    .description('Read the configuration of an MCP client: which of its servers are governed?')
    .argument('<file>', 'such as .mcp.json, claude_desktop_config.json or .vscode/mcp.json')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
Examples:
  $ agent-control-plane mcp doctor .mcp.json

Exit codes: 0 all go through a gateway, 1 some do not, 2 it could not be read.`,
    )
    .action(async (file: string, options: { readonly json?: true }) => {
      const { examineClient } = await import('./mcp/client-config.ts');
      await examineClient(file, options);
    });
}
