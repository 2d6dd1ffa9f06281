/** `policy replay`: the decisions of a log, asked again of a policy; nothing is written, no tool runs. */
import type { Command } from 'commander';
import { type PolicyFlip, replayPolicy, type ReplayReport } from '../../engine/index.ts';
import { exitCodes } from '../exit.ts';
import { withLogFile } from '../log-file.ts';
import { type Colors, colorsFor, jsonLine, print, shown } from '../terminal.ts';
import { readPolicyFile } from './policy-file.ts';

interface ReplayCommandOptions {
  readonly log: string;
  readonly policy?: string;
  readonly json?: true;
}

export function addReplayCommand(policy: Command): void {
  policy
    .command('replay')
    .description('Ask a policy again what a log recorded: which decisions would differ.')
    .argument('<file>', 'the file of a control plane, as given to `sqlite()`')
    .option('--policy <policy>', 'the candidate; without it, the policies that were active')
    .option('--log <name>', 'which log of the file', 'main')
    .option('--json', 'one JSON object for each flip, then one for the whole')
    .addHelpText(
      'after',
      `
Each decision is made again: on the state as it was then, with the arguments kept
beside the log and what evaluators found. Without --policy the recorded entries
have to come out again, to the byte. With it, each decision that reached the policy
is asked of the candidate. What a flip would have changed later in its session is
not guessed at.

Examples:
  $ agent-control-plane policy replay control-plane.db
  $ agent-control-plane policy replay control-plane.db --policy candidate.yaml

Exit codes: 0 nothing differs, 1 something does, 2 it could not be replayed.`,
    )
    .action(replay);
}

async function replay(file: string, options: ReplayCommandOptions): Promise<void> {
  const candidate =
    options.policy === undefined ? undefined : readPolicyFile(options.policy).document;
  const flips: PolicyFlip[] = [];
  const report = await withLogFile(file, options.log, ({ storage }) =>
    replayPolicy(storage, {
      log: options.log,
      onFlip: (flip) => flips.push(flip),
      ...(candidate === undefined ? {} : { candidate }),
    }),
  );
  if (options.json === true) {
    for (const flip of flips) await print(jsonLine(flip));
    await print(jsonLine(report));
  } else {
    for (const line of linesOf(report, flips)) await print(line);
  }
  process.exitCode = report.flips === 0 ? exitCodes.ok : exitCodes.bad;
}

function linesOf(report: ReplayReport, flips: readonly PolicyFlip[]): readonly string[] {
  const { replayed, notAsked, erased } = report;
  const colors = colorsFor(process.stdout);
  const byAgent = Map.groupBy(flips, ({ agent, action }) => `${agent} ${action}`);
  const groups = [...byAgent].flatMap(([name, group]) => [
    colors.bold(`${shown(name)}: ${group.length}`),
    ...group.map((flip) => flipLine(flip, colors)),
  ]);
  const answer = flips.length === 0 ? colors.green('none differs') : `${flips.length} differ`;
  return [
    ...groups,
    `${replayed} decisions made again, ${answer}` +
      (notAsked === 0 ? '' : `; ${notAsked} never reached the policy`) +
      (erased === 0 ? '' : `; ${erased} cannot be made again: their arguments were erased`),
  ];
}

function flipLine({ index, resource, before, after, message }: PolicyFlip, colors: Colors): string {
  const place = colors.dim(String(index).padStart(8));
  return `${place}  ${shown(resource)}  ${before} -> ${after}: ${shown(message)}`;
}
