/** A server whose program cannot be started: whoever reads standard error sees which one, and why. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import type { ServerConfig } from '../../src/enforce/mcp/index.ts';
import { startProblem } from '../../src/enforce/mcp/upstream/reach.ts';
import { policyFor, Stage } from './stage.ts';

/** What the system says of it, as the problem that is told. */
async function problemOf(program: string, cwd?: string): Promise<string | undefined> {
  const options = cwd === undefined ? {} : { cwd };
  const [failure] = (await once(spawn(program, options), 'spawn').catch((error: unknown) => [
    error,
  ])) as readonly unknown[];
  const target = { kind: 'process', command: [program], env: {}, ...options };
  return startProblem(failure, { target } as unknown as ServerConfig);
}

test('a program that is not there is named', async () => {
  const problem = 'its program `/no/such/program` cannot be started: there is no such program';
  expect(await problemOf('/no/such/program')).toBe(problem);
  const orFolder = `${problem}, or no folder \`/no/folder\` to start it in`;
  expect(await problemOf('/no/such/program', '/no/folder')).toBe(orFolder);
});

test('a file that is no program is named, with what the system says', async () => {
  const path = import.meta.filename;
  expect(await problemOf(path)).toBe(`its program \`${path}\` cannot be started: EACCES`);
});

test('the gateway reports it when it tries to start such a server', async () => {
  const servers = { jobs: { command: ['/no/such/program'], protocol: 'legacy' } };
  const stage = await Stage.open({ servers, policy: policyFor(['jobs.any']) });
  await stage.client();
  const problem = 'its program `/no/such/program` cannot be started: there is no such program';
  await expect.poll(() => stage.reports.join('\n')).toContain(problem);
  await stage.close();
});
