/** `policy replay`: the decisions of a log, asked again of a policy; nothing is written, no tool runs. */
import type { Command } from 'commander';
import type { ReplayCommandOptions } from './replay-log.ts';
import { logOption, schemaOption, storeText } from '../store-options.ts';

export function addReplayCommand(policy: Command): void {
  policy
    .command('replay')
    .description('Ask a policy again what a log recorded: which decisions would differ.')
    .argument('<file>', storeText)
    .option('--policy <policy>', 'the candidate; without it, the policies that were active')
    .addOption(logOption())
    .addOption(schemaOption())
    .option('--json', 'one JSON object for each flip, then one for the whole')
    .addHelpText(
      'after',
      `
Each decision is made again: on the state as it was then, with the arguments
kept beside the log and what evaluators found. Without --policy the recorded
entries have to come out again, to the byte. With it, each decision that reached
the policy is asked of the candidate. What a flip would have changed later in
its session is not guessed at.

Examples:
  $ agent-control-plane policy replay control-plane.db
  $ agent-control-plane policy replay control-plane.db --policy candidate.yaml

Exit codes: 0 nothing differs, 1 something does, 2 it could not be replayed.`,
    )
    .action(async (file: string, options: ReplayCommandOptions) => {
      const { replay } = await import('./replay-log.ts');
      await replay(file, options);
    });
}
