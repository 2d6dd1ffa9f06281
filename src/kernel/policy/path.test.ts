/** Paths: one reading or none. */
import { expect, test } from 'vitest';
import { isFolder, isInside, pathSegments } from './path.ts';

test.each<[string, readonly string[] | undefined]>([
  ['/data/a', ['', 'data', 'a']],
  ['/data//a/', ['', 'data', 'a']],
  ['/data/./a', ['', 'data', 'a']],
  ['/data/x/../a', ['', 'data', 'a']],
  ['data/a', ['data', 'a']],
  ['.', []],
  ['/', ['']],
  ['/..', undefined],
  ['..', undefined],
  ['a/../..', undefined],
  ['/data/%2e%2e/etc', undefined],
  ['/data/%2E./etc', undefined],
  ['/data%2fetc', undefined],
  ['/data%5cetc', undefined],
  ['/data/%252e', undefined],
  ['/data\\..\\etc', undefined],
  ['/data/a\u0000', undefined],
  ['/data/a\n', undefined],
  ['/data/a.', undefined],
  ['/data/a ', undefined],
  ['/data/...', undefined],
  ['/data/caf\u0065\u0301', ['', 'data', 'caf\u00e9']],
  ['/data/100%', ['', 'data', '100%']],
  ['~', undefined],
  ['~/.ssh', undefined],
  ['~root/x', undefined],
  ['~$report.docx', ['~$report.docx']],
  ['/data/~', ['', 'data', '~']],
])('%j has the segments %j', (path, segments) => {
  expect(pathSegments(path)).toEqual(segments);
});

test.each<[string, string, boolean | undefined]>([
  ['/data/a', '/data', true],
  ['/data', '/data', true],
  ['/data/', '/data/', true],
  ['/datafoo', '/data', false],
  ['/data/../etc/passwd', '/data', false],
  ['/data/../../etc', '/data', undefined],
  ['/data/%2e%2e/etc', '/data', undefined],
  ['/DATA/a', '/data', false],
  ['data/a', '/data', false],
  ['/data/a', 'data', false],
  ['/etc/passwd', '.', false],
  ['etc/passwd', '.', true],
  ['etc/passwd', '/', false],
  ['/etc/passwd', '/', true],
  ['/data/caf\u0065\u0301/x', '/data/caf\u00e9', true],
])('%j inside %j: %s', (path, folder, expected) => {
  expect(isInside(path, folder)).toBe(expected);
});

test.each<[string, boolean]>([
  ['/data', true],
  ['data/a', true],
  ['.', true],
  ['', false],
  ['/data/*', false],
  ['/data/**', false],
  ['/data?', false],
  ['~/work', false],
  ['/data/%2e%2e', false],
])('whether a policy may name the folder %j: %s', (text, expected) => {
  expect(isFolder(text)).toBe(expected);
});
