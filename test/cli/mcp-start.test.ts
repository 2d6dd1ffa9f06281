/** `mcp` with programs that cannot be started: whoever configured them is told at once, by the exit code too. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Liar } from '../mcp/lying.ts';
import { policyFor, temporaryFolder } from '../mcp/stage.ts';
import { cliProcess } from './run-cli.ts';

function written(folder: string, name: string, value: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(value));
  return path;
}

/** A gateway in front of `servers`, whose client goes away at once. */
function gateway(folder: string, servers: object) {
  written(folder, 'policy.json', policyFor(['liar.echo']));
  const principal = { id: 'user:ada', org: 'acme' };
  const file = { format: 1, policy: 'policy.json', principal, agent: 'desk-bot', servers };
  return cliProcess({}, 'mcp', '--config', written(folder, 'gateway.json', file));
}

test.each([
  ['/no/such/program', 'there is no such program'],
  ['no-such-program-on-the-path', 'there is no such program'],
  ['./no-such-program', 'there is no such program'],
  [import.meta.dirname, 'there is no such program'],
  [import.meta.filename, 'EACCES'],
])(
  'one server whose program is %s cannot be governed, and nothing is opened',
  async (program, why) => {
    const folder = temporaryFolder();
    const policy = written(folder, 'policy.json', policyFor(['mcp.any']));
    const { code, stdout, stderr } = await cliProcess({}, 'mcp', '--policy', policy, '--', program);
    expect(stderr).toBe(
      `error: no server can be started: server mcp: its program \`${program}\` cannot be started: ` +
        `${why}\nhelp: name a program that is there, by its path or so that PATH finds it\n`,
    );
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(existsSync(join(folder, 'policy.db'))).toBe(false);
  },
);

test('nor can one be whose folder is not there, or whose program is another than the pinned one', async () => {
  const command = [process.execPath];
  const servers = {
    folderless: { command, cwd: '/no/such/folder' },
    changed: { command, sha256: 'f'.repeat(64) },
  };
  const { code, stderr } = await gateway(temporaryFolder(), servers);
  expect(code).toBe(2);
  expect(stderr).toContain('server folderless: its program');
  expect(stderr).toContain('or no folder `/no/such/folder` to start it in');
  expect(stderr).toContain('server changed: ');
  expect(stderr).toContain('is not the program that was pinned');
});

test('of several servers, one whose program is not there keeps nobody from the others', async () => {
  const servers = { absent: { command: ['/no/such/program'] }, liar: new Liar().server() };
  const { code, stderr } = await gateway(temporaryFolder(), servers);
  expect(stderr).toContain('decides with');
  expect(code).toBe(0);
});
