/**
 * Paths compared the way a file system reads them, so that spelling cannot get around a rule.
 *
 * A path is split into segments once. Anything whose meaning depends on who decodes it is an error, not a
 * guess: percent-encoding of separators or dots, backslashes, control characters, a segment that ends in a
 * dot or space (dropped by some systems), a `~` at the start (somebody's home to some programs). `..` is
 * resolved, and may not climb above the start.
 */

/** The segments of a path, or undefined where it cannot be read one way only. Comparison is in NFC. */
export function pathSegments(path: string): readonly string[] | undefined {
  if (/[\\\u0000-\u001f\u007f]|%(2e|2f|5c|00|25)|^~[\w.-]*(?:\/|$)/i.test(path)) return undefined;
  const segments: string[] = [];
  if (path.startsWith('/')) segments.push('');
  for (const segment of path.normalize('NFC').split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') {
      const above = segments.pop();
      if (above === undefined || above === '') return undefined;
    } else if (/[. ]$/.test(segment)) {
      return undefined;
    } else {
      segments.push(segment);
    }
  }
  return segments;
}

/** Whether a policy may name a folder so: read one way only, and without the wildcards that patterns have. */
export function isFolder(text: string): boolean {
  return text !== '' && !/[*?]/.test(text) && pathSegments(text) !== undefined;
}

/** Whether `path` is `folder` or below it; undefined where either cannot be read one way only. */
export function isInside(path: string, folder: string): boolean | undefined {
  const inner = pathSegments(path);
  const outer = pathSegments(folder);
  if (inner === undefined || outer === undefined) return undefined;
  // The folder `.` has no segments: without this it would hold every absolute path as well.
  if (path.startsWith('/') !== folder.startsWith('/')) return false;
  return outer.every((segment, position) => inner[position] === segment);
}
