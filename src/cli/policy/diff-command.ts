/** `policy diff`: what two versions of a policy say differently, with requests that show it. */
import type { Command } from 'commander';
import type { DiffOptions } from './compare-policies.ts';

export function addDiffCommand(policy: Command): void {
  policy
    .command('diff')
    .description('Compare two policies: what was added, removed and changed, and what follows.')
    .argument('<old>', 'a policy in YAML or JSON')
    .argument('<new>', 'another one')
    .option('--json', 'print the difference as a JSON object')
    .addHelpText(
      'after',
      `
Examples are requests made from the values that the rules of both policies name,
whose outcome differs. That none is found does not prove that there is none. The
versions of the two are not compared.

Examples:
  $ agent-control-plane policy diff policy.yaml candidate.yaml
  $ agent-control-plane policy diff policy.yaml candidate.yaml --json | jq .examples

Exit codes: 0 they say the same, 1 they differ, 2 one could not be read.`,
    )
    .action(async (before: string, after: string, options: DiffOptions) => {
      const { diff } = await import('./compare-policies.ts');
      await diff(before, after, options);
    });
}
