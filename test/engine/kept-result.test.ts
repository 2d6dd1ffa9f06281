/** What a call gave, told to its own session a second time: as it was passed on, and as long as it is kept. */
import { mkdtempSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  ActionRefused,
  type CallOptions,
  guard,
  openControlPlane,
  type Session,
} from '../../src/index.ts';
import { limits } from '../../src/kernel/index.ts';
import { sqlite } from '../../src/storage/sqlite/sqlite-storage.ts';
import { openOneTool } from './one-tool.ts';

const secret = `ghp_${'a1'.repeat(18)}`;
const tool = { name: 'read', action: 'file.read' };
const keyed: CallOptions = { idempotencyKey: 'k-1' };
const guardrail = (effect: string) => ({
  guardrails: { output: [{ id: 'keys', evaluator: 'secrets', effect }] },
});

/** The decision that a repetition is refused with. */
async function refusedDecision(repeated: Promise<unknown>): Promise<string> {
  const failure: unknown = await repeated.catch((each: unknown) => each);
  if (!ActionRefused.is(failure)) throw failure;
  return failure.decision.id;
}

async function calledOnce(execute: () => unknown, policy?: object) {
  const { plane, session } = await openOneTool({ tool, policy });
  const read = guard(session, { ...tool, execute });
  const first = await read({}, keyed).catch(() => undefined);
  return { plane, session, first, decision: await refusedDecision(read({}, keyed)) };
}

test('it is what the first call gave', async () => {
  const { session, first, decision } = await calledOnce(() => ({ rows: [1, { deep: 'ü' }] }));
  expect(first).toEqual({ rows: [1, { deep: 'ü' }] });
  expect(await session.resultOf(decision)).toEqual(first);
});

test('of a call that failed it is the text of the failure', async () => {
  const { session, decision } = await calledOnce(() =>
    Promise.reject(new Error('the disk is full')),
  );
  expect(await session.resultOf(decision)).toBe('Error: the disk is full');
});

test('what guardrails took out is not in it', async () => {
  const { session, first, decision } = await calledOnce(() => [secret], guardrail('redact'));
  expect(await session.resultOf(decision)).toEqual(['[redacted:keys]']);
  expect(first).toEqual(['[redacted:keys]']);
});

test('it is found however much the log took on while the call ran', async () => {
  const { session } = await openOneTool({ tool });
  const other = guard(session, { ...tool, execute: () => 'other' });
  const slow = guard(session, {
    ...tool,
    execute: async () => {
      await Promise.all(Array.from({ length: 400 }, () => other({})));
      return 'slow';
    },
  });
  await slow({}, keyed);
  expect(await session.resultOf(await refusedDecision(slow({}, keyed)))).toBe('slow');
});

const nothing: readonly (readonly [string, () => unknown, object])[] = [
  ['what was withheld', () => [secret], guardrail('withhold')],
  [
    'what shadow mode passed on and the log keeps without its secrets',
    () => [secret],
    { ...guardrail('redact'), mode: 'shadow' },
  ],
  ['what is too large to be kept', () => 'x'.repeat(limits.resultBytesMax), {}],
];
test.each(nothing)('there is nothing of %s', async (_, execute, policy) => {
  const { session, decision } = await calledOnce(execute, policy);
  expect(await session.resultOf(decision)).toBeUndefined();
});

test('there is nothing of a call that still runs', async () => {
  const { session } = await openOneTool({ tool });
  const { promise, resolve } = Promise.withResolvers<string>();
  const started = Promise.withResolvers<void>();
  const execute = (): Promise<string> => {
    started.resolve();
    return promise;
  };
  const read = guard(session, { ...tool, execute });
  const first = read({}, keyed);
  await started.promise;
  const decision = await refusedDecision(read({}, keyed));
  expect(await session.resultOf(decision)).toBeUndefined();
  resolve('done');
  await first;
  expect(await session.resultOf(decision)).toBe('done');
});

test('another session gets nothing, and there is nothing of what was never decided', async () => {
  const { plane, session, decision } = await calledOnce(() => 'mine');
  const principal = plane.identity.assert({ id: 'ann', org: 'acme', roles: ['agent'] });
  const other = await plane.openSession({ principal, agent: 'bot' });
  expect(await other.resultOf(decision)).toBeUndefined();
  expect(await session.resultOf('nobody')).toBeUndefined();
});

test('after a restart it is there, until it is erased', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'acp-kept-')), 'log.db');
  const policy = {
    format: 1,
    version: 1,
    actions: { [tool.action]: {} },
    tiers: { unrestricted: [tool.action] },
  };
  const opened = async (): Promise<Session> => {
    const plane = await openControlPlane({
      storage: sqlite(file),
      policy,
      agents: ['bot'],
      tools: [tool],
    });
    onTestFinished(() => plane.close());
    const principal = plane.identity.assert({ id: 'ann', org: 'acme', roles: ['agent'] });
    return plane.openSession({ principal, agent: 'bot', idempotencyKey: 's-1' });
  };
  const execute = (): string => 'kept';
  await guard(await opened(), { ...tool, execute })({}, keyed);
  const session = await opened();
  const decision = await refusedDecision(guard(session, { ...tool, execute })({}, keyed));
  expect(await session.resultOf(decision)).toBe('kept');
  const database = new DatabaseSync(file);
  database.exec("UPDATE content SET salt = NULL, text = NULL WHERE field = 'result'");
  database.close();
  expect(await session.resultOf(decision)).toBeUndefined();
});
