/** Servers are asked once for what they offer, and let go of whatever comes of it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openGateway, pinServers } from '../../src/enforce/mcp/index.ts';
import { ControlPlaneError } from '../../src/engine/index.ts';
import { program } from '../programs.ts';
import { seenAs } from './counting.ts';
import { policyFor, Stage, temporaryFolder } from './stage.ts';

let stage: Stage;

afterEach(() => stage.close());

async function opened(): Promise<{ readonly journal: string }> {
  const journal = join(temporaryFolder(), 'asked.txt');
  const command = [process.execPath, program('resource-server'), journal];
  stage = await Stage.open({
    servers: { notes: { command, protocol: 'legacy' } },
    policy: policyFor(['notes.touch']),
  });
  return { journal };
}

test('nobody has to say what the program is, or where reports go', async () => {
  await opened();
  const { offered } = await pinServers(stage.plane, stage.config);
  expect(offered.map(({ name }) => name)).toEqual(['notes__touch', 'notes__die']);
});

test('an option that is misspelt is refused: reports would go nowhere', async () => {
  await opened();
  const options = { version: '1', reporter: () => {} };
  await expect(pinServers(stage.plane, stage.config, options)).rejects.toMatchObject({
    code: 'input-invalid',
    message: expect.stringContaining('`reporter` is not known') as unknown,
  });
});

test('what is no control plane, or no configuration as it was read, is refused with a code', async () => {
  await opened();
  const { plane, config } = stage;
  const file = { format: 1, principal: { id: 'user:ada', org: 'acme' }, agent: 'bot', servers: {} };
  const whole = { config, authenticators: [] };
  for (const odd of [undefined, file, whole] as unknown as (typeof config)[]) {
    const refused = { code: 'input-invalid', message: '`config` is no configuration of a gateway' };
    await expect(pinServers(plane, odd)).rejects.toMatchObject(refused);
    await expect(openGateway({ plane, config: odd })).rejects.toMatchObject(refused);
  }
  for (const odd of [undefined, Promise.resolve(plane)] as unknown as (typeof plane)[]) {
    const refused = { code: 'input-invalid', message: '`plane` is no control plane' };
    await expect(pinServers(odd, config)).rejects.toMatchObject(refused);
    await expect(openGateway({ plane: odd, config })).rejects.toMatchObject(refused);
  }
});

test('a server is let go of where what it offers cannot be pinned', async () => {
  const { journal } = await opened();
  const failure = new ControlPlaneError('store-unavailable', 'not now');
  const plane = seenAs(stage.plane, { registerTool: () => Promise.reject(failure) });
  await expect(pinServers(plane, stage.config)).rejects.toBe(failure);
  await expect.poll(() => existsSync(journal) && readFileSync(journal, 'utf8')).toBe('gone\n');
});
