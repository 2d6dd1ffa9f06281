/**
 * Processes on one log that ask for one session's lease in the same moment: exactly one gets it (A131),
 * and only that one acts.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { expect, test } from 'vitest';
import { openControlPlane, verify } from '../../src/index.ts';
import { newPlace } from './new-place.ts';
import { storeAt } from './place.ts';

const taker = join(import.meta.dirname, 'lease-taker.ts');

test.each([2, 8])('A131 of %i processes, one gets the lease of a session', async (processes) => {
  const { place, remove } = await newPlace();
  try {
    const id = await prepared(place);
    const running = Array.from({ length: processes }, (_, number) => {
      const child = spawn(process.execPath, [taker, place, id, `worker-${number}`], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const ended = new Promise((resolve) => void child.on('close', resolve));
      return { child, ended, lines: linesOf(createInterface(child.stdout)) };
    });
    for (const { lines } of running) expect(await lines()).toBe('ready');
    for (const { child } of running) child.stdin.write('go\n');
    const said = await Promise.all(running.map(({ lines }) => lines()));
    for (const { child } of running) child.stdin.end();
    await Promise.all(running.map(({ ended }) => ended));

    expect(said.filter((line) => line === 'got 1')).toHaveLength(1);
    expect(said.filter((line) => line === 'lease-held')).toHaveLength(processes - 1);
    const store = storeAt(place);
    expect((await verify(store)).faults).toEqual([]);
    await store.close();
  } finally {
    await remove();
  }
});

async function prepared(place: string): Promise<string> {
  const plane = await openControlPlane({
    storage: storeAt(place),
    policy: {
      format: 1,
      version: 1,
      actions: { 'loop.work': {} },
      tiers: { unrestricted: ['loop.work'] },
    },
    agents: ['bot'],
    tools: [{ name: 'work', action: 'loop.work' }],
  });
  const principal = plane.identity.assert({ id: 'service:loop', org: 'acme', roles: ['agent'] });
  const { id } = await plane.openSession({ principal, agent: 'bot' });
  await plane.close();
  return id;
}

/** The lines that come, one at each call. */
function linesOf(lines: Interface): () => Promise<string | undefined> {
  const iterator = lines[Symbol.asyncIterator]();
  return async () => {
    const { value } = (await iterator.next()) as { value: string | undefined };
    return value;
  };
}
