/**
 * The bodies of requests that are being read. Each is bounded, and so are all of them together, and those of
 * one principal: a client that sends many and ends none keeps nobody else's out.
 */
import type { HttpLimits } from '../config/config.ts';

/** There is no room for more of the bodies that are being read. */
export class TooManyBodies extends Error {
  override readonly name = 'TooManyBodies';
}

export interface BodyBounds extends Pick<HttpLimits, 'bodiesBytesMax' | 'bodiesBytesOfAllMax'> {
  /** Of one body. */
  readonly bytesMax: number;
}

export class Bodies {
  readonly #bounds: BodyBounds;
  readonly #bytesOf = new Map<string, number>();
  #bytes = 0;

  constructor(bounds: BodyBounds) {
    this.#bounds = bounds;
  }

  /**
   * Resolves to undefined for a body that is larger than one may be, of which no more is read. Throws
   * `TooManyBodies`. `identity` says whose it is.
   */
  async read(
    identity: string,
    body: AsyncIterable<Uint8Array>,
    length = 0,
  ): Promise<Uint8Array | undefined> {
    const { bytesMax } = this.#bounds;
    if (length > bytesMax) return undefined;
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    try {
      for await (const chunk of body) {
        if (bytes + chunk.length > bytesMax) return undefined;
        this.#assertRoom(identity, chunk.length);
        bytes += chunk.length;
        this.#count(identity, chunk.length);
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    } finally {
      this.#count(identity, -bytes);
    }
  }

  #assertRoom(identity: string, more: number): void {
    const { bytesMax, bodiesBytesMax, bodiesBytesOfAllMax } = this.#bounds;
    // One body of the largest size has room, whatever the configuration says that is.
    const theirs = (this.#bytesOf.get(identity) ?? 0) + more > Math.max(bodiesBytesMax, bytesMax);
    const all = this.#bytes + more > Math.max(bodiesBytesOfAllMax, bytesMax);
    if (theirs || all) throw new TooManyBodies('too many requests are being read');
  }

  #count(identity: string, bytes: number): void {
    this.#bytes += bytes;
    const theirs = (this.#bytesOf.get(identity) ?? 0) + bytes;
    if (theirs === 0) this.#bytesOf.delete(identity);
    else this.#bytesOf.set(identity, theirs);
  }
}
