/** Compares two policy files, and prints what differs. */
import {
  type Changed,
  diffPolicies,
  type PolicyDifference,
  type PolicyExample,
} from '../../policy/index.ts';
import { exitCodes } from '../exit.ts';
import { brief, colorsFor, jsonLine, print, shown, terminal } from '../terminal.ts';
import { readPolicyFile } from './policy-file.ts';

export interface DiffOptions {
  readonly json?: true;
}

export async function diff(before: string, after: string, options: DiffOptions): Promise<void> {
  const difference = diffPolicies(readPolicyFile(before).document, readPolicyFile(after).document);
  if (options.json === true) await print(jsonLine(difference));
  else for (const line of linesOf(difference)) await print(line);
  process.exitCode = difference.same ? exitCodes.ok : exitCodes.bad;
}

function linesOf(difference: PolicyDifference): readonly string[] {
  if (difference.same) return ['the two policies say the same'];
  const { actions, rules, tiers, settings, examples, examplesCut } = difference;
  const colors = colorsFor(terminal().stdout);
  const changes = [
    ...changeLines('action', actions),
    ...changeLines('tier', tiers),
    ...changeLines('rule', rules),
    ...settings.map((name) => `~ ${shown(name)}`),
  ].map((line) =>
    line.startsWith('+') ? colors.green(line) : line.startsWith('-') ? colors.red(line) : line,
  );
  const none = 'no request was found whose outcome differs';
  const lines = [...changes, '', examples.length === 0 ? none : 'decided differently:'];
  lines.push(...examples.flatMap(exampleLines));
  if (examplesCut) lines.push('not all requests were tried: there are too many');
  return lines;
}

function changeLines(what: string, { added, removed, changed }: Changed): readonly string[] {
  const marked: readonly (readonly [mark: string, names: readonly string[]])[] = [
    ['-', removed],
    ['+', added],
    ['~', changed],
  ];
  return marked.flatMap(([mark, names]) => names.map((name) => `${mark} ${what} ${shown(name)}`));
}

function exampleLines({ request, before, after }: PolicyExample): readonly string[] {
  const from = `${before.effect} (${before.code})`;
  const to = `${after.effect} (${after.code}: ${after.determinedBy.join(', ') || 'nothing'})`;
  return [`  ${brief(JSON.stringify(request), 300)}`, `    ${shown(`${from} -> ${to}`)}`];
}
