/**
 * Findings: what is wrong with a price catalogue, and where. A catalogue with any finding does not load.
 */
import { quoted } from '../name.ts';

/** What kind of thing is wrong. */
export const catalogueFindingCodes = [
  'wrong-type',
  'unknown-member',
  'empty',
  'too-many',
  'invalid-name',
  'duplicate-name',
  'invalid-price',
  'invalid-instant',
  'out-of-order',
] as const;
export type CatalogueFindingCode = (typeof catalogueFindingCodes)[number];

export interface CatalogueFinding {
  readonly code: CatalogueFindingCode;
  /** Where in the document, such as `models[gpt-4o].prices[1].input`. */
  readonly path: string;
  readonly message: string;
}

export type Members = Readonly<Record<string, unknown>>;

/** Collects findings while a catalogue is read. */
export class CatalogueFindings {
  readonly #list: CatalogueFinding[] = [];

  add(code: CatalogueFindingCode, path: string, message: string): void {
    this.#list.push({ code, path, message });
  }

  get list(): readonly CatalogueFinding[] {
    return this.#list;
  }

  /** The members of an object; undefined (and a finding) where it is none. */
  object(path: string, value: unknown): Members | undefined {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Members;
    }
    this.add('wrong-type', path, 'must be an object');
    return undefined;
  }

  /** The members of an object that may have no others than `known`. */
  objectOf(path: string, value: unknown, known: readonly string[]): Members | undefined {
    const members = this.object(path, value);
    for (const name of Object.keys(members ?? {})) {
      if (known.includes(name)) continue;
      const names = known.map((each) => `\`${each}\``).join(', ');
      this.add('unknown-member', path, `has no ${quoted(name)}; known are ${names}`);
    }
    return members;
  }

  /** The elements of a list that is neither empty nor longer than `most`; none (and a finding) otherwise. */
  elements(path: string, value: unknown, most: number): readonly unknown[] {
    if (!Array.isArray(value)) this.add('wrong-type', path, 'must be a list');
    else if (value.length === 0) this.add('empty', path, 'is empty');
    else if (value.length > most) this.add('too-many', path, `has more than ${most} elements`);
    else return value;
    return [];
  }

  /** A whole number from 1 up. */
  count(path: string, value: unknown): void {
    if (Number.isSafeInteger(value) && Number(value) >= 1) return;
    this.add('wrong-type', path, 'must be a whole number from 1 up');
  }
}
