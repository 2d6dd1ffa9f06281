/** `policy lint`: everything that is wrong with a policy file, with its place, a fix and a page. */
import type { Command } from 'commander';
import { type DeclaredTool, readDeclaredTools, readPolicyText } from '../../policy/index.ts';
import { CommandError, exitCodes } from '../exit.ts';
import { colorsFor, print, shown } from '../terminal.ts';
import { findingsSentence, printFindings, readTextFile } from './policy-file.ts';

interface LintOptions {
  readonly json?: true;
  readonly tools?: string;
}

export function addLintCommand(policy: Command): void {
  policy
    .command('lint')
    .description('Check a policy file: what a control plane would refuse, and what has no effect.')
    .argument('<file>', 'a policy in YAML or JSON')
    .option('--tools <file>', 'declarations of the tools that the policy is for')
    .option('--json', 'one JSON object for each finding')
    .addHelpText(
      'after',
      `
Each finding has its place, a code, what is wrong, and a fix. Errors refuse the
policy. Warnings do not, but the exit code is 1 for them as well. The codes are
explained in docs/policy-findings.md.

With --tools, conditions are held against the schemas of the tools' arguments.
The file is a list, in YAML or JSON, of all tools that the policy is for:

  - name: refund
    action: order.refund
    inputSchema: { type: object, properties: { amount: { type: string } } }

Examples:
  $ agent-control-plane policy lint policy.yaml
  $ agent-control-plane policy lint policy.yaml --tools tools.json
  $ agent-control-plane policy lint policy.yaml --json | jq -r .code

Exit codes: 0 nothing found, 1 findings, 2 a file could not be read.`,
    )
    .action(lint);
}

async function lint(file: string, options: LintOptions): Promise<void> {
  const tools = options.tools === undefined ? undefined : toolsOf(options.tools);
  const read = readPolicyText(readTextFile(file), { file, tools });
  const findings = 'findings' in read ? read.findings : read.warnings;
  const json = options.json === true;
  await printFindings(findings, { json, colors: colorsFor(process.stdout) });
  if (!json && 'document' in read && findings.length === 0) {
    const { actions, rules = [] } = read.document;
    const counts = `${Object.keys(actions).length} actions, ${rules.length} rules`;
    await print(`${shown(file)}: nothing found (${counts})`);
  }
  process.exitCode = findings.length === 0 ? exitCodes.ok : exitCodes.bad;
}

function toolsOf(file: string): readonly DeclaredTool[] {
  const read = readDeclaredTools(readTextFile(file), { file });
  if ('findings' in read) throw new CommandError(findingsSentence(read.findings));
  return read.tools;
}
