/**
 * The schema's verdict on a call's arguments: a fact for the kernel, found before the commit.
 *
 * The validator interprets the schema; it generates no code. What it reports names places and keywords and
 * never values, because the report goes into the log.
 */
import type { OutputUnit } from '@cfworker/json-schema';
import { type SchemaCheck, schemaCheck } from '../../evaluators/schema-check.ts';
import type { SchemaFact } from '../../kernel/index.ts';
import type { BoundTool } from './tool.ts';

const checks = new WeakMap<object, SchemaCheck>();

export function schemaFact(tool: BoundTool, callArguments: unknown): SchemaFact | undefined {
  if (tool.inputSchema === undefined) return undefined;
  const { definition } = tool.record;
  try {
    const result = checkFor(tool, tool.inputSchema)(callArguments);
    const found = problemOf(result.errors);
    const problem = found === undefined ? '' : `the arguments do not fit the schema: ${found}`;
    return { definition, valid: result.valid, problem };
  } catch {
    return { definition, valid: false, problem: 'the tool’s schema could not be evaluated' };
  }
}

/** Keywords that only say that something below them does not fit: what, comes right after. */
const leadOn: ReadonlySet<string> = new Set([
  '$ref',
  'additionalProperties',
  'allOf',
  'dependentSchemas',
  'else',
  'items',
  'patternProperties',
  'prefixItems',
  'properties',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
]);
/** Names of members are the caller's; half a character at the end would have no place in the log. */
const problemLengthMax = 300;

/** Where the first thing is that does not fit, and what it lacks: whoever made the call can mend it. */
function problemOf(errors: readonly OutputUnit[]): string | undefined {
  let at = 0;
  while (leadOn.has(errors[at]?.keyword ?? '') && errors[at + 1] !== undefined) at += 1;
  const error = errors[at];
  if (error === undefined) return undefined;
  const { instanceLocation: place, error: text } = error;
  // What nothing allows is there because of the keyword that leads to it.
  const keyword = error.keyword === 'false' ? (errors[at - 1]?.keyword ?? 'false') : error.keyword;
  return `${keyword} at ${place}${detailOf(keyword, text)}`
    .slice(0, problemLengthMax)
    .toWellFormed();
}

/** What the schema asks for, of the validator's sentences that have no value in them. */
function detailOf(keyword: string, text: string): string {
  const [, name] = /^Instance does not have required property "(.*)"\.$/s.exec(text) ?? [];
  if (keyword === 'required' && name !== undefined) return `: \`${name}\` is missing`;
  const [, is, expected] =
    /^Instance type "(\w+)" is invalid\. Expected "(.*)"\.$/s.exec(text) ?? [];
  if (keyword !== 'type' || expected === undefined) return '';
  return `: it is ${is}, and has to be ${expected.replaceAll('", "', ' or ')}`;
}

function checkFor({ foreignText }: BoundTool, schema: object): SchemaCheck {
  const known = checks.get(schema);
  if (known !== undefined) return known;
  const what = 'holding the arguments against the schema';
  const check = schemaCheck(what, schema, foreignText !== undefined);
  checks.set(schema, check);
  return check;
}
