/** The page on identity against the source: every code and limit is there, and its example is accepted. */
import { runInThisContext } from 'node:vm';
import { expect, test } from 'vitest';
import { authenticationCodes } from '../../src/identity/authenticator.ts';
import { jwtLimits } from '../../src/identity/jwt-limits.ts';
import { jwtAuthenticator, type JwtOptions } from '../../src/identity/jwt.ts';
import { codeBlocks, codeWords, tableRows } from './documents.ts';

const page = 'docs/identity.md';
const rows = tableRows(page).map(([first = '', ...others]) => [codeWords(first)[0], ...others]);

test('every code of a refused credential is explained, in order of precedence', () => {
  const codes = Object.keys(authenticationCodes);
  expect(rows.map(([name]) => name).filter((name) => codes.includes(name ?? ''))).toEqual(codes);
});

test('every limit of tokens is listed with its value', () => {
  const listed = rows.filter(([name]) => Object.hasOwn(jwtLimits, name ?? ''));
  const values = listed.map(([name, value]) => [name, Number(value?.replaceAll(',', ''))]);
  expect(values).toEqual(Object.entries(jwtLimits));
});

test('the options of the page build an authenticator', () => {
  const block = codeBlocks(page, 'ts').find((each) => each.includes('jwksUri')) ?? '';
  const [, options = ''] = /jwtAuthenticator\((\{[^]*\})\);/.exec(block) ?? [];
  const read = runInThisContext(`(${options})`) as JwtOptions;
  expect(jwtAuthenticator(read).name).toBe('jwt:okta');
});
