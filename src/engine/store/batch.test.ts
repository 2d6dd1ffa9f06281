/** A batch of commands of which one cannot be decided: it alone fails, and nothing of it is kept. */
import { expect, test } from 'vitest';
import type { Command } from '../../kernel/index.ts';
import { emptyFrontier, emptyRoot } from '../../log/index.ts';
import { BatchInProgress } from './batch.ts';
import { RecordCache } from './record-cache.ts';

const admin = { id: 'ada', org: 'acme', roles: ['platform-admin'], via: 'configuration' };
const head = { ...emptyFrontier, frontier: [], previous: null, root: emptyRoot, at: 0 };

function registering(name: string, version: string, id = `register ${name}`): Command {
  const agent = { org: '*', name, version, capabilities: [{ actions: ['**'] }] };
  return { kind: 'register-agent', id, by: admin, agent };
}

function decided(...commands: readonly Command[]) {
  const batch = new BatchInProgress('main', head, new RecordCache(), 1_000);
  for (const command of commands) batch.decide({ command, contents: [] });
  return batch.finish();
}

/** It has no canonical form, which is seen when its entry is sealed, after its records were made. */
const unsealable = '\ud800';

test.each([
  ['a record that was not there', 'new'],
  ['a record that the batch has made', 'bot'],
])('of a command that fails nothing is kept: %s', (_, name) => {
  const whole = decided(registering('bot', '1'), registering('clerk', '1'));
  const { outcomes, ...others } = decided(
    registering('bot', '1'),
    registering(name, '2', unsealable),
    registering('clerk', '1'),
  );
  expect(outcomes.map((outcome) => 'failure' in outcome)).toEqual([false, true, false]);
  expect(others.batch).toEqual(whole.batch);
  expect([...others.changes]).toEqual([...whole.changes]);
});

test('of a command whose contents make no sense nothing is kept', () => {
  const batch = new BatchInProgress('main', head, new RecordCache(), 1_000);
  const command = registering('bot', '1');
  batch.decide({ command, contents: [null] as never });
  batch.decide({ command, contents: [] });
  const { outcomes, batch: written, events } = batch.finish();
  expect(outcomes.map((outcome) => 'failure' in outcome)).toEqual([true, false]);
  expect([written.entries.length, events.length]).toEqual([1, 1]);
});
