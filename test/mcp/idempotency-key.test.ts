/** The key under which a client makes a call once: what can be none is refused by its name, and nothing is sent. */
import { expect, test } from 'vitest';
import { metaKeys } from '../../src/enforce/mcp/protocol/meta-keys.ts';
import { limits } from '../../src/kernel/index.ts';
import { lyingStage } from './lying.ts';
import { textOf } from './stage.ts';

test('a key that is too long, has spaces or is no text is refused, and the longest is taken', async () => {
  const { stage, liar } = await lyingStage();
  const client = await stage.client();
  const call = (key: unknown) =>
    client.callTool({
      name: 'liar__echo',
      arguments: {},
      _meta: { [metaKeys.idempotencyKey]: key },
    });
  const longest = 'k'.repeat(limits.idempotencyKeyLengthMax);
  for (const key of [`${longest}k`, 'a b', 'ä', '', 5]) {
    const refused = await call(key);
    expect(refused.isError).toBe(true);
    expect(textOf(refused)).toContain(`\`${metaKeys.idempotencyKey}\` must be 1 to`);
  }
  expect(liar.calls).toEqual([]);
  expect(textOf(await call(longest))).not.toContain('must be');
  expect(liar.callsOf('echo')).toHaveLength(1);
  await stage.close();
});
