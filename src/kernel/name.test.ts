/** Names are ASCII and exact: nothing that looks like another name is one. */
import { expect, test } from 'vitest';
import { limits } from './limits.ts';
import { isName, isQualifiedName, quoted } from './name.ts';

const longest = 'a'.repeat(limits.nameLengthMax);

const rows: readonly { value: unknown; name: boolean; qualified: boolean; why: string }[] = [
  { value: 'read_file', name: true, qualified: true, why: 'plain' },
  { value: 'Read.File-2', name: true, qualified: true, why: 'dots, dashes, digits' },
  { value: '7', name: true, qualified: true, why: 'a digit' },
  { value: longest, name: true, qualified: true, why: 'the longest' },
  { value: `${longest}a`, name: false, qualified: false, why: 'one too long' },
  { value: 'ann@acme.org', name: false, qualified: true, why: 'an address' },
  { value: 'a:b/c+d@e', name: false, qualified: true, why: 'all qualified characters' },
  { value: 'r\u0435ad_file', name: false, qualified: false, why: 'a Cyrillic letter' },
  { value: 're\u200dad', name: false, qualified: false, why: 'a zero-width joiner' },
  { value: '\ufeffread', name: false, qualified: false, why: 'a byte order mark' },
  { value: 'caf\u00e9', name: false, qualified: false, why: 'a composed letter' },
  { value: 'cafe\u0301', name: false, qualified: false, why: 'a decomposed letter' },
  { value: '\uff52ead', name: false, qualified: false, why: 'a full-width letter' },
  { value: '__proto__', name: false, qualified: false, why: 'the prototype' },
  { value: '_private', name: false, qualified: false, why: 'a leading underscore' },
  { value: '.hidden', name: false, qualified: false, why: 'a leading dot' },
  { value: '', name: false, qualified: false, why: 'empty' },
  { value: ' read', name: false, qualified: false, why: 'a leading space' },
  { value: 'read\n', name: false, qualified: false, why: 'a trailing line feed' },
  { value: 'read\n\n', name: false, qualified: false, why: 'two trailing line feeds' },
  { value: 'a|b', name: false, qualified: false, why: 'the separator of record keys' },
  { value: 'a*', name: false, qualified: false, why: 'a pattern' },
  { value: 'a\u0000b', name: false, qualified: false, why: 'a null' },
  { value: 5, name: false, qualified: false, why: 'a number' },
  { value: null, name: false, qualified: false, why: 'null' },
  { value: ['read'], name: false, qualified: false, why: 'a list that prints as a name' },
  { value: new String('read'), name: false, qualified: false, why: 'a String object' },
];

test.each(rows)('$why', ({ value, name, qualified }) => {
  expect(isName(value)).toBe(name);
  expect(isQualifiedName(value)).toBe(qualified);
});

test('names that differ in case are two names', () => {
  expect(isName('Send_Email') && isName('send_email')).toBe(true);
  expect(new Set(['Send_Email', 'send_email']).size).toBe(2);
});

test('a quoted value shows control characters and overrides escaped, and is cut', () => {
  expect(quoted('a\nb')).toBe('`a\\nb`');
  expect(quoted('a\u202eb')).toBe('`a\\u202eb`');
  expect(quoted('\u001b[31m')).toBe('`\\u001b[31m`');
  expect(quoted('x'.repeat(5_000)).length).toBeLessThan(100);
  expect(quoted(undefined)).toBe('`undefined`');
});
