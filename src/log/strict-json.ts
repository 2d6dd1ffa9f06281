/**
 * Reads JSON text from strangers (a gateway's request body, a file) and refuses what `JSON.parse`
 * lets pass: duplicate keys, where two readers may see two values; `__proto__` keys; numbers that
 * overflow to Infinity; strings that have no UTF-8 form; and texts so deep or so large that reading
 * them is the attack. What it accepts, it reads exactly as `JSON.parse` does.
 *
 * Keys are compared after their escapes are decoded: `"a"` and `"\u0061"` are duplicates.
 */
import { defaultCanonicalLimits } from './canonical-json.ts';
import type { CanonicalLimits } from './canonical-json.ts';
import { jsonPath } from './json-path.ts';
import type { JsonPathStep } from './json-path.ts';
import { StrictJsonError } from './strict-json-error.ts';
import type { StrictJsonCode } from './strict-json-error.ts';

export function parseStrictJson(
  text: string,
  limits: CanonicalLimits = defaultCanonicalLimits,
): unknown {
  return new Reader(text, limits).read();
}

const scalarForm = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

/** Recursive descent, as deep as the limit allows. `#steps` is the path to what is being read. */
class Reader {
  readonly #text: string;
  readonly #limits: CanonicalLimits;
  readonly #steps: JsonPathStep[] = [];
  #at = 0;
  #depth = 0;
  #members = 0;

  constructor(text: string, limits: CanonicalLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  read(): unknown {
    const { bytesMax } = this.#limits;
    const length = this.#text.length;
    // Measured in units first: a text of many MiB is refused without being scanned.
    if (length > bytesMax || (length * 3 > bytesMax && Buffer.byteLength(this.#text) > bytesMax)) {
      this.#refuse('too-large', `more than ${bytesMax} bytes`);
    }
    const value = this.#value();
    this.#space();
    if (this.#at < length) this.#refuse('trailing-text', 'text after the end of the value');
    return value;
  }

  #value(): unknown {
    this.#space();
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object();
      case '[':
        return this.#array();
      case '"':
        return this.#string();
      default:
        return this.#scalar();
    }
  }

  #object(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    const depth = this.#enter();
    if (!this.#skip('}')) {
      do {
        const key = this.#key(object, depth);
        this.#expect(':');
        object[key] = this.#value();
      } while (this.#skip(','));
      this.#expect('}');
    }
    this.#leave();
    return object;
  }

  #key(object: object, depth: number): string {
    this.#steps.length = depth - 1;
    this.#space();
    const start = this.#at;
    if (this.#text[start] !== '"') this.#refuse('syntax', 'expected a key in double quotes');
    const key = this.#string();
    this.#steps[depth - 1] = key;
    this.#count();
    if (key === '__proto__') {
      this.#refuse('forbidden-key', 'the key `__proto__` is not allowed', start);
    }
    if (Object.hasOwn(object, key)) this.#refuse('duplicate-key', 'the key occurs twice', start);
    return key;
  }

  #array(): unknown[] {
    const array: unknown[] = [];
    const depth = this.#enter();
    if (!this.#skip(']')) {
      do {
        this.#steps[depth - 1] = array.length;
        this.#count();
        array.push(this.#value());
      } while (this.#skip(','));
      this.#expect(']');
    }
    this.#leave();
    return array;
  }

  #string(): string {
    const start = this.#at;
    let isPlain = true;
    let end = start + 1;
    for (let unit = this.#unit(end); unit !== 0x22; unit = this.#unit(end)) {
      if (unit === 0x5c) isPlain = false;
      end += unit === 0x5c ? 2 : 1;
    }
    this.#at = end + 1;
    const value = isPlain ? this.#text.slice(start + 1, end) : this.#unescape(start);
    if (!value.isWellFormed()) {
      this.#refuse('lone-surrogate', 'the string has a lone surrogate', start);
    }
    return value;
  }

  /** The UTF-16 unit at `at`, which a string may hold as it is. Past the end it is NaN. */
  #unit(at: number): number {
    const unit = this.#text.charCodeAt(at);
    if (unit >= 0x20) return unit;
    return this.#refuse('syntax', 'unterminated string or bare control character', at);
  }

  #unescape(start: number): string {
    try {
      return JSON.parse(this.#text.slice(start, this.#at)) as string;
    } catch {
      return this.#refuse('syntax', 'unknown escape in string', start);
    }
  }

  #scalar(): boolean | number | null {
    scalarForm.lastIndex = this.#at;
    const form = scalarForm.exec(this.#text)?.[0];
    if (form === undefined) return this.#refuse('syntax', 'expected a value');
    const value = JSON.parse(form) as boolean | number | null;
    if (Math.abs(Number(value)) === Infinity) this.#refuse('not-finite', 'the number is too large');
    this.#at += form.length;
    return value;
  }

  #enter(): number {
    const { depthMax } = this.#limits;
    if (this.#depth >= depthMax) this.#refuse('too-deep', `nested deeper than ${depthMax}`);
    this.#at += 1;
    this.#depth += 1;
    return this.#depth;
  }

  #leave(): void {
    this.#depth -= 1;
    this.#steps.length = this.#depth;
  }

  #count(): void {
    const { membersMax } = this.#limits;
    this.#members += 1;
    if (this.#members > membersMax) {
      this.#refuse('too-many', `more than ${membersMax} members and elements`);
    }
  }

  #space(): void {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at += 1;
  }

  #skip(mark: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== mark) return false;
    this.#at += 1;
    return true;
  }

  #expect(mark: string): void {
    if (!this.#skip(mark)) this.#refuse('syntax', `expected \`${mark}\``);
  }

  #refuse(code: StrictJsonCode, reason: string, at = this.#at): never {
    const before = this.#text.slice(0, at);
    const line = before.split('\n').length;
    const column = at - before.lastIndexOf('\n');
    throw new StrictJsonError(code, { line, column, path: jsonPath(this.#steps) }, reason);
  }
}

function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;
}
