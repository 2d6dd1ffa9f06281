/**
 * That every mutant can be made of the source as it is: `npm run mutants` then checks that it is
 * caught.
 */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { mutate } from './mutant.ts';
import { mutants } from './mutants.ts';

const root = new URL('../../', import.meta.url);

test.each(mutants)('$name', ({ name, file, find, replace, guards, tests }) => {
  expect(mutate(readFileSync(new URL(file, root), 'utf8'), { find, replace })).toHaveProperty(
    'source',
  );
  expect(replace).not.toBe(find);
  expect(guards).toMatch(/^[A-Z].*\.$/);
  expect(tests.length).toBeGreaterThan(0);
  for (const path of tests) expect(existsSync(new URL(path, root)), `${name}: ${path}`).toBe(true);
});

test('no two mutants have one name', () => {
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
});
