/**
 * Reads a policy as people write it, as plain data: CEL becomes the kernel's expressions, the kernel checks,
 * lint looks at the whole, and conditions are held against the schemas of tools, where those are given.
 * Either there is a document that may be activated, or there are findings.
 */
import { checkPolicy, type PolicyDocument } from '../kernel/index.ts';
import { canonicalJson, CanonicalJsonError } from '../log/index.ts';
import { argumentFindings } from './argument-types.ts';
import { lowerCel } from './cel-lowering.ts';
import type { DeclaredTool } from './tool-declarations.ts';
import { lintPolicy } from './lint.ts';
import { type PolicyFinding, withFix } from './policy-finding.ts';
import { assertOptions } from './reading-options.ts';

export interface PolicyRead {
  /** What the kernel takes and the log keeps. */
  readonly document: PolicyDocument;
  readonly warnings: readonly PolicyFinding[];
}

export interface PolicyRefused {
  /** At least one of them is an error. */
  readonly findings: readonly PolicyFinding[];
}

export interface ReadingOptions {
  /** All tools whose calls the policy is for. Without them, arguments can be anything. */
  readonly tools?: readonly DeclaredTool[] | undefined;
}

/** Deeper and larger than what the kernel takes, so that it is the one to say what is too much. */
const mostOfDocument = { depthMax: 200, bytesMax: 33_554_432, membersMax: 4_000_000 };

export function readPolicy(
  value: unknown,
  options: ReadingOptions = {},
): PolicyRead | PolicyRefused {
  assertOptions('readPolicy', options, ['tools']);
  const plain = plainData(value);
  if (plain.problem !== undefined) {
    const message = `is not plain data: ${plain.problem}`;
    return { findings: [{ code: 'wrong-type', path: '', message, severity: 'error' }] };
  }
  return readPlainPolicy(plain.value, options);
}

/** The same of what is plain data already. */
export function readPlainPolicy(
  value: unknown,
  { tools }: ReadingOptions,
): PolicyRead | PolicyRefused {
  const lowered = lowerCel(value);
  if (lowered.findings.length > 0) return { findings: lowered.findings };
  const texts = new Set(lowered.texts);
  const checked = checkPolicy(lowered.document);
  if ('findings' in checked) {
    const findings = checked.findings.map((finding) =>
      withFix({ ...finding, path: writtenPath(finding.path, texts), severity: 'error' }),
    );
    return { findings };
  }
  const { document } = checked;
  const ofArguments = tools === undefined ? [] : argumentFindings(document, tools);
  const findings = [...lintPolicy(document), ...written(ofArguments, texts)];
  const refused = findings.some(({ severity }) => severity === 'error');
  return refused ? { findings } : { document, warnings: findings };
}

/** A copy, so that nothing is read that would not be in the log; or why there is none. */
function plainData(value: unknown): {
  readonly value?: unknown;
  readonly problem?: string;
} {
  try {
    return { value: JSON.parse(canonicalJson(value, mostOfDocument)) };
  } catch (failure) {
    if (!(failure instanceof CanonicalJsonError)) throw failure;
    return { problem: failure.message };
  }
}

/** The same at one place in a text is said once. */
function written(
  findings: readonly PolicyFinding[],
  texts: ReadonlySet<string>,
): Iterable<PolicyFinding> {
  const found = new Map<string, PolicyFinding>();
  for (const finding of findings) {
    const path = writtenPath(finding.path, texts);
    const key = JSON.stringify([path, finding.code, finding.message]);
    if (!found.has(key)) found.set(key, { ...finding, path });
  }
  return found.values();
}

/** A finding inside an expression is about the text that the expression came from. */
function writtenPath(path: string, texts: ReadonlySet<string>): string {
  const end = path.indexOf('.expression');
  if (end === -1) return path;
  const start = path.slice(0, end);
  return texts.has(start) ? start : path;
}
