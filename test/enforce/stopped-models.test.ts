/** Governed models of the AI SDK that are stopped: before they are sent to, and while the provider works. */
import { MockLanguageModelV4 } from 'ai/test';
import { expect, test } from 'vitest';
import { governModel } from '../../src/enforce/adapters/ai-sdk.ts';
import { bindTool, modelTool } from '../../src/engine/index.ts';
import { callModel } from '../../src/index.ts';
import { codeOf } from '../engine/shop.ts';
import { ann, lastOf, modelPolicy, openModels } from './models.ts';

type Params = Parameters<MockLanguageModelV4['doGenerate']>[0];

/** A governed model whose provider does what `send` does, and the account of its session. */
async function stage(send: (params: Params) => unknown) {
  const plane = await openModels();
  const budget = { usd: '1' };
  const session = await plane.openSession({ principal: ann(plane), agent: 'bot', budget });
  const sent = async (params: Params) => (await send(params)) as never;
  const model = new MockLanguageModelV4({
    modelId: 'small',
    provider: 'mock',
    doGenerate: sent,
    doStream: sent,
  });
  const governed = governModel(session, model, { maxOutputTokens: 50 });
  const by = plane.identity.assert({ id: 'user:op', org: 'acme', roles: ['operator'] });
  const scope = { kind: 'model', org: 'acme', name: 'small' } as const;
  const kill = () => plane.kill({ scope, by, reason: 'a test' });
  const account = async () => {
    const { posted, reserved } = (await plane.budget(session.id, 'usd')) ?? {};
    return [posted, reserved];
  };
  return { plane, session, governed, kill, account };
}

function abortable() {
  const caller = new AbortController();
  return { signal: caller.signal, abort: () => caller.abort('enough') };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}

test.each(['doGenerate', 'doStream'] as const)(
  'a kill reaches the provider that works on a call of %s, whatever signal the caller has',
  async (way) => {
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    let got: AbortSignal | undefined;
    const { plane, governed, kill } = await stage(({ abortSignal }) => {
      got = abortSignal;
      begin();
      return new Promise((_, reject) => {
        abortSignal?.addEventListener('abort', () => reject(abortSignal.reason as Error));
      });
    });
    const { signal: abortSignal } = new AbortController();
    const called = codeOf(Promise.resolve(governed[way]({ prompt: [], abortSignal })));
    await begun;
    await kill();
    expect(got?.aborted).toBe(true);
    expect(await called).toBe('killed');
    await plane.close();
  },
);

test.each(['doGenerate', 'doStream', 'callModel'] as const)(
  'nothing is sent by %s once whoever asked gave up, however late, and what was not sent is free',
  async (way) => {
    for (let between = 0; between < 16; between += 1) {
      const { signal, abort } = abortable();
      const seen: (boolean | undefined)[] = [];
      const { plane, session, governed, account } = await stage(({ abortSignal }) => {
        seen.push(abortSignal?.aborted);
        throw new Error('sent');
      });
      plane.subscribe(({ type }) => type === 'action-decided' && void turns(between).then(abort));
      const bounds = { model: 'small', maxInputTokens: 5, maxOutputTokens: 5, signal };
      const send = (context: { readonly signal: AbortSignal }) => {
        seen.push(context.signal.aborted);
        throw new Error('sent');
      };
      const called =
        way === 'callModel'
          ? callModel(session, bounds, send)
          : governed[way]({ prompt: [], abortSignal: signal });
      await codeOf(Promise.resolve(called));
      const [posted] = await account();
      expect(seen.length === 0 ? posted : seen).toEqual(seen.length === 0 ? 0 : [false]);
      await plane.close();
    }
  },
);

const delta = { type: 'text-delta', id: '1', delta: 'late' };

test.each([
  ['that comes after the kill', 'before', () => ReadableStream.from([delta, { type: 'finish' }])],
  ['whose provider is silent', 'while it is read', () => new ReadableStream()],
  [
    'whose provider heeds the signal',
    'while it is read',
    (signal?: AbortSignal) =>
      new ReadableStream({
        start: (controller) =>
          signal?.addEventListener('abort', () => controller.error(new Error('hung up'))),
      }),
  ],
])('a stream %s ends with it, and not before that is recorded', async (_, when, make) => {
  const { plane, governed, kill, account } = await stage(async ({ abortSignal }) => {
    if (when === 'before') await kill();
    return { stream: make(abortSignal) };
  });
  const { stream } = await governed.doStream({ prompt: [] });
  const read = codeOf(stream.getReader().read());
  if (when !== 'before') void kill();
  expect(await read).toBe('killed');
  const [posted, reserved] = await account();
  expect([Number(posted) > 0, reserved]).toEqual([true, 0]);
  await plane.close();
});

test('a stream whose end has come is passed on, whoever gives up while that is recorded', async () => {
  const parts = [{ ...delta }, { type: 'finish' }];
  const { plane, governed } = await stage(() => ({ stream: ReadableStream.from(parts) }));
  const caller = new AbortController();
  const { stream } = await governed.doStream({ prompt: [], abortSignal: caller.signal });
  plane.subscribe(({ type }) => type === 'permit-settled' && caller.abort('too late'));
  const seen: string[] = [];
  for await (const { type } of stream) seen.push(type);
  expect(seen).toEqual(['text-delta', 'finish']);
  expect(caller.signal.aborted).toBe(true);
  await plane.close();
});

test('of a stream that ends without its end, nobody knows what became', async () => {
  const { plane, governed } = await stage(() => ({ stream: ReadableStream.from([delta]) }));
  const { stream } = await governed.doStream({ prompt: [] });
  const seen: string[] = [];
  for await (const { type } of stream) seen.push(type);
  expect(seen).toEqual(['text-delta']);
  expect(await lastOf(plane, 'permit-settled')).toMatchObject({ outcome: 'unknown' });
  await plane.close();
});

test('a kill of a model makes void what waits for an approver of it, by whatever name it was asked for', async () => {
  const policy = { ...modelPolicy, tiers: { alwaysApprove: ['model.call'] } };
  const plane = await openModels({ policy });
  const session = await plane.openSession({ principal: ann(plane), agent: 'bot' });
  const ask = (name: string) =>
    session.authorize({
      tool: bindTool(modelTool),
      arguments: session.read({ prompt: name }),
      model: { name, inputTokensMax: 10, outputTokensMax: 10 },
    });
  const [small, other] = [await ask('small-alias'), await ask('boundless')];
  const by = plane.identity.assert({ id: 'user:op', org: 'acme', roles: ['operator'] });
  await plane.kill({ scope: { kind: 'model', org: 'acme', name: 'small' }, by, reason: 'a test' });
  const status = async (ticket = '') => (await plane.ticket(ticket))?.status;
  // Whatever is asked now is decided behind what the kill has made void.
  await ask('boundless');
  expect([await status(small.ticket), await status(other.ticket)]).toEqual([
    'cancelled',
    'pending',
  ]);
  await plane.close();
});
