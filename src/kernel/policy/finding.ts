/**
 * Findings: what is wrong with a policy document, and where. A document with any finding does not load.
 */
import { limits } from '../limits.ts';

export interface Finding {
  /** Where in the document, such as `rules[3].when.all[0]`. */
  readonly path: string;
  readonly message: string;
}

/** Collects findings while a document is read. */
export class Findings {
  readonly #list: Finding[] = [];

  add(path: string, message: string): void {
    this.#list.push({ path, message });
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
      this.add(path, 'must be an object');
      return undefined;
    }
    for (const name of Object.keys(value)) {
      if (!known.includes(name)) {
        this.add(
          path === '' ? name : `${path}.${name}`,
          `is not known here; known are ${known.map((each) => `\`${each}\``).join(', ')}`,
        );
      }
    }
    return value as Readonly<Record<string, unknown>>;
  }

  /** Checks one member by a test, where it is there. */
  optional(path: string, value: unknown, test: (value: unknown) => boolean, wanted: string): void {
    if (value !== undefined && !test(value)) this.add(path, `must be ${wanted}`);
  }

  /** A list that is not empty and whose elements pass a test. */
  listOf(path: string, value: unknown, test: (value: unknown) => boolean, wanted: string): void {
    if (value === undefined) return;
    if (!Array.isArray(value)) return this.add(path, `must be a list of ${wanted}`);
    if (value.length === 0) {
      this.add(path, 'is empty: an empty list has no effect; leave it out or fill it');
    }
    for (const [position, element] of value.entries()) {
      if (!test(element)) this.add(`${path}[${position}]`, `must be ${wanted}`);
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
