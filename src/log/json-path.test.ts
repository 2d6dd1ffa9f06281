import { expect, it } from 'vitest';
import { jsonPath } from './json-path.ts';

it.each([
  { steps: [], path: '$' },
  { steps: ['a', 0, 'b'], path: '$.a[0].b' },
  { steps: ['_ok$', 'with-dash'], path: '$._ok$.with-dash' },
  { steps: ['a.b'], path: '$["a.b"]' },
  { steps: ['0'], path: '$["0"]' },
  { steps: [''], path: '$[""]' },
  { steps: ['a\n\ud800'], path: '$["a\\n\\ud800"]' },
  { steps: ['x'.repeat(64)], path: `$.${'x'.repeat(64)}` },
  { steps: ['x'.repeat(65)], path: `$["${'x'.repeat(64)}…"]` },
])('$path', ({ steps, path }) => {
  expect(jsonPath(steps)).toBe(path);
});
