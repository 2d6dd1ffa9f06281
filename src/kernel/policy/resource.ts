/**
 * Resource templates: the tool's declared mapping from arguments to the resource they touch.
 *
 * `{name}` inserts a top-level argument as one segment (`/` is percent-encoded); `{+name}` inserts a path,
 * resolved and refused where it could be read two ways (RFC 6570's two expansions). An argument that is
 * missing, or neither a string nor a safe integer, makes the resource invalid: it is never left out.
 */
import { limits } from '../limits.ts';
import { pathSegments } from './path.ts';

const templateText = /^(?:[A-Za-z0-9_.:@/-]|\{\+?[A-Za-z_][A-Za-z0-9_]*\})+$/;

export function isResourceTemplate(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length <= limits.resourceLengthMax &&
    templateText.test(value)
  );
}

/** The resource that a call touches, or undefined where it cannot be derived. */
export function expandResource(template: string, callArguments: unknown): string | undefined {
  let valid = true;
  const resource = template.replaceAll(
    /\{(\+?)([A-Za-z_][A-Za-z0-9_]*)\}/g,
    (_, path: string, name: string) => {
      const text = argumentText(callArguments, name);
      const expanded = text === undefined ? undefined : path ? asPath(text) : asSegment(text);
      if (expanded === undefined) valid = false;
      return expanded ?? '';
    },
  );
  return valid && resource.length <= limits.resourceLengthMax ? resource : undefined;
}

function argumentText(callArguments: unknown, name: string): string | undefined {
  if (typeof callArguments !== 'object' || callArguments === null) return undefined;
  if (!Object.hasOwn(callArguments, name)) return undefined;
  const value = (callArguments as Readonly<Record<string, unknown>>)[name];
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function asSegment(text: string): string | undefined {
  if (text === '.' || text === '..' || /[\u0000-\u001f\u007f]/.test(text)) return undefined;
  return text.replaceAll('%', '%25').replaceAll('/', '%2F');
}

function asPath(text: string): string | undefined {
  return pathSegments(text)?.join('/');
}
