/** A list in pages is held as a whole: it is bounded as one message is, however many pages it has. */
import type { RawResult } from '../protocol/raw-result.ts';

export class PagesBytes {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Throws an error where the pages have become too long. */
  add(page: RawResult): void {
    this.#bytes += Buffer.byteLength(JSON.stringify(page));
    if (this.#bytes <= this.#bytesMax) return;
    throw new Error(`the pages of its list have more than ${this.#bytesMax} bytes`);
  }
}
