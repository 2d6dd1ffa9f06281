/** Prints why a policy decides a request as it does. */
import type { PolicyDocument } from '../../kernel/index.ts';
import { parseStrictJson, StrictJsonError } from '../../log/index.ts';
import {
  type ExplainedRule,
  explainPolicy,
  type PolicyExplanation,
  type PolicyRequest,
  type ReadValue,
  readRequest,
} from '../../policy/index.ts';
import { CommandError } from '../exit.ts';
import { readJsonFile } from '../json-file.ts';
import { brief, colorsFor, jsonLine, print, shown, terminal } from '../terminal.ts';
import { readPolicyFile } from './policy-file.ts';

export interface ExplainOptions {
  readonly request: string;
  readonly json?: true;
}

export async function explain(file: string, options: ExplainOptions): Promise<void> {
  const { document } = readPolicyFile(file);
  const explanation = explainPolicy(document, requestOf(options.request, document));
  if (options.json === true) await print(jsonLine(explanation));
  else for (const line of linesOf(explanation)) await print(line);
}

function requestOf(text: string, document: PolicyDocument): PolicyRequest {
  const value = text.startsWith('@') ? readJsonFile(text.slice(1)) : jsonOf(text);
  const read = readRequest(value, document);
  if ('request' in read) return read.request;
  const where = read.path === '' ? 'the request' : `\`${read.path}\` of the request`;
  throw new CommandError(`${where} ${read.message}`);
}

function jsonOf(text: string): unknown {
  try {
    return parseStrictJson(text);
  } catch (failure) {
    if (!(failure instanceof StrictJsonError)) throw failure;
    const message = `the request is not JSON: column ${failure.column}: ${failure.message}`;
    throw new CommandError(message, 'put `@` before the name of a file', { cause: failure });
  }
}

function linesOf(explanation: PolicyExplanation): readonly string[] {
  const colors = colorsFor(terminal().stdout);
  const { request, verdict, tiers, rules, changes, changesCut } = explanation;
  const lines = [
    `${colors.bold(shown(request.action))}: ${colors.bold(verdict.effect)} (${verdict.code})`,
    `  ${shown(verdict.message)}`,
    `  determined by: ${shown(verdict.determinedBy.join(', ')) || 'nothing'}`,
    `  risk: ${verdict.risk}; tiers: ${tiers.join(', ') || 'none'}`,
    '',
    rules.length === 0 ? 'no rule is about this action' : 'rules about this action:',
    ...rules.flatMap(ruleLines),
    '',
    changes.length === 0 ? 'no single change was found that alters this' : 'what would alter it:',
    ...changes.map(({ path, from, to, verdict: { effect, code } }) => {
      return `  ${shown(path)}: ${valueText(from)} -> ${valueText(to)} gives ${effect} (${code})`;
    }),
  ];
  if (changesCut) lines.push('  not all changes were tried: there are too many');
  return lines;
}

const outcomes: Readonly<Record<ExplainedRule['outcome'], string>> = {
  'no-match': 'does not match',
  false: 'matches, condition false',
  true: 'holds',
  error: 'matches, condition could not be evaluated: denies',
};

function ruleLines({ id, effect, outcome, error, shadow, determined, values }: ExplainedRule) {
  const mode = shadow ? ', shadow' : '';
  return [
    `  ${determined ? '*' : ' '} ${shown(id)} (${effect}${mode}): ${outcomes[outcome]}`,
    ...(error === undefined ? [] : [`      ${shown(error)}`]),
    ...values.map((value) => `      ${shown(value.path)} = ${valueText(value)}`),
  ];
}

function valueText({ value, missing }: Omit<ReadValue, 'path'>): string {
  return missing === true ? '(missing)' : brief(JSON.stringify(value));
}
