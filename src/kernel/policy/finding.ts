/**
 * Findings: what is wrong with a policy document, and where. A document with any finding does not load.
 */
import { limits } from '../limits.ts';

/** What kind of thing is wrong. Each has its section in `docs/policy-findings.md`. */
export const findingCodes = [
  'wrong-type',
  'unknown-member',
  'empty-list',
  'empty-match',
  'no-effect',
  'duplicate-id',
  'unknown-action',
  'invalid-name',
  'invalid-pattern',
  'too-many',
  'too-costly',
  'condition-too-deep',
  'condition-too-large',
  'condition-unknown-name',
  'condition-type',
  'operand-invalid',
  'regex-invalid',
  'expression-syntax',
] as const;
export type FindingCode = (typeof findingCodes)[number];

export interface Finding {
  readonly code: FindingCode;
  /** Where in the document, such as `rules[3].when.all[0]`. */
  readonly path: string;
  readonly message: string;
  /** What would make it right, where that can be said. */
  readonly fix?: string;
}

/** Collects findings while a document is read. */
export class Findings {
  readonly #list: Finding[] = [];

  add(code: FindingCode, path: string, message: string): void {
    this.#list.push({ code, path, message });
  }

  get list(): readonly Finding[] {
    return this.#list;
  }

  /** The members of an object with no others than `known`; undefined (and a finding) where it is none. */
  object(
    path: string,
    value: unknown,
    known: readonly string[],
  ): Readonly<Record<string, unknown>> | undefined {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.add('wrong-type', path, 'must be an object');
      return undefined;
    }
    for (const name of Object.keys(value)) {
      if (!known.includes(name)) {
        this.add(
          'unknown-member',
          path === '' ? name : `${path}.${name}`,
          `is not known here; known are ${known.map((each) => `\`${each}\``).join(', ')}`,
        );
      }
    }
    return value as Readonly<Record<string, unknown>>;
  }

  /** Checks one member by a test, where it is there. */
  optional(path: string, value: unknown, test: (value: unknown) => boolean, wanted: string): void {
    if (value !== undefined && !test(value)) this.add('wrong-type', path, `must be ${wanted}`);
  }

  /** A list that is not empty and whose elements pass a test. */
  listOf(path: string, value: unknown, test: (value: unknown) => boolean, wanted: string): void {
    if (value === undefined) return;
    if (!Array.isArray(value)) return this.add('wrong-type', path, `must be a list of ${wanted}`);
    if (value.length === 0) {
      this.add(
        'empty-list',
        path,
        'is empty: an empty list has no effect; leave it out or fill it',
      );
    }
    for (const [position, element] of value.entries()) {
      if (!test(element)) this.add('wrong-type', `${path}[${position}]`, `must be ${wanted}`);
    }
  }
}

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= limits.textLengthMax;
}

export function isWholeNumber(from: number, to: number): (value: unknown) => boolean {
  return (value) =>
    Number.isSafeInteger(value) && (value as number) >= from && (value as number) <= to;
}
