/** The figures of `docs/scale.md` are those of the model, which says the same in every run. */
import { expect, test } from 'vitest';
import { tables } from '../../bench/scale/tables.ts';
import { read } from './documents.ts';

test('each table of the page is what the model prints', () => {
  const page = read('docs/scale.md');
  const printed = tables();
  expect(printed).toHaveLength(4);
  for (const table of printed) expect(page).toContain(table);
  expect(tables()).toEqual(printed);
});
