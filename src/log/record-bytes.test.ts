/** Records come out of their bytes as they went in, and no two have the same ones. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  hasBytes,
  recordBytes,
  RecordBytesBuilder,
  RecordBytesReader,
  type RecordText,
} from './record-bytes.ts';

/** Of few characters, so that texts that are cut elsewhere come up. */
const anyText = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'ä', '€', '🙂'), maxLength: 4 }),
  fc.string({ unit: 'grapheme' }),
);
const anyRecord: fc.Arbitrary<RecordText> = fc.record({
  key: anyText,
  parent: anyText,
  live: fc.boolean(),
  value: anyText,
});

function read(records: readonly RecordText[]): readonly RecordText[] {
  const reader = new RecordBytesReader(recordBytes(records));
  return Array.from({ length: reader.count }, (_, at) => {
    expect(reader.keyAt(at)).toBe(reader.recordAt(at).key);
    return reader.recordAt(at);
  });
}

test('records are read as they were written', () => {
  const same = fc.property(fc.array(anyRecord, { maxLength: 5 }), (records) => {
    expect(read(records)).toEqual(records);
  });
  fc.assert(same, { numRuns: 60 });
});

test('records longer than what was thought of are read as they were written', () => {
  const value = '€'.repeat(800_000);
  const records = ['a', 'ä'].map((key) => ({ key, parent: '', live: true, value }));
  expect(read(records).map((each) => each.value === value)).toEqual([true, true]);
  expect(read(records).map(({ key }) => key)).toEqual(['a', 'ä']);
});

test('two records have the same bytes just where they are the same', () => {
  const bytesOf = (record: RecordText): string => {
    const { bytes, ends } = recordBytes([record]);
    return Buffer.from(bytes.buffer, bytes.byteOffset, ends[0]).toString('hex');
  };
  const short = fc.record({
    key: fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 2 }),
    parent: fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 2 }),
    live: fc.boolean(),
    value: fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 2 }),
  });
  fc.assert(
    fc.property(short, short, (left, right) => {
      const same = JSON.stringify(left) === JSON.stringify(right);
      expect(bytesOf(left) === bytesOf(right)).toBe(same);
    }),
    { numRuns: 2_000 },
  );
});

test.each(['key', 'parent', 'value'])(
  'a record with a lone surrogate in its %s has no bytes',
  (member) => {
    const record = { key: 'k', parent: '', live: true, value: '1', [member]: '\ud83d' };
    expect(hasBytes(record)).toBe(false);
    expect(() => new RecordBytesBuilder().add(record)).toThrow(TypeError);
  },
);
