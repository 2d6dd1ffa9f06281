/**
 * Reads plain data that somebody wrote, member by member: what is not known, missing or of another kind is
 * refused with its path. Nothing is ignored.
 */
import { ControlPlaneError } from '../../../engine/index.ts';

/** What is wrong with a configuration, and where. */
export function configurationProblem(path: string, problem: string): ControlPlaneError {
  const where = path === '' ? 'the configuration' : `\`${path}\` of the configuration`;
  return new ControlPlaneError('input-invalid', `${where} ${problem}`);
}

type Read<T> = (value: unknown, path: string) => T;

/** The members of an object, each read once; `end` refuses the ones that nobody asked for. */
export class Members {
  readonly path: string;
  readonly #members: ReadonlyMap<string, unknown>;
  readonly #asked = new Set<string>();

  constructor(value: unknown, path: string) {
    this.path = path;
    this.#members = membersOf(value, path);
  }

  pathOf(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }

  has(name: string): boolean {
    return this.#members.has(name);
  }

  optional<T>(name: string, read: Read<T>): T | undefined {
    this.#asked.add(name);
    if (!this.#members.has(name)) return undefined;
    return read(this.#members.get(name), this.pathOf(name));
  }

  required<T>(name: string, read: Read<T>): T {
    if (!this.#members.has(name)) throw configurationProblem(this.pathOf(name), 'is missing');
    return this.optional(name, read) as T;
  }

  end(): void {
    for (const name of this.#members.keys()) {
      if (this.#asked.has(name)) continue;
      const known = [...this.#asked].join(', ');
      throw configurationProblem(this.pathOf(name), `is not known here; known are ${known}`);
    }
  }
}

/** The members of an object by their names, which may be any text. */
export function membersOf(value: unknown, path: string): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw configurationProblem(path, 'must be an object');
  }
  return new Map(Object.entries(value));
}

export const text: Read<string> = (value, path) => {
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value;
  throw configurationProblem(path, 'must be a text');
};

/** A text that `fits`; `problem` says what it must be. */
export function textThat(fits: (value: unknown) => value is string, problem: string): Read<string> {
  return (value, path) => {
    if (fits(value)) return value;
    throw configurationProblem(path, problem);
  };
}

export const flag: Read<boolean> = (value, path) => {
  if (typeof value === 'boolean') return value;
  throw configurationProblem(path, 'must be true or false');
};

export function wholeNumber(least: number, most: number): Read<number> {
  return (value, path) => {
    const fits = typeof value === 'number' && Number.isSafeInteger(value);
    if (fits && value >= least && value <= most) return value;
    throw configurationProblem(path, `must be a whole number from ${least} to ${most}`);
  };
}

export function oneOf<const T extends string>(words: readonly T[]): Read<T> {
  return (value, path) => {
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    throw configurationProblem(path, `must be one of ${words.join(', ')}`);
  };
}

export function listOf<T>(read: Read<T>): Read<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw configurationProblem(path, 'must be a list');
    return value.map((each: unknown, position) => read(each, `${path}[${position}]`));
  };
}

export function mapOf<T>(
  read: (value: unknown, path: string, name: string) => T,
): Read<ReadonlyMap<string, T>> {
  return (value, path) =>
    new Map(
      [...membersOf(value, path)].map(([name, each]) => [
        name,
        read(each, `${path}.${name}`, name),
      ]),
    );
}
