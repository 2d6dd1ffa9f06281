/**
 * Tests of a policy: given a request, expect an outcome. The kernel evaluates, so that a test that passes
 * says what the control plane would decide for that request in a session like the one given.
 */
import { compareText, type PolicyDocument, type PolicyVerdict } from '../kernel/index.ts';
import { assertPolicy } from './checked-policy.ts';
import { type PolicyFindingCode, type PositionedFinding, withFix } from './policy-finding.ts';
import { type PolicyRequest, readRequest, unaskedIn, verdictOn } from './policy-request.ts';
import { assertOptions } from './reading-options.ts';
import { readYaml } from './yaml-text.ts';

export interface PolicyExpectation {
  readonly effect: PolicyVerdict['effect'];
  readonly code?: string;
  /** All that determined the outcome: rules by id, or in full as `rule:…`, `tier:…`. */
  readonly rules?: readonly string[];
  readonly risk?: string;
}

export interface PolicyCase {
  readonly name: string;
  readonly given: PolicyRequest;
  readonly expect: PolicyExpectation;
}

export interface PolicyTestFile {
  /** Path of the policy, relative to the file of cases. */
  readonly policy: string;
  readonly cases: readonly PolicyCase[];
}

export interface PolicyCaseResult {
  readonly name: string;
  readonly passed: boolean;
  /** What was not as expected, one sentence each. */
  readonly differences: readonly string[];
  readonly verdict: Pick<PolicyVerdict, 'effect' | 'code' | 'message' | 'determinedBy' | 'risk'>;
}

export function runPolicyTests(
  document: PolicyDocument,
  cases: readonly PolicyCase[],
): readonly PolicyCaseResult[] {
  assertPolicy(document);
  checkCases(cases, (path, message) => {
    throw new TypeError(`\`${path}\` ${message}`);
  });
  return cases.map(({ name, given, expect }) => {
    const { effect, code, message, determinedBy, risk } = verdictOn(document, given);
    const verdict = { effect, code, message, determinedBy, risk };
    const unasked = unaskedIn(document, given);
    const differences = [
      ...(unasked === undefined ? [] : [`given: \`${unasked.path}\` ${unasked.message}`]),
      ...differencesOf(verdict, expect),
    ];
    return { name, passed: differences.length === 0, differences, verdict };
  });
}

function differencesOf(
  verdict: PolicyCaseResult['verdict'],
  expected: PolicyExpectation,
): readonly string[] {
  const differences: string[] = [];
  for (const member of ['effect', 'code', 'risk'] as const) {
    const wanted = expected[member];
    if (wanted === undefined || wanted === verdict[member]) continue;
    differences.push(`${member}: expected \`${wanted}\`, got \`${verdict[member]}\``);
  }
  if (expected.rules !== undefined) {
    const wanted = expected.rules.map(sourceName).toSorted(compareText).join(', ');
    const got = verdict.determinedBy.toSorted(compareText).join(', ');
    if (wanted !== got) {
      const spoke = got === '' ? 'none' : `\`${got}\``;
      differences.push(`rules: expected \`${wanted}\`, got ${spoke}`);
    }
  }
  return differences;
}

function sourceName(name: string): string {
  return name.includes(':') ? name : `rule:${name}`;
}

const effects = ['deny', 'steer', 'require-approval', 'allow'];
const expectationMembers = ['effect', 'code', 'rules', 'risk'];

/** Reads a file of cases. `file` is only shown. */
export function readPolicyTests(
  text: string,
  options: { readonly file: string },
): PolicyTestFile | { readonly findings: readonly PositionedFinding[] } {
  assertOptions('readPolicyTests', options, ['file']);
  const yaml = readYaml(text, options);
  if ('findings' in yaml) return yaml;
  const findings: PositionedFinding[] = [];
  const add: Add = (path, message, code = 'case-invalid') => {
    const finding = withFix({ code, path, message, severity: 'error' });
    findings.push(yaml.positions.locate(finding));
  };
  checkTestFile(yaml.value, add);
  return findings.length > 0 ? { findings } : (yaml.value as PolicyTestFile);
}

type Add = (path: string, message: string, code?: PolicyFindingCode) => void;

function checkTestFile(value: unknown, add: Add): void {
  const isPolicy = typeof value === 'object' && value !== null && 'format' in value;
  if (isPolicy) return add('', 'is a policy; give the file of its cases, which names it');
  if (!onlyMembers('', value, ['policy', 'cases'], add)) return;
  const { policy, cases } = value;
  if (typeof policy !== 'string') add('policy', 'must be the path of a policy file');
  if (!Array.isArray(cases) || cases.length === 0) {
    return add('cases', 'must be a list with at least one case');
  }
  checkCases(cases, add);
}

function checkCases(cases: readonly unknown[], add: Add): void {
  const names = new Set<unknown>();
  for (const [position, each] of cases.entries()) {
    const path = `cases[${position}]`;
    if (!onlyMembers(path, each, ['name', 'given', 'expect'], add)) continue;
    const { name, given, expect } = each;
    if (typeof name !== 'string' || name === '') add(`${path}.name`, 'must be a text');
    else if (names.has(name)) add(`${path}.name`, `\`${name}\` is used twice`);
    names.add(name);
    const read = readRequest(given);
    if ('message' in read) {
      const inner = read.path === '' ? '' : `.${read.path}`;
      add(`${path}.given${inner}`, read.message, read.code);
    }
    checkExpectation(`${path}.expect`, expect, add);
  }
}

function checkExpectation(path: string, value: unknown, add: Add): void {
  if (!onlyMembers(path, value, expectationMembers, add)) return;
  const { effect, code, rules, risk } = value;
  if (!effects.some((known) => known === effect)) {
    add(`${path}.effect`, `must be one of ${effects.join(', ')}`);
  }
  for (const [name, member] of Object.entries({ code, risk })) {
    if (member !== undefined && typeof member !== 'string')
      add(`${path}.${name}`, 'must be a text');
  }
  const isList = Array.isArray(rules) && rules.every((rule) => typeof rule === 'string');
  if (rules !== undefined && !isList) add(`${path}.rules`, 'must be a list of rule ids');
}

function onlyMembers(
  path: string,
  value: unknown,
  known: readonly string[],
  add: Add,
): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    add(path, `must be an object with ${known.join(', ')}`);
    return false;
  }
  for (const name of Object.keys(value)) {
    if (known.includes(name)) continue;
    const message = `is not known; known are ${known.join(', ')}`;
    add(path === '' ? name : `${path}.${name}`, message, 'unknown-member');
  }
  return true;
}
