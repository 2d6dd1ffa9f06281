/** What is other between two definitions, member by member. */

export interface Difference {
  /** As a path, such as `inputSchema.properties.path.type`. */
  readonly path: string;
  /** As JSON; undefined where it was not there. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

export function differenceOf(before: unknown, after: unknown, path = ''): readonly Difference[] {
  if (isPlain(before) && isPlain(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names]
      .toSorted()
      .flatMap((name) =>
        differenceOf(
          memberOf(before, name),
          memberOf(after, name),
          path === '' ? name : `${path}.${name}`,
        ),
      );
  }
  const [left, right] = [jsonOf(before), jsonOf(after)];
  return left === right ? [] : [{ path, before: left, after: right }];
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function memberOf(value: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

function jsonOf(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}
