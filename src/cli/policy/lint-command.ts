/** `policy lint`: everything that is wrong with a policy file, with its place, a fix and a page. */
import type { Command } from 'commander';
import type { LintOptions } from './lint-policy.ts';

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
    .action(async (file: string, options: LintOptions) => {
      const { lint } = await import('./lint-policy.ts');
      await lint(file, options);
    });
}
