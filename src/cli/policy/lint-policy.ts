/** Prints what is wrong with a policy file. */
import { type DeclaredTool, readDeclaredTools, readPolicyText } from '../../policy/index.ts';
import { CommandError, exitCodes } from '../exit.ts';
import { colorsFor, print, shown, terminal } from '../terminal.ts';
import { findingsSentence, printFindings } from './policy-file.ts';
import { readTextFile } from '../text-file.ts';

export interface LintOptions {
  readonly json?: true;
  readonly tools?: string;
}

export async function lint(file: string, options: LintOptions): Promise<void> {
  const tools = options.tools === undefined ? undefined : toolsOf(options.tools);
  const read = readPolicyText(readTextFile(file), { file, tools });
  const findings = 'findings' in read ? read.findings : read.warnings;
  const json = options.json === true;
  await printFindings(findings, { json, colors: colorsFor(terminal().stdout) });
  if (!json && 'document' in read && findings.length === 0) {
    const { actions, rules = [] } = read.document;
    const counts = `${Object.keys(actions).length} actions, ${rules.length} rules`;
    await print(`${shown(file)}: nothing found (${counts})`);
  }
  process.exitCode = findings.length === 0 ? exitCodes.ok : exitCodes.bad;
}

function toolsOf(file: string): readonly DeclaredTool[] {
  const read = readDeclaredTools(readTextFile(file), { file });
  if ('findings' in read) throw new CommandError(findingsSentence(read.findings));
  return read.tools;
}
