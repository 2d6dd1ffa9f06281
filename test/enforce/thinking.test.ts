/** What providers add to the cap for thinking is reserved for, or the call is bounded by the model alone. */
import { MockLanguageModelV4 } from 'ai/test';
import { expect, test } from 'vitest';
import { governModel } from '../../src/enforce/adapters/ai-sdk.ts';
import { thinkingTokens } from '../../src/enforce/adapters/ai-sdk-thinking.ts';
import { ann, lastOf, openModels } from './models.ts';

type Params = Parameters<typeof thinkingTokens>[0];

test.each<[Partial<Params>, number | undefined]>([
  [{ providerOptions: { anthropic: { thinking: { type: 'enabled', budgetTokens: 300 } } } }, 300],
  [{ providerOptions: { anthropic: { thinking: { type: 'enabled' } } } }, 1_024],
  [{ providerOptions: { anthropic: { thinking: { type: 'adaptive' } } } }, 0],
  [{ providerOptions: { anthropic: { thinking: { type: 'disabled', budgetTokens: 9 } } } }, 0],
  [{ providerOptions: { anthropic: { thinking: { type: 'enabled', budgetTokens: -5 } } } }, 0],
  [{ providerOptions: { anthropic: { thinking: 'much' } } }, 0],
  [
    { providerOptions: { bedrock: { reasoningConfig: { type: 'enabled', budgetTokens: 70 } } } },
    70,
  ],
  [
    {
      providerOptions: {
        amazonBedrock: { reasoningConfig: { type: 'enabled', budgetTokens: 80 } },
      },
    },
    80,
  ],
  [{ providerOptions: { desk: { thinking: { type: 'enabled', budgetTokens: 90 } } } }, 90],
  [
    {
      providerOptions: {
        anthropic: { thinking: { type: 'enabled', budgetTokens: 10 } },
        desk: { thinking: { type: 'enabled', budgetTokens: 20 } },
      },
    },
    20,
  ],
  [{ reasoning: 'high' }, undefined],
  [{ reasoning: 'none' }, undefined],
  [{ reasoning: 'provider-default' }, 0],
  [{}, 0],
])('of %j, %s tokens are added', (params, tokens) => {
  expect(thinkingTokens({ prompt: [], ...params })).toBe(tokens);
});

const usage = {
  inputTokens: { total: 1, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 1, text: undefined, reasoning: undefined },
};

async function call(modelId: string, params: Partial<Params>, options = {}) {
  const model = new MockLanguageModelV4({
    modelId,
    doGenerate: () =>
      Promise.resolve({
        content: [],
        finishReason: { unified: 'stop', raw: '' },
        usage,
        warnings: [],
      }),
  });
  const plane = await openModels();
  const session = await plane.openSession({ principal: ann(plane), agent: 'bot' });
  const governed = governModel(session, model, { maxOutputTokens: 50, ...options });
  const code = await governed.doGenerate({ prompt: [], ...params }).then(
    () => 'ran',
    (failure: unknown) => (failure as { code?: string }).code,
  );
  const { modelTerms: terms } = await lastOf(plane, 'action-decided');
  await plane.close();
  const told = model.doGenerateCalls[0]?.maxOutputTokens;
  return {
    code,
    told,
    reserved: (terms as { outputTokensMax?: number } | undefined)?.outputTokensMax,
  };
}

test('a level of reasoning reserves all that the model can give, and tells the provider the call’s own cap', async () => {
  expect(await call('small', { reasoning: 'high' })).toEqual({
    code: 'ran',
    told: 50,
    reserved: 1_000,
  });
});

test('a level of reasoning on a model without a maximum is denied, unless the host says what it adds', async () => {
  expect((await call('boundless', { reasoning: 'low' })).code).toBe('model-unbounded');
  const options = { countThinking: () => 200 };
  expect(await call('boundless', { reasoning: 'low' }, options)).toEqual({
    code: 'ran',
    told: 50,
    reserved: 250,
  });
});

test('where thinking takes the model’s maximum, the provider is told no more than is left of it', async () => {
  const thinking = { type: 'enabled', budgetTokens: 980 };
  expect(await call('small', { providerOptions: { anthropic: { thinking } } })).toEqual({
    code: 'ran',
    told: 20,
    reserved: 1_000,
  });
});
