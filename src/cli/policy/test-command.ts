/** `policy test`: runs files of cases against the policies that they name. */
import type { Command } from 'commander';
import type { TestOptions } from './run-cases.ts';

export function addTestCommand(policy: Command): void {
  policy
    .command('test')
    .description('Run tests of a policy: given a request, expect an outcome.')
    .argument('<file...>', 'files of cases in YAML or JSON')
    .option('--junit <out.xml>', 'also write the results as JUnit XML')
    .option('--json', 'one JSON object for each case')
    .addHelpText(
      'after',
      `
A file names its policy, relative to itself, and lists cases:

  policy: ./policy.yaml
  cases:
    - name: a large refund is denied
      given:
        action: order.refund
        resource: order/o-1
        arguments: { amount: "500.01" }
      expect: { effect: deny, rules: [refund-cap] }

\`given\` may have action, arguments, model, resource, tool, agent, principal,
org, session, guardrails and classifiers; only \`action\` is needed. \`expect\`
needs \`effect\` and may have code, risk and rules: all rules and tiers that
determined the outcome.

Examples:
  $ agent-control-plane policy test policy.test.yaml
  $ agent-control-plane policy test policies/*.test.yaml --junit report.xml

Exit codes: 0 all passed, 1 some failed, 2 a file could not be used.`,
    )
    .action(async (files: readonly string[], options: TestOptions) => {
      const { test } = await import('./run-cases.ts');
      await test(files, options);
    });
}
