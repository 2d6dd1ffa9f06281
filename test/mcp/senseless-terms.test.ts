/** Terms in the configuration for a tool that its server does not have: somebody is told, once. */
import { expect, test } from 'vitest';
import { offering, scripted, toolOf } from './scripted.ts';
import { policyFor, Stage } from './stage.ts';

test('terms of a tool that is not there are reported once, and those of one that is there are not', async () => {
  const tools = { echo: { resource: 'echo' }, ecko: { hidden: true } };
  const stage = await Stage.open({
    servers: { a: scripted(offering(toolOf('echo')), { tools }) },
    policy: policyFor(['a.echo']),
  });
  const client = await stage.client();
  await client.listTools();
  await client.listTools();
  const told = stage.reports.filter((report) => report.includes('has no effect'));
  expect(told).toEqual([
    '`servers.a.tools.ecko` of the configuration has no effect: the server has no such tool',
  ]);
  await stage.close();
});
