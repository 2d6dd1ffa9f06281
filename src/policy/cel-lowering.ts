/**
 * Turns the CEL texts of a document, as people write it, into the kernel's expressions: `when: "…"` and
 * `{ cel: "…" }` in a condition. All else is left as it is, for the kernel to check.
 */
import { celToExpression } from './cel.ts';
import { type PolicyFinding, withFix } from './policy-finding.ts';

export interface LoweredPolicy {
  readonly document: unknown;
  readonly findings: readonly PolicyFinding[];
  /** Paths at which a CEL text stood: what is wrong below them is about that text. */
  readonly texts: readonly string[];
}

/** Deeper than any condition may be; the kernel refuses what is left as it was. */
const depthMax = 64;

export function lowerCel(document: unknown): LoweredPolicy {
  const findings: PolicyFinding[] = [];
  const texts: string[] = [];
  /** A text that cannot be read stays as it was written: the kernel refuses it, too. */
  const lowerText = (written: unknown, text: string, path: string): unknown => {
    texts.push(path);
    const parsed = celToExpression(text);
    if ('expression' in parsed) return { expression: parsed.expression };
    const { message, offset, length } = parsed.problem;
    const span = { offset, length };
    const finding = { code: 'expression-syntax', path, message, severity: 'error', span } as const;
    findings.push(withFix(finding));
    return written;
  };
  const lowerNode = (node: unknown, path: string, depth: number): unknown => {
    if (!isObject(node) || depth > depthMax) return node;
    const { cel } = node;
    if (typeof cel === 'string' && Object.keys(node).length === 1)
      return lowerText(node, cel, path);
    const lowered: [string, unknown][] = Object.entries(node).map(([name, value]) => {
      const inner = `${path}.${name}`;
      if (name === 'not') return [name, lowerNode(value, inner, depth + 1)];
      if ((name !== 'all' && name !== 'any') || !Array.isArray(value)) return [name, value];
      const operands = value.map((operand: unknown, position) =>
        lowerNode(operand, `${inner}[${position}]`, depth + 1),
      );
      return [name, operands];
    });
    return Object.fromEntries(lowered);
  };
  if (!isObject(document)) return { document, findings, texts };
  const { $schema: _, ...members } = document;
  if (!Array.isArray(members['rules'])) return { document: members, findings, texts };
  const rules = members['rules'].map((rule: unknown, position) => {
    if (!isObject(rule) || rule['when'] === undefined) return rule;
    const { when } = rule;
    const path = `rules[${position}].when`;
    const lowered =
      typeof when === 'string' ? lowerText(when, when, path) : lowerNode(when, path, 1);
    return { ...rule, when: lowered };
  });
  return { document: { ...members, rules }, findings, texts };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
