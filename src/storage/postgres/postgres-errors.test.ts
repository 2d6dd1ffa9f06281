/** What a server answered is a refusal or leaves a doubt, in whatever language it says so. */
import { expect, test } from 'vitest';
import { isRefused, storageError } from './postgres-errors.ts';

function said(severity: string, code: string): Error {
  return Object.assign(new Error('no'), { severity, code });
}

test.each(['ERROR', 'FEHLER', 'ERREUR', 'ОШИБКА', '错误'])(
  'an append that a server refuses with %s was rolled back, and its connection is good',
  (severity) => {
    const refusal = said(severity, '42501');
    expect(isRefused(refusal)).toBe(true);
    const { code, ambiguous } = storageError(refusal, 'store', true);
    expect({ code, ambiguous }).toEqual({ code: 'read-only', ambiguous: false });
  },
);

test.each([
  ['FATAL', '57P01'],
  ['FATALE', '57P01'],
  ['ВАЖНО', '57P01'],
  ['PANIK', '53100'],
  ['of no language that is known', '42501'],
  ['ERROR', '08006'],
])('of an append that ends with %s (%s) nobody knows the outcome', (severity, code) => {
  const last = said(severity, code);
  expect(isRefused(last)).toBe(false);
  expect(storageError(last, 'store', true).ambiguous).toBe(true);
});
