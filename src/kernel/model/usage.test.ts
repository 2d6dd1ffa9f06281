/** Usage that is missing, negative, not whole or inconsistent is no usage, whoever states it. */
import { expect, test } from 'vitest';
import { readUsage } from './usage.ts';

const problemOf = (value: unknown): string | undefined => {
  const read = readUsage(value);
  return 'problem' in read ? read.problem.code : undefined;
};

const base = { inputTokens: 100, outputTokens: 50 };

test('parts that are not stated count as 0', () => {
  expect(readUsage({ ...base, cacheReadTokens: undefined })).toEqual({
    usage: { ...base, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 },
  });
});

test('parts may be all of their total, and what they leave may be stated', () => {
  const parts = { cacheReadTokens: 60, cacheWriteTokens: 40, reasoningTokens: 50 };
  expect(readUsage({ ...base, ...parts, noCacheTokens: 0, textTokens: 0 })).toEqual({
    usage: { ...base, ...parts },
  });
});

test.each([
  [undefined, 'usage-missing'],
  [null, 'usage-missing'],
  [[], 'usage-missing'],
  [7, 'usage-missing'],
  [{}, 'usage-missing'],
  [{ inputTokens: 1 }, 'usage-missing'],
  [{ inputTokens: undefined, outputTokens: 1 }, 'usage-missing'],
  [Object.create(base), 'usage-missing'],
  [{ ...base, outputTokens: -1 }, 'usage-invalid'],
  [{ ...base, outputTokens: Number.NaN }, 'usage-invalid'],
  [{ ...base, outputTokens: Number.POSITIVE_INFINITY }, 'usage-invalid'],
  [{ ...base, outputTokens: 1.5 }, 'usage-invalid'],
  [{ ...base, outputTokens: 2 ** 53 }, 'usage-invalid'],
  [{ ...base, outputTokens: '50' }, 'usage-invalid'],
  [{ ...base, outputTokens: null }, 'usage-invalid'],
  [{ ...base, cacheReadTokens: null }, 'usage-invalid'],
  [{ ...base, reasoningTokens: -1 }, 'usage-invalid'],
  [{ ...base, textTokens: -1 }, 'usage-invalid'],
  [{ ...base, totalTokens: 0 }, 'usage-invalid'],
  [{ ...base, cachedTokens: 10 }, 'usage-invalid'],
  [{ ...base, cacheReadTokens: 101 }, 'usage-inconsistent'],
  [{ ...base, cacheReadTokens: 60, cacheWriteTokens: 41 }, 'usage-inconsistent'],
  [{ ...base, cacheReadTokens: 2 ** 53 - 1, cacheWriteTokens: 2 ** 53 - 1 }, 'usage-inconsistent'],
  [{ ...base, reasoningTokens: 51 }, 'usage-inconsistent'],
  [{ ...base, noCacheTokens: 1 }, 'usage-inconsistent'],
  [{ ...base, cacheReadTokens: 10, noCacheTokens: 100 }, 'usage-inconsistent'],
  [{ ...base, reasoningTokens: 10, textTokens: 50 }, 'usage-inconsistent'],
])('%j is no usage: %s', (value, code) => {
  expect(problemOf(value)).toBe(code);
});

test('an object that answers differently each time is read once', () => {
  let asked = 0;
  const shifting = {
    outputTokens: 1,
    get inputTokens() {
      asked += 1;
      return asked === 1 ? 100 : -100;
    },
  };
  expect(readUsage(shifting)).toMatchObject({ usage: { inputTokens: 100 } });
});
