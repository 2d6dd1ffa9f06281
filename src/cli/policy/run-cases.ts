/** Runs files of cases, and prints how each case ended. */
import { writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import {
  junitReport,
  type PolicyCaseResult,
  type PolicySuiteResult,
  readPolicyTests,
  runPolicyTests,
} from '../../policy/index.ts';
import { CommandError, exitCodes, messageOf } from '../exit.ts';
import { type Colors, colorsFor, jsonLine, print, shown, terminal } from '../terminal.ts';
import { findingsSentence, readPolicyFile } from './policy-file.ts';
import { readTextFile } from '../text-file.ts';

export interface TestOptions {
  readonly json?: true;
  readonly junit?: string;
}

export async function test(files: readonly string[], options: TestOptions): Promise<void> {
  // All files are read before the first result is printed: half a run would look like a whole one.
  const suites = files.map((file) => ({ file, results: resultsOf(file) }));
  if (options.junit !== undefined) writeReport(options.junit, suites);
  const colors = colorsFor(terminal().stdout);
  for (const { file, results } of suites) {
    for (const result of results) {
      if (options.json === true) await print(jsonLine({ file, ...result }));
      else await printResult(result, colors);
    }
  }
  const all = suites.flatMap(({ results }) => results);
  const failed = all.filter(({ passed }) => !passed).length;
  if (options.json !== true) await print(`${all.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? exitCodes.ok : exitCodes.bad;
}

function resultsOf(file: string): readonly PolicyCaseResult[] {
  const read = readPolicyTests(readTextFile(file), { file });
  if ('findings' in read) throw new CommandError(findingsSentence(read.findings));
  const path = isAbsolute(read.policy) ? read.policy : join(dirname(file), read.policy);
  return runPolicyTests(readPolicyFile(path).document, read.cases);
}

async function printResult(result: PolicyCaseResult, colors: Colors): Promise<void> {
  const { name, passed, differences, verdict } = result;
  await print(`${passed ? colors.green('ok    ') : colors.red('failed')} ${shown(name)}`);
  for (const difference of differences) await print(`       ${shown(difference)}`);
  if (!passed) await print(`       ${shown(`${verdict.code}: ${verdict.message}`)}`);
}

function writeReport(path: string, suites: readonly PolicySuiteResult[]): void {
  try {
    writeFileSync(path, junitReport(suites));
  } catch (failure) {
    const message = `\`${path}\` cannot be written: ${messageOf(failure)}`;
    throw new CommandError(message, undefined, { cause: failure });
  }
}
