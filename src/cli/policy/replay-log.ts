/** Replays the decisions of a log, and prints those that would differ. */
import { type PolicyFlip, replayPolicy, type ReplayReport } from '../../engine/index.ts';
import { exitCodes } from '../exit.ts';
import { withLogFile } from '../log-file.ts';
import { type Colors, colorsFor, jsonLine, print, shown, terminal } from '../terminal.ts';
import { readPolicyFile } from './policy-file.ts';
import type { LogOptions } from '../store-options.ts';

export interface ReplayCommandOptions extends LogOptions {
  readonly policy?: string;
  readonly json?: true;
}

export async function replay(file: string, options: ReplayCommandOptions): Promise<void> {
  const candidate =
    options.policy === undefined ? undefined : readPolicyFile(options.policy).document;
  const flips: PolicyFlip[] = [];
  const report = await withLogFile(file, options, ({ storage }) =>
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
  const colors = colorsFor(terminal().stdout);
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
