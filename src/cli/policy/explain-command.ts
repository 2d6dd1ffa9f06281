/** `policy explain`: why a request is decided as it is, and what would change that. */
import type { Command } from 'commander';
import type { ExplainOptions } from './explain-request.ts';

export function addExplainCommand(policy: Command): void {
  policy
    .command('explain')
    .description('Say why a policy decides a request as it does, and what would alter that.')
    .argument('<policy>', 'a policy in YAML or JSON')
    .requiredOption('--request <json|@file>', 'the request, as JSON or as a file of JSON')
    .option('--json', 'print the explanation as a JSON object')
    .addHelpText(
      'after',
      `
The request is what a test file has under \`given\`: an \`action\`, and what else
matters. Shown are the rules about the action with the values that they read,
what determined the outcome, and single changes of the request that alter it:
values around those that the rules themselves name. That no change is shown does
not prove that there is none.

Examples:
  $ agent-control-plane policy explain policy.yaml --request '{"action":"order.delete"}'
  $ agent-control-plane policy explain policy.yaml --request @request.json --json

Exit codes: 0 explained, whatever the outcome is; 1 is not used, 2 it could not
be done.`,
    )
    .action(async (file: string, options: ExplainOptions) => {
      const { explain } = await import('./explain-request.ts');
      await explain(file, options);
    });
}
