/** What providers and the counts of hosts answer may be anything: the permit of the call ends all the same. */
import { MockLanguageModelV4 } from 'ai/test';
import { expect, test } from 'vitest';
import { governModel, type GovernModelOptions } from '../../src/enforce/adapters/ai-sdk.ts';
import { ann, lastOf, openModels } from './models.ts';

type Generated = Awaited<ReturnType<MockLanguageModelV4['doGenerate']>>;
type Streamed = Awaited<ReturnType<MockLanguageModelV4['doStream']>>;

/** What a promise comes to; `failed` where it rejects. */
const fateOf = (work: PromiseLike<unknown>) =>
  Promise.resolve(work).then(
    () => 'done',
    () => 'failed',
  );

async function partsOf(stream: ReadableStream<unknown>): Promise<number> {
  let parts = 0;
  for await (const _ of stream) parts += 1;
  return parts;
}

async function stage(answers: object, options: GovernModelOptions = {}) {
  const plane = await openModels();
  const budget = { usd: '1', concurrent: 1 };
  const session = await plane.openSession({ principal: ann(plane), agent: 'bot', budget });
  const model = new MockLanguageModelV4({ modelId: 'small', provider: 'mock', ...answers });
  const governed = governModel(session, model, { maxOutputTokens: 50, ...options });
  const account = async () => {
    const { posted, reserved } = (await plane.budget(session.id, 'usd')) ?? {};
    const { reserved: running } = (await plane.budget(session.id, 'concurrent')) ?? {};
    return { posted, reserved, running };
  };
  /** All that was reserved, posted. */
  const inFull = async () => {
    const { reservations } = await lastOf(plane, 'action-decided');
    const held = reservations as { readonly unit: string; readonly amount: number }[];
    const posted = held.find(({ unit }) => unit === 'usd')?.amount;
    return { posted, reserved: 0, running: 0 };
  };
  return { plane, governed, account, inFull };
}

const unreadable = Object.defineProperty({}, 'content', {
  get: () => {
    throw new Error('a getter');
  },
});

test.each([
  ['no answer', undefined],
  ['an answer that cannot be read', unreadable],
])('a model that generates %s has failed, and its permit does not stay open', async (_, answer) => {
  const doGenerate = () => Promise.resolve(answer as Generated);
  const { plane, governed, account, inFull } = await stage({ doGenerate });
  expect(await fateOf(governed.doGenerate({ prompt: [] }))).toBe('failed');
  expect(await account()).toEqual(await inFull());
  expect(await lastOf(plane, 'permit-settled')).toMatchObject({ outcome: 'failed' });
  await plane.close();
});

test.each([
  ['no answer', undefined],
  ['an answer without a stream', {}],
])('a model that streams %s has failed, and its permit does not stay open', async (_, answer) => {
  const doStream = () => Promise.resolve(answer as Streamed);
  const { plane, governed, account, inFull } = await stage({ doStream });
  expect(await fateOf(governed.doStream({ prompt: [] }))).toBe('failed');
  expect(await account()).toEqual(await inFull());
  await plane.close();
});

test.each([
  ['null', null],
  ['an empty object', {}],
  ['a number', 5],
])(
  'usage that is %s is none, generated or streamed: all that was reserved counts',
  async (_, usage) => {
    const finishReason = { unified: 'stop', raw: 'stop' };
    const answer = { content: [], finishReason, usage, warnings: [] };
    const stream = ReadableStream.from([{ type: 'finish', finishReason, usage }]);
    const { plane, governed, account, inFull } = await stage({
      doGenerate: () => Promise.resolve(answer),
      doStream: () => Promise.resolve({ stream }),
    });
    await governed.doGenerate({ prompt: [] });
    const once = await inFull();
    expect(await account()).toEqual(once);
    const { stream: passed } = await governed.doStream({ prompt: [] });
    expect(await partsOf(passed)).toBe(1);
    expect(await account()).toEqual({ ...once, posted: 2 * Number(once.posted) });
    await plane.close();
  },
);

const delta = { type: 'text-delta', id: '1', delta: 'x' };
const throwing = () => {
  throw new Error('no tokenizer');
};

test.each([
  ['a part that is none', null, {}],
  ['a part without the text that it says it has', { ...delta, delta: undefined }, {}],
  ['a count that throws', delta, { countOutput: throwing }],
  ['a count that is less than nothing', delta, { countOutput: () => -1 }],
  ['a count that is no number', delta, { countOutput: () => NaN }],
])('a stream with %s is cut, and settled in full', async (_, part, options) => {
  let cancelled = false;
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue(part);
      controller.enqueue({ type: 'finish' });
    },
    cancel: () => void (cancelled = true),
  });
  const doStream = () => Promise.resolve({ stream });
  const { plane, governed, account, inFull } = await stage({ doStream }, options);
  const { stream: passed } = await governed.doStream({ prompt: [] });
  expect(await fateOf(partsOf(passed))).toBe('failed');
  expect(cancelled).toBe(true);
  expect(await account()).toEqual(await inFull());
  await plane.close();
});

test('thinking that is counted as less than nothing takes nothing from what is reserved', async () => {
  const { plane, governed, account } = await stage({}, { countThinking: () => -40 });
  await expect(governed.doGenerate({ prompt: [] })).rejects.toMatchObject({
    code: 'input-invalid',
  });
  expect(await account()).toEqual({ posted: 0, reserved: 0, running: 0 });
  await plane.close();
});
