/** Records are read back as they were, and no cell is a formula. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvRecord } from './csv.ts';

test.each([
  [['a', 'b'], 'a,b'],
  [['a,b', 'say "x"', 'two\r\nlines', ''], '"a,b","say ""x""","two\r\nlines",'],
  [['=1+1', '+1+1', '-a', '@x', '\tx', '\rx'], `'=1+1,'+1+1,'-a,'@x,'\tx,"'\rx"`],
  [['=a,"b"'], `"'=a,""b"""`],
  [['-1.5', '12', '-1e5', '-1.', '+1'], "-1.5,12,'-1e5,'-1.,'+1"],
])('%j is %s', (cells, record) => {
  expect(csvRecord(cells)).toBe(record);
});

/** RFC 4180, section 2, read naively. */
function read(record: string): readonly string[] {
  const cells = [...`,${record}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,"]*))/g)];
  return cells.map(([, quotedText, plain]) => quotedText?.replaceAll('""', '"') ?? plain ?? '');
}

test('what is written is read back, but for the apostrophe before a formula', () => {
  const texts = fc.oneof(
    fc.string({ maxLength: 8 }),
    fc.stringMatching(/^[=+\-@\t\r,"\n0-9.']{0,5}$/),
  );
  fc.assert(
    fc.property(fc.array(texts, { minLength: 2, maxLength: 5 }), (cells) => {
      const back = read(csvRecord(cells));
      expect(back.length).toBe(cells.length);
      for (const [index, cell] of back.entries()) {
        expect([cells[index], `'${cells[index]}`]).toContain(cell);
        expect(/^[=+@\t\r]|^-(?![0-9])/.test(cell)).toBe(false);
      }
    }),
  );
});
