/**
 * A small seeded generator (sfc32): the same seed gives the same numbers on every machine. For
 * tests and simulations only, never for secrets.
 */

export class Random {
  readonly seed: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: string | number) {
    this.seed = String(seed);
    [this.#a, this.#b, this.#c] = mixed(this.seed);
    for (let round = 0; round < 12; round += 1) this.#word();
  }

  /** A generator of its own, so that drawing from one part leaves the others as they were. */
  fork(label: string): Random {
    return new Random(`${this.seed}/${label}`);
  }

  /** At least 0, below 1. */
  next(): number {
    return this.#word() / 4_294_967_296;
  }

  /** A whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.integer(0, items.length - 1)];
    if (item === undefined) throw new RangeError('there is nothing to pick from');
    return item;
  }

  /** Picks a name with a probability in proportion to its weight. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const names = Object.keys(weights) as K[];
    const total = names.reduce((sum, name) => sum + weights[name], 0);
    let left = this.next() * total;
    for (const name of names) {
      left -= weights[name];
      if (left < 0) return name;
    }
    return this.pick(names);
  }

  /** Random bytes as lower-case hex. */
  hex(bytes: number): string {
    let text = '';
    while (text.length < bytes * 2) text += this.#word().toString(16).padStart(8, '0');
    return text.slice(0, bytes * 2);
  }

  #word(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }
}

/** Three words from a text (FNV-1a, three offsets). */
function mixed(text: string): [number, number, number] {
  const words = [0x811c9dc5, 0x9e3779b9, 0x85ebca6b].map((offset) => {
    let word = offset;
    for (let at = 0; at < text.length; at += 1) {
      word = Math.imul(word ^ text.charCodeAt(at), 0x01000193);
      word ^= word >>> 15;
    }
    return word | 0;
  });
  return [words[0] ?? 0, words[1] ?? 0, words[2] ?? 0];
}
