/** Bars tell nothing from little, and the most from the rest. */
import { expect, test } from 'vitest';
import { sparkline } from './sparkline.ts';

test.each([
  [[], ''],
  [[0n, 0n], '..'],
  [[1n], '█'],
  [[0n, 1n, 8n], '.▁█'],
  [[1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n], '▁▂▃▄▅▆▇█'],
  [[1n, 10n ** 30n, 5n * 10n ** 29n], '▁█▄'],
])('%s', (values, line) => {
  expect(sparkline(values)).toBe(line);
});
