/**
 * What a commitment is the hash of, as bytes. Apart from `commitment.ts`, which hosts see: these take Node's
 * buffers, whose types a host need not have.
 */
const commitmentPrefix = 0x02;
const secretBytesMin = 16;
/** The salt's length has to fit the one byte that it is hashed with. */
const saltBytesMax = 255;
const hexForm = /^(?:[0-9a-f]{2})+$/;

/** A bound for what `writeCommitted` writes: UTF-8 has at most three bytes for a UTF-16 unit. */
export function committedBytesMax(bytes: string): number {
  return 2 + saltBytesMax + 3 * bytes.length;
}

/** Writes what a commitment is the hash of, and returns where it ends. */
export function writeCommitted(
  target: Buffer,
  offset: number,
  saltHex: string,
  bytes: string,
): number {
  assertSecret('salt', saltHex);
  const saltBytes = saltHex.length / 2;
  if (saltBytes > saltBytesMax) throw new RangeError(`a salt has at most ${saltBytesMax} bytes`);
  assertWellFormed(bytes);
  target[offset] = commitmentPrefix;
  target[offset + 1] = saltBytes;
  target.write(saltHex, offset + 2, 'hex');
  const start = offset + 2 + saltBytes;
  return start + target.write(bytes, start);
}

export function assertSecret(name: string, hex: string): void {
  if (!hexForm.test(hex)) throw new TypeError(`a ${name} is lower-case hex`);
  if (hex.length < 2 * secretBytesMin) {
    throw new RangeError(`a ${name} has at least ${secretBytesMin} bytes`);
  }
}

/** UTF-8 writes every lone surrogate as U+FFFD, so two ill-formed texts could share one digest. */
export function assertWellFormed(text: string): void {
  if (!text.isWellFormed()) throw new TypeError('text with a lone surrogate has no UTF-8 form');
}
