/**
 * Reads a policy as people write it, as plain data: CEL becomes the kernel's expressions, the kernel checks,
 * and lint looks at the whole. Either there is a document that may be activated, or there are findings.
 */
import { checkPolicy, type PolicyDocument } from '../kernel/index.ts';
import { lowerCel } from './cel-lowering.ts';
import { lintPolicy } from './lint.ts';
import { type PolicyFinding, withFix } from './policy-finding.ts';

export interface PolicyRead {
  /** What the kernel takes and the log keeps. */
  readonly document: PolicyDocument;
  readonly warnings: readonly PolicyFinding[];
}

export interface PolicyRefused {
  /** At least one of them is an error. */
  readonly findings: readonly PolicyFinding[];
}

export function readPolicy(value: unknown): PolicyRead | PolicyRefused {
  const lowered = lowerCel(value);
  if (lowered.findings.length > 0) return { findings: lowered.findings };
  const checked = checkPolicy(lowered.document);
  if ('findings' in checked) {
    const texts = new Set(lowered.texts);
    const findings = checked.findings.map((finding) =>
      withFix({ ...finding, path: writtenPath(finding.path, texts), severity: 'error' }),
    );
    return { findings };
  }
  const { document } = checked;
  const findings = lintPolicy(document);
  const refused = findings.some(({ severity }) => severity === 'error');
  return refused ? { findings } : { document, warnings: findings };
}

/** A finding inside an expression is about the text that the expression came from. */
function writtenPath(path: string, texts: ReadonlySet<string>): string {
  const end = path.indexOf('.expression');
  if (end === -1) return path;
  const start = path.slice(0, end);
  return texts.has(start) ? start : path;
}
