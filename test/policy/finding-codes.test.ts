/** Every finding code has its section, and every section a code; a finding leads to it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findingCodes } from '../../src/kernel/index.ts';
import { argumentCodes, caseCodes, lintCodes, pageOf, textCodes } from '../../src/policy/index.ts';

test('every finding code has its section, and every section a code', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/policy-findings.md'), 'utf8');
  const sections = [...page.matchAll(/^### (.+)$/gm)].map(([, code = '']) => code);
  const codes = [...textCodes, ...findingCodes, ...lintCodes, ...argumentCodes, ...caseCodes];
  expect(sections.toSorted()).toEqual(codes.toSorted());
  expect(new Set(codes).size).toBe(codes.length);
  expect(pageOf('alias')).toBe('docs/policy-findings.md#alias');
});
