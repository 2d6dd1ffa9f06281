/** `docs/failure-modes.md` promises what is tested: each of its rows names a test that exists. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { faultCodes } from '../../src/engine/index.ts';

const root = resolve(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'docs/failure-modes.md'), 'utf8');
const [, table = ''] = text.split('## The table');
const rows = table
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| failure'))
  .map((line) => line.slice(2, -2).split(' | '));

test('the table has rows of six cells', () => {
  expect(rows.length).toBeGreaterThan(20);
  for (const row of rows) expect(row).toHaveLength(6);
});

test.each(rows.map((row) => [row[0], row[5] ?? '']))('%s: its test exists', (_, reference) => {
  const [, path = '', name = ''] = /^`(.+?)`: (.+)$/.exec(reference) ?? [];
  expect({ path, exists: existsSync(join(root, path)) }).toEqual({ path, exists: true });
  const source = readFileSync(join(root, path), 'utf8');
  const found = source.includes(`'${name}'`);
  expect({ name, found }).toEqual({ name, found: true });
});

test('the codes that it names are codes of the engine or the store', () => {
  const codes = new Set([...Object.keys(faultCodes), 'policy-error']);
  const words = ['deny', 'verify'];
  const store = ['busy', 'corrupt', 'disk-full', 'io', 'not-a-control-plane'];
  const more = ['read-only', 'rolled-back', 'unavailable', 'unsafe-settings'];
  for (const each of [...store, ...more, ...words]) codes.add(each);
  const named = rows.flatMap((row) => [...(row[1] ?? '').matchAll(/`([a-z]+(?:-[a-z]+)*)`/g)]);
  expect(named.length).toBeGreaterThan(20);
  for (const [, code = ''] of named) expect(codes).toContain(code);
});
