/** What is not governed stops with the session, too: also what was asked before the session was stopped. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { offering, scripted, toolOf } from './scripted.ts';
import { policyFor, Stage, temporaryFolder } from './stage.ts';

let stage: Stage | undefined;

afterEach(() => stage?.close());

test('a reading that runs when a kill switch is pulled is not answered any more', async () => {
  const gate = join(temporaryFolder(), 'gate');
  const secret = { contents: [{ uri: 'note:one', text: 'what it says' }] };
  const server = scripted({
    ...offering(toolOf('echo')),
    'resources/read': [{ result: JSON.stringify(secret), after: gate }],
  });
  stage = await Stage.open({ servers: { a: server }, policy: policyFor(['a.echo']) });
  const client = await stage.client();
  const reading = client.readResource({ uri: 'note:one' }).catch((failure: unknown) => failure);
  await expect.poll(() => existsSync(`${gate}.asked`)).toBe(true);
  const by = stage.principal('user:root', 'platform-admin');
  await stage.plane.kill({ scope: { kind: 'system' }, by, reason: 'stop' });
  writeFileSync(gate, '');
  expect(String(await reading)).toMatch(/kill/);
});
