/** How many entries a reader asks for: a limit that is no count is refused, and never taken for none. */
import { expect, test } from 'vitest';
import { codeOf } from './shop.ts';
import { openOneTool } from './one-tool.ts';

test.each([Number.NaN, -1, 1.5, '3' as unknown as number])(
  'a limit of %s is refused',
  async (limit) => {
    const { plane } = await openOneTool({ tool: { name: 'send', action: 'mail.send' } });
    const reader = plane.readAs(
      plane.identity.assert({ id: 'ann', org: 'acme', roles: ['auditor'] }),
    );
    expect(await codeOf(plane.events({ limit }).next())).toBe('input-invalid');
    expect(await codeOf(reader.events({ limit }).next())).toBe('input-invalid');
  },
);

test('a limit is kept to', async () => {
  const { plane } = await openOneTool({ tool: { name: 'send', action: 'mail.send' } });
  const indexes: number[] = [];
  for await (const { index } of plane.events({ limit: 2 })) indexes.push(index);
  expect(indexes).toEqual([0, 1]);
  expect(await plane.events({ limit: 0 }).next()).toMatchObject({ done: true });
});
