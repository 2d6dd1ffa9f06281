/**
 * A list of texts as PostgreSQL's binary form of `text[]`.
 *
 * Its text form escapes every quote, and the bodies of entries are full of them: escaping and reading it back
 * cost more than all else that an append does outside the disk. The form is what `array_recv` reads: number
 * of dimensions, whether there are nulls, type of the elements, then length and lower bound, then each
 * element with its length.
 */

/** The type `text`, https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat. */
const textType = 25;

export function textArray(texts: readonly string[]): Buffer {
  if (texts.length === 0) return header(0);
  const lengths = texts.map((each) => Buffer.byteLength(each));
  const size = lengths.reduce((sum, length) => sum + 4 + length, 20);
  const bytes = Buffer.allocUnsafe(size);
  header(1).copy(bytes);
  bytes.writeInt32BE(texts.length, 12);
  bytes.writeInt32BE(1, 16);
  let at = 20;
  for (const [place, each] of texts.entries()) {
    at = bytes.writeInt32BE(lengths[place] ?? 0, at);
    at += bytes.write(each, at);
  }
  return bytes;
}

function header(dimensions: 0 | 1): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeInt32BE(dimensions, 0);
  bytes.writeInt32BE(textType, 8);
  return bytes;
}
