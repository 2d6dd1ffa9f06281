/** Replay: the same policy gives every recorded verdict again, a candidate is told by its flips. */
import { expect, test } from 'vitest';
import { checkPolicy, type PolicyDocument } from '../../src/kernel/index.ts';
import { replayPolicy, type PolicyFlip } from '../../src/engine/index.ts';
import { guard } from '../../src/index.ts';
import { memory } from '../../src/storage/memory.ts';
import { type History, makeHistory } from '../pins/history.ts';
import { openOneTool } from './one-tool.ts';

async function storeOf({ log, head, entries, contents, records }: History) {
  const store = memory();
  await store.open(log);
  await store.append({ expectedSize: 0, expectedPrevious: null, entries, contents, records, head });
  return store;
}

function documentIn(history: History): PolicyDocument {
  const active = history.records.find(({ kind }) => kind === 'policy');
  const { document } = JSON.parse(active?.value ?? '') as { readonly document: PolicyDocument };
  return document;
}

function checked(document: unknown): PolicyDocument {
  const result = checkPolicy(document);
  if ('findings' in result) throw new Error(JSON.stringify(result.findings));
  return result.document;
}

test('without a candidate, every decision comes out again to the byte', async () => {
  const flips: PolicyFlip[] = [];
  const store = await storeOf(await makeHistory());
  const report = await replayPolicy(store, { onFlip: (flip) => flips.push(flip) });
  expect(flips).toEqual([]);
  expect(report.replayed).toBeGreaterThan(10);
  expect(report.notAsked).toBe(0);
  expect(report.erased).toBe(0);
});

test('a decision whose entry was rewritten does not come out again', async () => {
  const history = await makeHistory();
  const entries = history.entries.map((entry) => ({
    ...entry,
    body: entry.body.includes('"type":"action-decided"')
      ? entry.body.replace('"risk":"high"', '"risk":"low"')
      : entry.body,
  }));
  expect(entries).not.toEqual(history.entries);
  const flips: PolicyFlip[] = [];
  const store = await storeOf({ ...history, entries });
  await replayPolicy(store, { onFlip: (flip) => flips.push(flip) });
  expect(flips.length).toBeGreaterThan(0);
  expect(flips.every(({ differs }) => differs.includes('risk'))).toBe(true);
});

test('a candidate’s flips are listed with agent, action and both answers', async () => {
  const history = await makeHistory();
  const { tiers: _, rules: __, guardrails: ___, ...rest } = documentIn(history);
  const candidate = checked({
    ...rest,
    version: 9,
    tiers: { blocked: ['text.*'], unrestricted: ['order.*'] },
  });
  const flips: PolicyFlip[] = [];
  const report = await replayPolicy(await storeOf(history), {
    candidate,
    onFlip: (flip) => flips.push(flip),
  });
  expect(report.flips).toBe(flips.length);
  const changes = new Set(flips.map(({ action, before, after }) => `${action} ${before} ${after}`));
  expect([...changes].toSorted()).toEqual([
    'model.call allow deny',
    'order.delete steer allow',
    'order.read deny allow',
    'order.refund require-approval allow',
    'text.summarise allow deny',
  ]);
  expect(new Set(flips.map(({ agent }) => agent))).toEqual(new Set(['clerk', 'writer']));
});

test('a candidate that is misspelt is refused: it would have no flips', async () => {
  const history = await makeHistory();
  const options = { candidat: documentIn(history) };
  await expect(replayPolicy(await storeOf(history), options as never)).rejects.toMatchObject({
    code: 'input-invalid',
    message: expect.stringContaining('`candidat` is not known') as unknown,
  });
});

test.each([
  ['a misspelt member', { rule: [] }, '`rule` is not known here'],
  ['CEL that was not read', { rules: [{ id: 'r', effect: 'deny', when: 'risk == "low"' }] }, 'CEL'],
])('a candidate with %s is refused: what it meant would not be asked', async (_, more, said) => {
  const history = await makeHistory();
  const candidate = { ...documentIn(history), ...more } as never;
  await expect(replayPolicy(await storeOf(history), { candidate })).rejects.toMatchObject({
    code: 'policy-invalid',
    message: expect.stringContaining(said) as unknown,
  });
});

test('a decision whose arguments were erased is counted and not guessed at', async () => {
  const history = await makeHistory();
  const contents = history.contents.filter(({ field }) => field !== 'arguments');
  const report = await replayPolicy(await storeOf({ ...history, contents }));
  expect(report.replayed).toBe(0);
  expect(report.erased).toBeGreaterThan(10);
});

test('what one evaluator found is not taken for the answer of another one of the same name in the policy', async () => {
  const guardrail = (patterns: readonly string[]) => ({
    guardrails: {
      tool: [{ id: 'words', evaluator: 'regex', config: { patterns, refuseOn: 'match' } }],
    },
  });
  const policy = guardrail(['forbidden']);
  const tool = { name: 'send', action: 'mail.send' };
  const { session, storage } = await openOneTool({ tool, policy });
  const send = guard(session, { ...tool, execute: () => 'sent' });
  expect(await send({ text: 'a secret' })).toBe('sent');
  const flipsUnder = async (patterns: readonly string[]) => {
    const flips: PolicyFlip[] = [];
    const base = { format: 1, version: 2, actions: { 'mail.send': {} } };
    const tiers = { unrestricted: ['mail.send'] };
    const candidate = checked({ ...base, tiers, ...guardrail(patterns) });
    await replayPolicy(storage, { candidate, onFlip: (flip) => flips.push(flip) });
    return flips.map(({ after, determinedBy, message }) => [after, determinedBy, message]);
  };
  expect(await flipsUnder(['forbidden'])).toEqual([]);
  const notRun = '`guardrail:words`: the evaluator has not run';
  expect(await flipsUnder(['secret'])).toEqual([['deny', ['guardrail:words'], notRun]]);
});
