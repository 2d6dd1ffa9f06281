/** A server of which a client is shown nothing: whoever reads standard error learns why, and is not left to guess. */
import { afterEach, expect, test } from 'vitest';
import { lyingStage } from './lying.ts';
import { policyFor, type Stage } from './stage.ts';

let stage: Stage;

afterEach(() => stage.close());

/** What is told of tools that are not shown, once a client has its list. */
async function toldWith(actions: readonly string[]): Promise<readonly string[]> {
  ({ stage } = await lyingStage({ policy: policyFor(actions) }));
  const client = await stage.client();
  const { tools } = await client.listTools();
  expect(tools).toHaveLength(actions.filter((action) => action.startsWith('liar.')).length);
  return stage.reports.filter((each) => each.includes(' tools is shown to '));
}

test('a policy of actions with other names than the tools have is told of, with the name that they have', async () => {
  const told = await toldWith(['files.echo']);
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(/^server liar: none of its \d+ tools is shown to desk-bot; liar__echo /);
  expect(told[0]).toContain(' is the action liar.echo: ');
});

test('nothing is told where one tool is shown', async () => {
  expect(await toldWith(['liar.echo'])).toEqual([]);
});
