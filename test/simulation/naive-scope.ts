/** Scopes as the auditor reads them: a regular expression for each pattern, and one kind of condition. */

export interface RawScope {
  readonly actions?: readonly string[];
  readonly resources?: readonly string[];
  /** The one condition that the auditor's worlds use: an argument is at most an amount. */
  readonly when?: { readonly path: string; readonly atMost: string };
}

/** Whether a scope covers a call. Arguments that are not known are not looked at. */
export function covered(
  { actions = ['**'], resources = ['**'], when }: RawScope,
  { action, resource }: { readonly action: string; readonly resource: string },
  callArguments: unknown,
): boolean {
  const fits = (patterns: readonly string[], text: string): boolean =>
    patterns.some((pattern) => expressionOf(pattern).test(text));
  if (!fits(actions, action) || !fits(resources, resource)) return false;
  if (when === undefined || callArguments === undefined) return true;
  const given = (callArguments as Readonly<Record<string, unknown>>)[when.path.split('.')[1] ?? ''];
  return given !== undefined && Number(given) <= Number(when.atMost);
}

function expressionOf(pattern: string): RegExp {
  const parts = pattern.split(/(\*+)/).map((part) => {
    if (part === '*') return '[^/]*';
    return part.startsWith('*') ? '.*' : part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`);
  });
  return new RegExp(`^${parts.join('')}$`);
}
