/** What a governed model is called with: what was decided on, with all that the provider's options add to it. */
import { generateText, type ModelMessage } from 'ai';
import { MockLanguageModelV4 } from 'ai/test';
import { expect, test } from 'vitest';
import { governModel, type GovernModelOptions } from '../../src/enforce/adapters/ai-sdk.ts';
import { defineEvaluator } from '../../src/index.ts';
import { ann, lastOf, modelPolicy, openModels } from './models.ts';

function small() {
  return new MockLanguageModelV4({
    modelId: 'small',
    doGenerate: () =>
      Promise.resolve({
        content: [{ type: 'text', text: 'done' }],
        finishReason: { unified: 'stop', raw: 'stop' },
        usage: {
          inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
          outputTokens: { total: 1, text: 1, reasoning: 0 },
        },
        warnings: [],
      }),
  });
}

async function open(options: GovernModelOptions, more: Parameters<typeof openModels>[0] = {}) {
  const plane = await openModels(more);
  const session = await plane.openSession({ principal: ann(plane), agent: 'bot' });
  const inner = small();
  const model = governModel(session, inner, { maxOutputTokens: 50, ...options });
  return { plane, inner, model };
}

type Options = NonNullable<Parameters<typeof generateText>[0]['providerOptions']>;

/** What was reserved for a call with such options, or why it did not run. */
async function bounds(providerOptions: Options, options: GovernModelOptions = {}) {
  const { plane, model } = await open(options);
  const failure = await generateText({ model, prompt: 'hi', providerOptions }).then(
    () => undefined,
    (thrown: unknown) => (thrown as { code?: string }).code,
  );
  const terms = failure === undefined ? (await lastOf(plane, 'action-decided'))['modelTerms'] : {};
  await plane.close();
  return { failure, ...(terms as { inputTokensMax?: number; outputTokensMax?: number }) };
}

test('prompts as the SDK writes them are kept and shown to guardrails, of a picture its hash', async () => {
  const seen: unknown[] = [];
  const look = defineEvaluator({
    name: 'look',
    description: 'Sees what is asked.',
    evaluate: ({ content }) => {
      seen.push(content);
      return { outcome: 'pass' };
    },
  });
  const policy = { ...modelPolicy, guardrails: { tool: [{ id: 'asked', evaluator: 'look' }] } };
  const { plane, model } = await open({ keepPrompts: true }, { policy, evaluators: [look] });
  const picture = { type: 'file', mediaType: 'image/png', data: Uint8Array.of(1, 2, 3) } as const;
  const content = [{ type: 'text', text: 'what is this?' } as const, picture];
  const { text } = await generateText({ model, messages: [{ role: 'user', content }] });
  expect(text).toBe('done');
  expect(JSON.stringify(seen)).toContain('what is this?');
  expect(JSON.stringify(seen)).toMatch(/"[0-9a-f]{64}"/);
  await plane.close();
});

test('what an approver was asked about is what the model gets, whatever becomes of the caller’s objects', async () => {
  const policy = { ...modelPolicy, tiers: { alwaysApprove: ['model.call'] } };
  const { plane, inner, model } = await open({ keepPrompts: true }, { policy });
  const picture = Uint8Array.of(1, 2, 3);
  const said = { of: 'a' };
  const call = { type: 'tool-call', toolCallId: 'c', toolName: 'look', input: said } as const;
  const value = { is: ['fine'] };
  const output = { type: 'json', value } as const;
  const messages: ModelMessage[] = [
    { role: 'user', content: [{ type: 'file', mediaType: 'image/png', data: picture }] },
    { role: 'assistant', content: [call] },
    {
      role: 'tool',
      content: [{ type: 'tool-result', toolCallId: 'c', toolName: 'look', output }],
    },
  ];
  const mock: Record<string, string> = { of: 'a' };
  const waiting = generateText({ model, messages, providerOptions: { mock } });
  while (plane.pendingTickets('acme').length === 0) await plane.sync();
  picture[0] = 77;
  said.of = 'changed';
  value.is.push('changed');
  mock['of'] = 'changed';
  const approver = { id: 'user:eve', org: 'acme', roles: ['approver'] } as const;
  const [ticket] = plane.pendingTickets('acme');
  await plane.approve({ ticket: ticket?.id ?? '', by: plane.identity.assert(approver) });
  await waiting;
  const [{ prompt, providerOptions } = {}] = inner.doGenerateCalls;
  expect(JSON.stringify([prompt, providerOptions])).not.toMatch(/changed|77/);
  expect(JSON.stringify(prompt)).toContain('fine');
  await plane.close();
});

test.each<[Options, number]>([
  [{ openai: { maxCompletionTokens: 900 } }, 900],
  [{ mine: { max_tokens: 800 } }, 800],
  [{ mine: { max_tokens: 20 } }, 50],
  [
    {
      openai: { maxCompletionTokens: 300 },
      anthropic: { thinking: { type: 'enabled', budgetTokens: 100 } },
    },
    400,
  ],
  [{ openai: { user: 'ann' } }, 50],
  [{ anthropic: { fallbacks: [{ model: 'large', max_tokens: 700 }, { model: 'other' }] } }, 700],
])(
  'a cap among the provider’s options is reserved for: %j, %d tokens',
  async (options, reserved) => {
    expect(await bounds(options)).toMatchObject({ failure: undefined, outputTokensMax: reserved });
  },
);

test('options of the provider that lead back into themselves are no call: nothing is decided', async () => {
  const openai: Options[string] = { maxCompletionTokens: 300 };
  Object.assign(openai, { again: openai });
  await expect(bounds({ openai })).rejects.toThrow('no action-decided');
});

test.each<[Options]>([
  [{ openai: { previousResponseId: 'resp_1' } }],
  [{ openai: { conversation: 'conv_1' } }],
  [{ google: { cachedContent: 'cachedContents/1' } }],
  [{ google: { continuationToken: 'token' } }],
  [{ anthropic: { thread: { type: 'continue', previousMessageId: 'msg_1' } } }],
  [{ anthropic: { fallbacks: 'default' } }],
])('nothing but the model bounds an input that the provider adds to: %j', async (options) => {
  expect(await bounds(options)).toMatchObject({ inputTokensMax: 10_000 });
});

test('what the provider’s options say counts with the prompt', async () => {
  const { inputTokensMax: bare = 0 } = await bounds({});
  const instructions = 'x'.repeat(3_000);
  const { inputTokensMax = 0 } = await bounds({ openai: { instructions, conversation: null } });
  expect(inputTokensMax).toBeGreaterThan(bare + 3_000);
});

test('tools of MCP servers that the provider runs are refused, unless the server is named', async () => {
  const mcpServers = [{ type: 'url', name: 'files', url: 'https://files.example' }];
  const options = { anthropic: { mcpServers } };
  expect((await bounds(options)).failure).toBe('tool-ungovernable');
  expect((await bounds({ anthropic: { mcpServers: [] } })).failure).toBeUndefined();
  const named = await bounds(options, { providerTools: ['files'] });
  expect(named).toMatchObject({ failure: undefined, inputTokensMax: 10_000 });
});

test('the name of a model is none', async () => {
  const plane = await openModels();
  const session = await plane.openSession({ principal: ann(plane), agent: 'bot' });
  for (const given of ['openai/gpt-4o', undefined, {}]) {
    expect(() => governModel(session, given as never)).toThrow(
      expect.objectContaining({ code: 'tool-ungovernable' }),
    );
  }
  await plane.close();
});
