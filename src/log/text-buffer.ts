/**
 * A growing UTF-8 text, written byte by byte.
 *
 * Why not strings: joining a text of a few hundred bytes from its pieces leaves several KiB of
 * garbage, and on the hot path collecting that costs more than the writing. Plain ASCII, nearly
 * everything that is written, goes straight into one buffer that is used again by the next text.
 */

export interface TextBuffer {
  bytes: Buffer;
  /** Bytes written; the rest of `bytes` is left over from earlier texts. */
  length: number;
}

const bytesAtFirst = 16_384;
const bytesKeptMax = 65_536;

/** The buffer that the last text was written in, unless a text is being written now. */
let spare: Buffer | undefined;

/** A writer that is called while another writes (from a getter, say) gets a buffer of its own. */
export function takeBuffer(): TextBuffer {
  const bytes = spare ?? Buffer.allocUnsafeSlow(bytesAtFirst);
  spare = undefined;
  return { bytes, length: 0 };
}

export function giveBackBuffer(buffer: TextBuffer): void {
  if (buffer.bytes.length <= bytesKeptMax) spare = buffer.bytes;
}

export function bufferText(buffer: TextBuffer): string {
  return buffer.bytes.toString('utf8', 0, buffer.length);
}

/** Writes one ASCII character, given as its code. */
export function writeMark(buffer: TextBuffer, code: number): void {
  if (buffer.length >= buffer.bytes.length) reserve(buffer, 1);
  buffer.bytes[buffer.length] = code;
  buffer.length += 1;
}

/** Writes text that is known to be ASCII. */
export function writeAscii(buffer: TextBuffer, text: string): void {
  reserve(buffer, text.length);
  const { bytes, length } = buffer;
  for (let index = 0; index < text.length; index += 1)
    bytes[length + index] = text.charCodeAt(index);
  buffer.length += text.length;
}

/**
 * Writes a string in quotes if it is its own JSON form: printable ASCII without quote and
 * backslash. Otherwise writes nothing and says false.
 */
export function writePlainString(buffer: TextBuffer, text: string): boolean {
  reserve(buffer, text.length + 2);
  const { bytes } = buffer;
  let end = buffer.length;
  bytes[end] = 0x22;
  end += 1;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return false;
    bytes[end] = code;
    end += 1;
  }
  bytes[end] = 0x22;
  buffer.length = end + 1;
  return true;
}

/** Writes any well-formed text. */
export function writeUtf8(buffer: TextBuffer, text: string): void {
  // A UTF-16 unit is at most three bytes of UTF-8.
  reserve(buffer, text.length * 3);
  buffer.length += buffer.bytes.write(text, buffer.length, 'utf8');
}

function reserve(buffer: TextBuffer, more: number): void {
  const needed = buffer.length + more;
  if (needed <= buffer.bytes.length) return;
  const grown = Buffer.allocUnsafeSlow(Math.max(needed, buffer.bytes.length * 2));
  buffer.bytes.copy(grown, 0, 0, buffer.length);
  buffer.bytes = grown;
}
