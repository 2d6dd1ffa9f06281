/** Bytes that are written one after the other, in memory that grows as it is needed. */
export class GrowingBytes {
  bytes: Buffer<ArrayBuffer>;
  /** Where the next one is written. */
  end = 0;

  /** `atFirst` is a guess; a good one saves a copy. */
  constructor(atFirst: number) {
    this.bytes = Buffer.allocUnsafeSlow(atFirst);
  }

  makeRoom(bytes: number): void {
    const needed = this.end + bytes;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.bytes.length));
    larger.set(this.bytes.subarray(0, this.end));
    this.bytes = larger;
  }
}
