/**
 * Names: what a tool, action, agent, org, principal, session or role may be called.
 *
 * ASCII only and exact: no case folding, no trimming, no Unicode normalisation, so that two names are the
 * same when their bytes are, and a look-alike letter cannot pass for another.
 */
import { limits } from './limits.ts';

const simpleName = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;
const qualifiedName = /^[A-Za-z0-9][A-Za-z0-9_.:@+/-]*$/;

/** Tool, action, agent, org, role, rule id: letters, digits, `_ . -`, starting with a letter or digit. */
export function isName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= limits.nameLengthMax &&
    simpleName.test(value)
  );
}

/** Principal and session ids: as a name, and also `: @ + /`. */
export function isQualifiedName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= limits.nameLengthMax &&
    qualifiedName.test(value)
  );
}

const most = `1 to ${limits.nameLengthMax} ASCII letters, digits`;
/** What a name may have, for whoever is told that theirs has something else. */
export const nameForm = `${most} and \`_ . -\`, a letter or digit first`;
/** The same of the ids of principals and sessions. */
export const qualifiedNameForm = `${most} and \`_ . - : @ + /\`, a letter or digit first`;

/** A value as it may be shown in a message: quoted, escaped, cut. */
export function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : String(value);
  const shown = text.length > 80 ? `${text.slice(0, 77)}...` : text;
  return `\`${JSON.stringify(shown).slice(1, -1).replaceAll('\u202e', '\\u202e')}\``;
}
