/**
 * The arguments of a call as one list: every leaf of the canonical text with the path that leads to it, in
 * canonical order. A leaf is a text, a number, a truth value, a null, or an object or array with nothing in
 * it.
 *
 * Paths are those of RFC 9535 (JSONPath), with the short form for plain names: `$.lines[0]["unit price"]`.
 * Two leaves never have the same path.
 */
import {
  canonicalJson,
  CanonicalJsonError,
  parseStrictJson,
  StrictJsonError,
} from '../log/index.ts';

export type LeafKind = 'text' | 'number' | 'boolean' | 'null' | 'empty-object' | 'empty-array';

export interface ArgumentLeaf {
  readonly path: string;
  readonly kind: LeafKind;
  /** Of a text, what it says; of anything else, what stands in the canonical text. */
  readonly value: string;
}

const plainName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Characters of all paths together. A path repeats the names above it, so one long name above many leaves
 * would make far more text than the arguments are; honest arguments stay well below.
 */
const pathCharactersMax = 1_000_000;

/**
 * All leaves of a canonical text (RFC 8785); undefined where it is not one, or where its paths are too long.
 * Numbers keep their spelling, because a canonical text has only one for each.
 */
export function argumentLeaves(text: string): readonly ArgumentLeaf[] | undefined {
  const value = readCanonical(text);
  if (value === undefined) return undefined;
  const leaves: ArgumentLeaf[] = [];
  collect('$', value, leaves);
  const pathCharacters = leaves.reduce((total, { path }) => total + path.length, 0);
  return pathCharacters <= pathCharactersMax ? leaves : undefined;
}

function readCanonical(text: string): unknown {
  try {
    const value = parseStrictJson(text);
    return canonicalJson(value) === text ? value : undefined;
  } catch (error) {
    if (error instanceof StrictJsonError || error instanceof CanonicalJsonError) return undefined;
    throw error;
  }
}

/** As deep as the canonical text's own limit on depth allows. */
function collect(path: string, value: unknown, leaves: ArgumentLeaf[]): void {
  if (typeof value !== 'object' || value === null) {
    leaves.push({ path, ...scalarLeaf(value) });
  } else if (Array.isArray(value)) {
    if (value.length === 0) leaves.push({ path, kind: 'empty-array', value: '[]' });
    value.forEach((element: unknown, index) => collect(`${path}[${index}]`, element, leaves));
  } else {
    // JavaScript lists keys such as `10` by their number; canonical order is by code unit.
    const names = Object.keys(value).toSorted();
    if (names.length === 0) leaves.push({ path, kind: 'empty-object', value: '{}' });
    for (const name of names) {
      const member = (value as Readonly<Record<string, unknown>>)[name];
      collect(`${path}${nameStep(name)}`, member, leaves);
    }
  }
}

function nameStep(name: string): string {
  return plainName.test(name) ? `.${name}` : `["${name.replaceAll(/["\\]/g, String.raw`\$&`)}"]`;
}

function scalarLeaf(value: unknown): Omit<ArgumentLeaf, 'path'> {
  switch (typeof value) {
    case 'string':
      return { kind: 'text', value };
    case 'number':
      return { kind: 'number', value: canonicalJson(value) };
    case 'boolean':
      return { kind: 'boolean', value: String(value) };
    default:
      return { kind: 'null', value: 'null' };
  }
}
