/**
 * Why, and where, a text was refused by `parseStrictJson`.
 */

export type StrictJsonCode =
  | 'syntax'
  | 'trailing-text'
  | 'duplicate-key'
  | 'forbidden-key'
  | 'lone-surrogate'
  | 'not-finite'
  | 'too-deep'
  | 'too-large'
  | 'too-many';

/** Where the text stopped being acceptable. Lines and columns (UTF-16 units) count from 1. */
export interface StrictJsonPlace {
  readonly line: number;
  readonly column: number;
  readonly path: string;
}

export class StrictJsonError extends Error implements StrictJsonPlace {
  override readonly name = 'StrictJsonError';
  readonly code: StrictJsonCode;
  readonly line: number;
  readonly column: number;
  readonly path: string;

  constructor(code: StrictJsonCode, place: StrictJsonPlace, reason: string) {
    super(`${reason} at \`${place.path}\`, line ${place.line}, column ${place.column}`);
    this.code = code;
    this.line = place.line;
    this.column = place.column;
    this.path = place.path;
  }
}
