/** Reads the CEL text in a scope's condition, as `lowerCel` does in a rule's. */
import { lowerCel } from './cel-lowering.ts';

/** The scope with its condition lowered, or what cannot be read. All else is left for the kernel to check. */
export function lowerScope(
  scope: unknown,
): { readonly scope: unknown } | { readonly problem: string } {
  if (typeof scope !== 'object' || scope === null || !Object.hasOwn(scope, 'when'))
    return { scope };
  const { when } = scope as { readonly when: unknown };
  const { document, findings } = lowerCel({ rules: [{ when }] });
  const [finding] = findings;
  if (finding !== undefined) return { problem: `\`when\`: ${finding.message}` };
  const { rules } = document as { readonly rules: readonly [{ readonly when: unknown }] };
  return { scope: { ...scope, when: rules[0].when } };
}
