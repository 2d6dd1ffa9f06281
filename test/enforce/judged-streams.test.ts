/** Where guardrails judge what a model says, nothing that a stream has is passed on without them. */
import { convertArrayToReadableStream, MockLanguageModelV4 } from 'ai/test';
import { expect, test } from 'vitest';
import { governModel } from '../../src/enforce/adapters/ai-sdk.ts';
import { ann, modelPolicy, noSecret, openModels } from './models.ts';

type Streamed = Awaited<ReturnType<MockLanguageModelV4['doStream']>>;
type Part = Streamed['stream'] extends ReadableStream<infer P> ? P : never;

const finish: Part = {
  type: 'finish',
  finishReason: { unified: 'length', raw: 'length' },
  usage: {
    inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: 1, text: 1, reasoning: 0 },
  },
};

const begun = (...deltas: readonly string[]): Part[] => [
  { type: 'tool-input-start', id: 'c', toolName: 'send' },
  ...deltas.map((delta): Part => ({ type: 'tool-input-delta', id: 'c', delta })),
  { type: 'tool-input-end', id: 'c' },
];
const call = (input: string, toolCallId = 'c'): Part => ({
  type: 'tool-call',
  toolCallId,
  toolName: 'send',
  input,
});

async function passedOn(parts: readonly Part[], output: readonly object[]) {
  const plane = await openModels({
    policy: { ...modelPolicy, guardrails: { output } },
    evaluators: [noSecret],
  });
  const session = await plane.openSession({ principal: ann(plane), agent: 'bot' });
  const stream = convertArrayToReadableStream([...parts, finish]);
  const inner = new MockLanguageModelV4({
    modelId: 'small',
    doStream: () => Promise.resolve({ stream }),
  });
  const model = governModel(session, inner, { maxOutputTokens: 50 });
  const streamed = await model.doStream({ prompt: [], includeRawChunks: true });
  const seen: Part[] = [];
  const code = await (async () => {
    for await (const part of streamed.stream) seen.push(part);
  })().then(
    () => undefined,
    (failure: unknown) => (failure as { code?: string }).code,
  );
  await plane.close();
  return { code, seen };
}

const judged = [{ id: 'out', evaluator: 'no-secret' }];

test.each<[string, readonly Part[]]>([
  ['the input of a call that was never made', begun('{"to":"sec', 'ret')],
  ['the input of a call that was made with something else', [...begun('secret'), call('{}')]],
  ['the name of a tool', [{ type: 'tool-input-start', id: 'c', toolName: 'secret' }]],
  ['what the provider says went wrong', [{ type: 'error', error: { message: 'secret' } }]],
])('%s is judged before it is passed on', async (_, parts) => {
  expect(await passedOn(parts, judged)).toEqual({ code: 'output-withheld', seen: [] });
});

test('what the provider sent, as it sent it, is not passed on where the rest is judged', async () => {
  const { code, seen } = await passedOn([{ type: 'raw', rawValue: { a: 'secret' } }], judged);
  expect([code, seen]).toEqual([undefined, [finish]]);
});

test('an input that is the same as its call’s is judged once, and passed on as it came', async () => {
  const parts = [...begun('{"to":', '"ann"}'), call('{"to":"ann"}')];
  expect(await passedOn(parts, judged)).toEqual({ code: undefined, seen: [...parts, finish] });
});

test('a call that comes twice takes nothing else out of what is judged', async () => {
  const same = call('{"to":"ann"}');
  const said: Part = { type: 'text-delta', id: '1', delta: 'secret' };
  const parts = [...begun('{"to":"ann"}'), same, said, same];
  expect(await passedOn(parts, judged)).toEqual({ code: 'output-withheld', seen: [] });
});

test('calls that come whole count as output, and those that say again what was counted do not', async () => {
  // 52 tokens at least, of 50.
  const whole = ['1', '2', '3', '4'].map((id) => call('x'.repeat(128 * 13), id));
  expect((await passedOn(whole, judged)).code).toBe('model-output-cut');
  const long = 'x'.repeat(128 * 30);
  expect((await passedOn([...begun(long), call(long)], judged)).code).toBeUndefined();
});

test('what is taken out of an input, or of an error, is in no part of it', async () => {
  const key = `ghp_${'a1'.repeat(18)}`;
  const redact = [{ id: 'keys', evaluator: 'secrets', effect: 'redact' }];
  const parts: Part[] = [...begun('{"to":"', key), { type: 'error', error: `no ${key}` }];
  const { seen } = await passedOn(parts, redact);
  expect(seen).toEqual([
    { type: 'tool-input-start', id: 'c', toolName: 'send' },
    { type: 'tool-input-delta', id: 'c', delta: '{"to":"[redacted:keys]' },
    { type: 'tool-input-end', id: 'c' },
    { type: 'error', error: 'no [redacted:keys]' },
    finish,
  ]);
});
