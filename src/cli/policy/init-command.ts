/** `policy init`: writes a policy to start from, and its tests. It never overwrites. */
import type { Command } from 'commander';
import type { InitOptions } from './write-starter.ts';

export function addInitCommand(policy: Command): void {
  policy
    .command('init')
    .description('Write a commented policy to start from, and a file of tests beside it.')
    .argument('[file]', 'where to write the policy', 'policy.yaml')
    .option('--json', 'print the two paths as a JSON object')
    .addHelpText(
      'after',
      `
The tests are in a file of the same name with \`.test\` before its ending. A file
that is there is not overwritten.

Examples:
  $ agent-control-plane policy init
  $ agent-control-plane policy init policies/orders.yaml

Exit codes: 0 written, 2 a file is there already or could not be written.`,
    )
    .action(async (file: string, options: InitOptions) => {
      const { init } = await import('./write-starter.ts');
      await init(file, options);
    });
}
