/** The gateway in front of servers that others wrote, driven by the SDK's own client of both eras. */
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { realServer } from './real-servers.ts';
import { policyFor, Stage, temporaryFolder, textOf } from './stage.ts';

let stage: Stage | undefined;

afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

describe.each(['legacy', 'modern'] as const)('a client of the %s era', (era) => {
  const clientOf = (on: Stage) => (era === 'modern' ? on.modernClient() : on.client());

  test('reads a file, and what it may not write is not written', async () => {
    const folder = realpathSync(temporaryFolder());
    writeFileSync(join(folder, 'a.txt'), 'hello');
    stage = await Stage.open({
      servers: { files: { command: realServer('filesystem', folder) } },
      policy: policyFor(['files.read_text_file', 'files.write_file'], {
        tiers: { unrestricted: ['files.read_text_file'] },
        rules: [{ id: 'ask', effect: 'require-approval', match: { action: 'files.write_file' } }],
      }),
    });
    const client = await clientOf(stage);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).toSorted()).toEqual([
      'files__read_text_file',
      'files__write_file',
    ]);
    const path = join(folder, 'a.txt');
    const read = await client.callTool({ name: 'files__read_text_file', arguments: { path } });
    expect(textOf(read)).toBe('hello');
    const target = join(folder, 'b.txt');
    const call = { name: 'files__write_file', arguments: { path: target, content: 'new' } };
    const held = await client.callTool(call);
    expect(held.isError).toBe(true);
    expect(textOf(held)).toContain('approval-required');
    expect(existsSync(target)).toBe(false);
    const [ticket] = stage.plane.pendingTickets('acme');
    expect(held._meta?.['agent-control-plane/refusal']).toMatchObject({ ticket: ticket?.id });
    await stage.plane.approve({
      ticket: ticket?.id ?? '',
      by: stage.principal('user:bob', 'approver'),
    });
    const written = await client.callTool(call);
    expect(written.isError).not.toBe(true);
    expect(readFileSync(target, 'utf8')).toBe('new');
    expect((await client.callTool(call)).isError).toBe(true);
  });
});
