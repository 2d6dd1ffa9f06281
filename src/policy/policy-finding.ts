/**
 * Findings about a policy as people write it: those of the kernel, those of its text, and those of lint. An
 * error refuses the policy; a warning does not. Each code has its section in `docs/policy-findings.md`.
 */
import type { Finding, FindingCode } from '../kernel/index.ts';

/** What is wrong with the text of a file, before it is a document. */
export const textCodes = [
  'text-syntax',
  'text-too-large',
  'duplicate-key',
  'key-not-text',
  'alias',
  'merge-key',
  'tag',
  'several-documents',
  'number-not-exact',
] as const;

/** What lint finds in a document that checks. */
export const lintCodes = [
  'unreachable-rule',
  'shadowed-by-deny',
  'contradicts-deny',
  'wider-than-deny',
  'duplicate-rule',
  'constant-condition',
  'impossible-value',
  'label-unset',
  'never-allowed',
  'tier-overridden',
  'lint-incomplete',
] as const;

/** What the schemas of tools say of conditions in a document that checks. */
export const argumentCodes = [
  'argument-unknown',
  'argument-undeclared',
  'argument-type',
  'tool-of-no-action',
] as const;

/** What is wrong with a file of test cases. */
export const caseCodes = ['case-invalid'] as const;

export type PolicyFindingCode =
  | FindingCode
  | (typeof textCodes)[number]
  | (typeof lintCodes)[number]
  | (typeof argumentCodes)[number]
  | (typeof caseCodes)[number];

export interface PolicyFinding extends Omit<Finding, 'code'> {
  readonly code: PolicyFindingCode;
  readonly severity: 'error' | 'warning';
  /** Which characters of a CEL text are meant, where they are known. */
  readonly span?: { readonly offset: number; readonly length: number };
}

/** A place in a file; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface PositionedFinding extends PolicyFinding, Position {
  readonly file: string;
}

/** Where the page about a code is, from the root of the package. */
export function pageOf(code: PolicyFindingCode): string {
  return `docs/policy-findings.md#${code}`;
}

/** `file:line:column code message`, then the fix, then the page. What people wrote may be in any of them. */
export function findingLines(finding: PositionedFinding): readonly string[] {
  const { file, line, column, code, severity, path, message, fix } = finding;
  const subject = path === '' ? '' : `\`${path}\` `;
  const kind = severity === 'warning' ? 'warning ' : '';
  const lines = [`${file}:${line}:${column} ${kind}${code} ${subject}${message}`];
  if (fix !== undefined) lines.push(`  fix: ${fix}`);
  lines.push(`  see: ${pageOf(code)}`);
  return lines;
}

/** What would make a finding right, where the finding itself does not say it. */
const fixes: Partial<Readonly<Record<PolicyFindingCode, string>>> = {
  'unknown-member': 'correct the spelling, or remove the member',
  'unknown-action': 'correct the spelling, or declare the action under `actions`',
  'duplicate-id': 'give each its own id',
  'duplicate-key': 'keep one of the two members',
  'empty-list': 'fill it, or leave it out',
  'empty-match': 'leave `match` out to match everything',
  'no-effect': 'remove it, or change what makes it idle',
  'key-not-text': 'put the key in quotes',
  alias: 'write the value out where it is used',
  'merge-key': 'write the members out',
  tag: 'remove the tag; put quotes around a text that looks like a number',
  'several-documents': 'keep one document in a file',
  'number-not-exact': 'write a plain decimal, or put it in quotes to compare exactly',
  'unreachable-rule': 'correct it, remove it, or remove what denies its actions',
  'shadowed-by-deny': 'remove the rule, or narrow the one that denies',
  'contradicts-deny': 'remove one of the two, or change its condition',
  'wider-than-deny': 'take it out of the list, or narrow what denies it',
  'duplicate-rule': 'remove one of the two',
  'constant-condition': 'leave it out, or read something of the request',
  'impossible-value': 'correct the spelling, or remove the comparison',
  'label-unset': 'correct the spelling, or have a rule set the label',
  'never-allowed': 'put the action in a tier, or write a rule for it',
  'tier-overridden': 'remove the pattern from the milder tier',
  'argument-unknown': 'correct the spelling, or declare the argument in a schema',
  'argument-undeclared': 'correct the spelling, or declare the argument in a schema',
  'tool-of-no-action': 'correct the spelling, declare the action, or leave the tool out',
  'argument-type': 'ask for what the schemas allow, or correct a schema',
};

export function withFix(finding: PolicyFinding): PolicyFinding {
  const fix = finding.fix ?? fixes[finding.code];
  return fix === undefined ? finding : { ...finding, fix };
}
