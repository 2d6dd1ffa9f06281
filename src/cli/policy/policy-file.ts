/** Reads policy files for the commands, and prints what is wrong with them. */
import {
  findingLines,
  pageOf,
  type PolicyTextRead,
  type PositionedFinding,
  readPolicyText,
} from '../../policy/index.ts';
import { CommandError } from '../exit.ts';
import { readTextFile } from '../text-file.ts';
import { type Colors, jsonLine, print, shown } from '../terminal.ts';

/** The policy in a file. Throws a `CommandError` with the first findings where it does not load. */
export function readPolicyFile(path: string): PolicyTextRead {
  const read = readPolicyText(readTextFile(path), { file: path });
  if ('document' in read) return read;
  throw new CommandError(findingsSentence(read.findings), `run \`policy lint ${path}\` to see all`);
}

/** The first finding, and how many there are besides. */
export function findingsSentence(findings: readonly PositionedFinding[]): string {
  const [first] = findings;
  const more = findings.length > 1 ? `, and ${findings.length - 1} more` : '';
  return `${first === undefined ? '' : (findingLines(first)[0] ?? '')}${more}`;
}

export async function printFindings(
  findings: readonly PositionedFinding[],
  { json, colors }: { readonly json: boolean; readonly colors: Colors },
): Promise<void> {
  for (const finding of findings) {
    if (json) {
      await print(jsonLine({ ...finding, page: pageOf(finding.code) }));
      continue;
    }
    const [head = '', ...others] = findingLines(finding).map(shown);
    const isError = finding.severity === 'error';
    await print(isError ? colors.red(head) : colors.yellow(head));
    for (const line of others) await print(colors.dim(line));
  }
}
