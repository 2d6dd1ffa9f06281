/** Models of the AI SDK, governed, in the SDK's own loop: generate and stream. */
import { APICallError, generateText, streamText } from 'ai';
import { convertArrayToReadableStream, MockLanguageModelV4 } from 'ai/test';
import { expect, test } from 'vitest';
import { governModel, type GovernModelOptions } from '../../src/enforce/adapters/ai-sdk.ts';
import { ann, lastOf, modelPolicy, noSecret, openModels } from './models.ts';

type Generated = Awaited<ReturnType<MockLanguageModelV4['doGenerate']>>;
type Streamed = Awaited<ReturnType<MockLanguageModelV4['doStream']>>;
type Part = Streamed['stream'] extends ReadableStream<infer P> ? P : never;

function usageOf(input: number | undefined, output: number | undefined): Generated['usage'] {
  return {
    inputTokens: { total: input, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
    outputTokens: { total: output, text: undefined, reasoning: undefined },
  };
}

const stop = { unified: 'stop', raw: 'stop' } as const;

function generated(usage: Generated['usage'], text = 'hello'): Generated {
  return {
    content: [{ type: 'text', text }],
    finishReason: stop,
    usage,
    warnings: [],
    response: { modelId: 'small-2026-01-31' },
  };
}

function parts(deltas: readonly string[], finish: readonly Part[]): Part[] {
  return [
    { type: 'stream-start', warnings: [] },
    { type: 'response-metadata', modelId: 'small' },
    { type: 'text-start', id: '1' },
    ...deltas.map((delta): Part => ({ type: 'text-delta', id: '1', delta })),
    { type: 'text-end', id: '1' },
    ...finish,
  ];
}

const finish: Part = { type: 'finish', finishReason: stop, usage: usageOf(10, 5) };

function mock(more: ConstructorParameters<typeof MockLanguageModelV4>[0]) {
  return new MockLanguageModelV4({ modelId: 'small', provider: 'mock', ...more });
}

async function open(
  model: MockLanguageModelV4,
  options: GovernModelOptions = {},
  more: Parameters<typeof openModels>[0] = {},
) {
  const plane = await openModels(more);
  const session = await plane.openSession({
    principal: ann(plane),
    agent: 'bot',
    budget: { usd: '1' },
  });
  const governed = governModel(session, model, { maxOutputTokens: 50, ...options });
  const posted = async () => (await plane.budget(session.id, 'usd'))?.posted;
  return { plane, session, governed, posted };
}

const codeOf = (failure: unknown) => (failure as { code?: string }).code;

test('a generated answer is charged by the provider’s count, and capped at what was reserved', async () => {
  const model = mock({ doGenerate: () => Promise.resolve(generated(usageOf(10, 5))) });
  const { governed, posted, plane } = await open(model);
  const { text } = await generateText({ model: governed, prompt: 'hi' });
  expect([text, await posted()]).toEqual(['hello', 20]);
  expect(model.doGenerateCalls[0]?.maxOutputTokens).toBe(50);
  const { modelTerms } = await lastOf(plane, 'action-decided');
  // No more tokens than the prompt has bytes, with what is put around it.
  expect(modelTerms).toMatchObject({ outputTokensMax: 50 });
  await plane.close();
});

test.each([
  ['turned away by the provider', 429, 0],
  ['lost on the way', 503, undefined],
])('a call that is %s is charged so', async (_, statusCode, charge) => {
  const failure = new APICallError({
    message: 'no',
    url: 'https://provider.example',
    requestBodyValues: {},
    statusCode,
    isRetryable: false,
  });
  const model = mock({ doGenerate: () => Promise.reject(failure) });
  const { governed, posted, plane } = await open(model);
  await expect(generateText({ model: governed, prompt: 'hi' })).rejects.toThrow('no');
  const { reservations } = await lastOf(plane, 'action-decided');
  const [{ amount } = { amount: 0 }] = reservations as { amount: number }[];
  expect(await posted()).toBe(charge ?? amount);
  const { model: told } = await lastOf(plane, 'permit-settled');
  // The log does not say that a provider counted nothing which has counted nothing.
  expect(told).toMatchObject(charge === 0 ? { refused: true } : { problem: {} });
  expect(told).not.toHaveProperty('usage');
  await plane.close();
});

test('a refused call is an error of the loop, and the provider is not called', async () => {
  const model = mock({ doGenerate: () => Promise.resolve(generated(usageOf(1, 1))) });
  const { governed, plane } = await open(
    model,
    {},
    { policy: { ...modelPolicy, tiers: { blocked: ['model.call'] } } },
  );
  const refused = generateText({ model: governed, prompt: 'hi', maxRetries: 3 });
  await expect(refused).rejects.toMatchObject({ code: 'policy-denied' });
  expect(model.doGenerateCalls).toHaveLength(0);
  await plane.close();
});

test('a stream is passed on, and settled before its end is', async () => {
  const stream = () => convertArrayToReadableStream(parts(['hel', 'lo'], [finish]));
  const model = mock({ doStream: () => Promise.resolve({ stream: stream() }) });
  const { governed, posted, plane } = await open(model);
  const { textStream, usage } = streamText({ model: governed, prompt: 'hi' });
  let text = '';
  for await (const delta of textStream) text += delta;
  expect([text, (await usage).outputTokens, await posted()]).toEqual(['hello', 5, 20]);
  expect((await lastOf(plane, 'permit-settled'))['outcome']).toBe('succeeded');
  await plane.close();
});

test('A84 a stream beyond the reserved tokens is cut and charged in full', async () => {
  const endless = new ReadableStream<Part>({
    pull: (controller) => controller.enqueue({ type: 'text-delta', id: '1', delta: 'more ' }),
    // A provider that never says that it has stopped.
    cancel: () => new Promise(() => {}),
  });
  const model = mock({ doStream: () => Promise.resolve({ stream: endless }) });
  const { governed, plane, posted } = await open(model, { maxOutputTokens: 7 });
  const { stream } = await governed.doStream({ prompt: [] });
  const seen: string[] = [];
  const reading = (async () => {
    for await (const part of stream) if (part.type === 'text-delta') seen.push(part.delta);
  })();
  const told: string[] = [];
  plane.subscribe(({ type }) => told.push(type));
  const settledFirst = reading.catch((cut: unknown) => [
    codeOf(cut),
    told.includes('permit-settled'),
  ]);
  expect(await settledFirst).toEqual(['model-output-cut', true]);
  expect(seen.length).toBeLessThanOrEqual(7);
  const { reservations } = await lastOf(plane, 'action-decided');
  expect(await posted()).toBe((reservations as { amount: number }[])[0]?.amount);
  await plane.close();
});

test.each(['cancelled by its reader', 'broken by the provider', 'ended without a count', 'killed'])(
  'a stream that is %s is settled, in full',
  async (how) => {
    const source = new ReadableStream<Part>({
      start(controller) {
        controller.enqueue({ type: 'text-delta', id: '1', delta: 'a' });
        if (how === 'ended without a count') controller.close();
      },
      pull(controller) {
        if (how === 'broken by the provider') controller.error(new Error('reset'));
      },
    });
    const model = mock({ doStream: () => Promise.resolve({ stream: source }) });
    const { governed, plane, posted } = await open(model);
    const { stream } = await governed.doStream({ prompt: [] });
    const reader = stream.getReader();
    let killed: string | undefined = 'killed';
    await reader.read();
    if (how === 'cancelled by its reader') await reader.cancel();
    else if (how === 'killed') {
      const by = plane.identity.assert({ id: 'user:op', org: 'acme', roles: ['operator'] });
      await plane.kill({ scope: { kind: 'org', org: 'acme' }, by, reason: 'stop' });
      killed = await reader.read().then(() => 'read on', codeOf);
    } else await reader.read().catch(() => {});
    const { reservations } = await lastOf(plane, 'action-decided');
    expect(killed).toBe('killed');
    await expect.poll(posted).toBe((reservations as { amount: number }[])[0]?.amount);
    await plane.close();
  },
);

test('a stream that guardrails judge is not passed on before they have', async () => {
  const policy = {
    ...modelPolicy,
    guardrails: { output: [{ id: 'out', evaluator: 'no-secret' }] },
  };
  for (const [word, code] of [
    ['secret', 'output-withheld'],
    ['', 'output-withheld'],
    ['fine', undefined],
  ] as const) {
    // Without a word, what is secret is what the model wants a tool to do.
    const input = JSON.stringify({ to: 'secret' });
    const call: Part = { type: 'tool-call', toolCallId: 'c', toolName: 'send', input };
    const last = word === '' ? [call, finish] : [finish];
    const stream = () => convertArrayToReadableStream(parts(['a ', word], last));
    const model = mock({ doStream: () => Promise.resolve({ stream: stream() }) });
    const { governed, plane } = await open(model, {}, { policy, evaluators: [noSecret] });
    const streamed = await governed.doStream({ prompt: [] });
    const seen: string[] = [];
    const failure = await (async () => {
      for await (const part of streamed.stream) seen.push(part.type);
    })().then(() => undefined, codeOf);
    expect([failure, seen.length > 0]).toEqual([code, code === undefined]);
    await plane.close();
  }
});

test('what guardrails take out of an answer is in no part of it, streamed or not', async () => {
  const key = `ghp_${'a1'.repeat(18)}`;
  const output = [{ id: 'keys', evaluator: 'secrets', effect: 'redact' }];
  const policy = { ...modelPolicy, guardrails: { output } };
  const input = JSON.stringify({ to: key });
  const call: Part = { type: 'tool-call', toolCallId: 'c', toolName: 'send', input };
  const providerMetadata = { mock: { logprobs: [{ token: key }] } };
  const model = mock({
    doStream: () => {
      const end = { ...finish, providerMetadata } as Part;
      const stream = convertArrayToReadableStream(parts(['see ', key], [call, end]));
      return Promise.resolve({ stream });
    },
  });
  const { governed, plane } = await open(model, {}, { policy });
  const streamed = await governed.doStream({ prompt: [] });
  const seen: Part[] = [];
  for await (const part of streamed.stream) seen.push(part);
  expect(JSON.stringify(seen)).not.toContain(key);
  const said = seen.map((part) => ('delta' in part ? part.delta : '')).join('');
  expect(said).toBe('see [redacted:keys]');
  expect(seen.find(({ type }) => type === 'tool-call')).toMatchObject({
    input: '{"to":"[redacted:keys]"}',
  });
  expect(seen.at(-1)?.type).toBe('finish');
  await plane.close();
});

test.each([
  ['a misspelt list of tools', { providerTool: ['web_search'] }],
  ['a text in place of a list, whose parts would be names', { providerTools: 'web_search' }],
  ['a text in place of models', { downgradeTo: 'small' }],
  ['a misspelt cap', { maxOutputToken: 5 }],
  ['a cap in text', { maxOutputTokens: '5' }],
  ['half a token as its cap', { maxOutputTokens: 0.5 }],
  ['a cap below nothing', { maxOutputTokens: -1 }],
  ['an approval that says neither', { approval: 'Wait' }],
  ['a text that would keep prompts', { keepPrompts: 'false' }],
  ['a tokenizer that is none', { countInput: 5 }],
])('no model is governed with %s', async (_, odd) => {
  const governing = open(mock({}), odd as unknown as GovernModelOptions);
  await expect(governing).rejects.toMatchObject({ code: 'input-invalid' });
});

test('a budget that is nearly used up sends the call to the model that was given for it', async () => {
  const premium = { ...modelPolicy, models: { tiers: { premium: {} } } };
  const large = mock({
    modelId: 'large',
    doGenerate: () => Promise.resolve(generated(usageOf(1, 1), 'large')),
  });
  const small = mock({ doGenerate: () => Promise.resolve(generated(usageOf(1, 1), 'small')) });
  const { governed, plane } = await open(large, { downgradeTo: [small] }, { policy: premium });
  await plane.setBudget({
    org: 'acme',
    plan: {
      id: 'month',
      unit: 'usd',
      limit: '1',
      scope: { kind: 'org', id: 'acme' },
      sharing: 'shared',
      window: 'unlimited',
      downgradeAt: 1,
      downgradeTo: 'small',
    },
  });
  const small1 = await generateText({ model: governed, prompt: 'hi' });
  expect(small1.text).toBe('large');
  await plane.setBudget({
    org: 'acme',
    plan: {
      id: 'month',
      unit: 'usd',
      limit: '0.01',
      scope: { kind: 'org', id: 'acme' },
      sharing: 'shared',
      window: 'unlimited',
      downgradeAt: 1,
      downgradeTo: 'small',
    },
  });
  expect((await generateText({ model: governed, prompt: 'hi' })).text).toBe('small');
  await plane.close();
});

test('two models that go by one name are refused: one would be called for the other', async () => {
  const model = mock({ doGenerate: () => Promise.resolve(generated(usageOf(1, 1))) });
  await expect(open(model, { downgradeTo: [mock({})] })).rejects.toMatchObject({
    code: 'tool-ungovernable',
  });
});

test('a tool that runs at the provider is refused unless it is named', async () => {
  const model = mock({ doGenerate: () => Promise.resolve(generated(usageOf(1, 1))) });
  const tools = [{ type: 'provider', id: 'mock.search', name: 'search', args: {} } as const];
  const refused = await open(model);
  await expect(
    refused.governed.doGenerate({ prompt: [], tools: [...tools] }),
  ).rejects.toMatchObject({
    code: 'tool-ungovernable',
  });
  await refused.plane.close();
  const named = await open(model, { providerTools: ['search'] });
  await named.governed.doGenerate({ prompt: [], tools: [...tools] });
  // What it brings into the prompt nobody can bound but the model.
  expect((await lastOf(named.plane, 'action-decided'))['modelTerms']).toMatchObject({
    inputTokensMax: 10_000,
  });
  await named.plane.close();
});

test('thinking that a provider adds to the cap is reserved for', async () => {
  const model = mock({ doGenerate: () => Promise.resolve(generated(usageOf(1, 1))) });
  const { governed, plane } = await open(model);
  const thinking = { type: 'enabled', budgetTokens: 300 };
  await governed.doGenerate({ prompt: [], providerOptions: { anthropic: { thinking } } });
  expect((await lastOf(plane, 'action-decided'))['modelTerms']).toMatchObject({
    outputTokensMax: 350,
  });
  expect(model.doGenerateCalls[0]?.maxOutputTokens).toBe(50);
  await plane.close();
});
