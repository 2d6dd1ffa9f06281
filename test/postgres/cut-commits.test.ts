/** A connection is cut around its commit: what became of the commit is found out, never guessed (I7, I29). */
import { expect, test } from 'vitest';
import type { CommitFault } from './proxy.ts';
import { suffer } from './suffering.ts';

/** Every so many commits one is hurt: a caller gives up after a few in a row, and two processes take turns. */
const strikeEvery = 7;
const strikes = 8;

const faults: readonly CommitFault[] = ['before', 'at', 'after'];

test.each(faults)('of a commit cut %s its forwarding the outcome is found', async (fault) => {
  await suffer({}, async (suffering) => {
    const { proxy } = suffering;
    let commits = 0;
    proxy.onCommit = () => {
      commits += 1;
      return commits % strikeEvery === 0 && proxy.struck < strikes ? fault : undefined;
    };
    await suffering.actUntil(() => proxy.struck >= strikes);
    expect(suffering.failures).toEqual([]);
    await suffering.actWell();
  });
});

test('where no commit gets through, nobody is told that anything was decided', async () => {
  await suffer({ processes: 1 }, async (suffering) => {
    const { proxy, schema } = suffering;
    await suffering.actWell(5);
    const sizeOf = async () => (await schema.sql('SELECT size FROM $s.log'))[0]?.['size'];
    const [before, acknowledged] = [await sizeOf(), suffering.acknowledged];
    proxy.onCommit = () => 'before';
    await suffering.actUntil(() => suffering.failures.length >= 3);
    expect(new Set(suffering.failures)).toEqual(new Set(['outcome-unknown']));
    expect(suffering.acknowledged).toBe(acknowledged);
    expect(await sizeOf()).toBe(before);
    proxy.onCommit = () => undefined;
    await suffering.actWell();
  });
});
