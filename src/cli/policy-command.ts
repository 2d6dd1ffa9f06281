/** `policy`: write, check, test, explain, compare and replay policies, without a control plane. */
import type { Command } from 'commander';
import { addDiffCommand } from './policy/diff-command.ts';
import { addExplainCommand } from './policy/explain-command.ts';
import { addInitCommand } from './policy/init-command.ts';
import { addLintCommand } from './policy/lint-command.ts';
import { addReplayCommand } from './policy/replay-command.ts';
import { addTestCommand } from './policy/test-command.ts';

export function addPolicyCommand(program: Command): void {
  const policy = program
    .command('policy')
    .description('Write, check, test, explain, compare and replay policies. Nothing is changed.')
    .addHelpText(
      'after',
      `
Examples:
  $ agent-control-plane policy init
  $ agent-control-plane policy lint policy.yaml
  $ agent-control-plane policy test policy.test.yaml
  $ agent-control-plane policy explain policy.yaml --request '{"action":"order.delete"}'
  $ agent-control-plane policy diff policy.yaml candidate.yaml
  $ agent-control-plane policy replay control-plane.db --policy candidate.yaml

Each has its own --help and --json.

Exit codes: 0 good, 1 findings, failures or differences, 2 it could not be done.`,
    );
  addInitCommand(policy);
  addLintCommand(policy);
  addTestCommand(policy);
  addExplainCommand(policy);
  addDiffCommand(policy);
  addReplayCommand(policy);
}
