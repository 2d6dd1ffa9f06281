/**
 * Records of one kind as bytes to be hashed: two have the same bytes only where they are the same throughout.
 * Plain data in one large piece, so that it crosses threads quickly.
 */
import { GrowingBytes } from './growing-bytes.ts';

export interface RecordBytes {
  /** One record after the other: lengths and liveness, then key, parent and value in UTF-8. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each record ends; the next one starts there. */
  readonly ends: readonly number[];
}

/** A record, apart from its kind. */
export interface RecordText {
  readonly key: string;
  readonly parent: string;
  readonly live: boolean;
  readonly value: string;
}

/** The bytes of the key and of the parent are counted in four bytes each; one says whether it is live. */
const headBytes = 9;
/** What some thousand short records need; few are given less. */
const bytesAtFirstMax = 2_097_152;

/** UTF-8 writes every lone surrogate as U+FFFD: a record with one would pass for another. */
export function hasBytes({ key, parent, value }: RecordText): boolean {
  return key.isWellFormed() && parent.isWellFormed() && value.isWellFormed();
}

export function recordBytes(records: readonly RecordText[]): RecordBytes {
  const most = records.reduce((bytes, record) => bytes + bytesMax(record), 0);
  const builder = new RecordBytesBuilder(Math.min(most, bytesAtFirstMax));
  for (const record of records) builder.add(record);
  return builder.built;
}

function bytesMax({ key, parent, value }: RecordText): number {
  return headBytes + 3 * (key.length + parent.length + value.length);
}

export class RecordBytesBuilder {
  readonly #ends: number[] = [];
  readonly #written: GrowingBytes;

  /** `atFirst` is a guess at how many bytes there will be. */
  constructor(atFirst = 4_096) {
    this.#written = new GrowingBytes(atFirst);
  }

  get isEmpty(): boolean {
    return this.#written.end === 0;
  }

  get built(): RecordBytes {
    return { bytes: this.#written.bytes, ends: this.#ends };
  }

  add(record: RecordText): void {
    if (!hasBytes(record)) throw new TypeError('a record with a lone surrogate has no bytes');
    const { key, parent, live, value } = record;
    const written = this.#written;
    written.makeRoom(bytesMax(record));
    const { bytes, end: start } = written;
    const keyBytes = bytes.write(key, start + headBytes);
    const parentBytes = bytes.write(parent, start + headBytes + keyBytes);
    const end = start + headBytes + keyBytes + parentBytes;
    bytes.writeUInt32LE(keyBytes, start);
    bytes.writeUInt32LE(parentBytes, start + 4);
    bytes.writeUInt8(live ? 1 : 0, start + 8);
    written.end = end + bytes.write(value, end);
    this.#ends.push(written.end);
  }
}

/** Reads records out of their bytes. */
export class RecordBytesReader {
  readonly #bytes: Buffer<ArrayBuffer>;
  readonly #ends: readonly number[];

  constructor({ bytes, ends }: RecordBytes) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#ends = ends;
  }

  get count(): number {
    return this.#ends.length;
  }

  keyAt(at: number): string {
    const start = this.#startOf(at);
    const key = start + headBytes;
    return this.#bytes.toString('utf8', key, key + this.#bytes.readUInt32LE(start));
  }

  recordAt(at: number): RecordText {
    const start = this.#startOf(at);
    const bytes = this.#bytes;
    const parent = start + headBytes + bytes.readUInt32LE(start);
    const value = parent + bytes.readUInt32LE(start + 4);
    return {
      key: this.keyAt(at),
      parent: bytes.toString('utf8', parent, value),
      live: bytes.readUInt8(start + 8) === 1,
      value: bytes.toString('utf8', value, this.#ends[at]),
    };
  }

  #startOf(at: number): number {
    return this.#ends[at - 1] ?? 0;
  }
}
