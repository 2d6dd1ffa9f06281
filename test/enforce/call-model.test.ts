/** Model calls through any client: who may use what, what is reserved, and what is charged. */
import { expect, test } from 'vitest';
import { callModel } from '../../src/index.ts';
import { bindTool, type Session, modelTool } from '../../src/engine/index.ts';
import type { ModelAnswer, ModelCall } from '../../src/enforce/models/call-model.ts';
import { ann, lastOf, modelPolicy, openModels, prices } from './models.ts';

const asked = { model: 'small', maxInputTokens: 100, maxOutputTokens: 50 };
/** 100 tokens at 1 micro-USD and 50 at 2. */
const worst = 200;

async function open(
  more: Parameters<typeof openModels>[0] = {},
  budget: Record<string, string | number> = { usd: '1', tokens: 10_000 },
) {
  const plane = await openModels(more);
  const session = await plane.openSession({ principal: ann(plane), agent: 'bot', budget });
  const used = async (unit = 'usd') => (await plane.budget(session.id, unit))?.posted;
  return { plane, session, used };
}

function answers(more: Partial<ModelAnswer<string>>) {
  return () => Promise.resolve({ result: 'hello', ...more });
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'resolved',
    (failure: unknown) => (failure as { code?: string }).code,
  );

test('a call reserves its worst case and posts what the provider counted', async () => {
  const { session, used, plane } = await open();
  let during: number | undefined;
  const result = await callModel(session, asked, async ({ model, maxOutputTokens }) => {
    during = (await plane.budget(session.id, 'usd'))?.reserved;
    const usage = { inputTokens: 80, outputTokens: 10 };
    return { result: `${model} ${maxOutputTokens}`, usage, model: 'small-2026-01-31' };
  });
  expect(result).toBe('small 50');
  expect([during, await used(), await used('tokens')]).toEqual([worst, 100, 90]);
  expect((await plane.budget(session.id, 'usd'))?.reserved).toBe(0);
  const settled = await lastOf(plane, 'permit-settled');
  expect(settled['model']).toMatchObject({ model: 'small-2026-01-31', isOther: false });
  await plane.close();
});

test.each([
  ['nothing', undefined],
  ['no output', { inputTokens: 1 }],
  ['a negative count', { inputTokens: -1, outputTokens: 1 }],
  ['no number', { inputTokens: Number.NaN, outputTokens: 1 }],
  ['parts above their total', { inputTokens: 1, outputTokens: 1, cacheReadTokens: 2 }],
  ['what nobody knows', { inputTokens: 1, outputTokens: 1, bonusTokens: 1 }],
  ['what cannot be read', { toJSON: () => JSON.parse('{') as unknown }],
  ['a count without a form', { inputTokens: 1n, outputTokens: 1 }],
])('A29 a provider that says %s is charged in full, and the log says why', async (_, usage) => {
  const { session, used, plane } = await open();
  await callModel(session, asked, answers({ usage }));
  expect([await used(), await used('tokens')]).toEqual([worst, 150]);
  const settled = await lastOf(plane, 'permit-settled');
  expect(settled['model']).toHaveProperty('problem.code');
  await plane.close();
});

test('what a provider calls its model is kept as far as it can be', async () => {
  const { session, plane } = await open();
  const usage = { inputTokens: 1, outputTokens: 1 };
  await callModel(session, asked, answers({ usage, model: `\ud800${'x'.repeat(500)}` }));
  expect((await lastOf(plane, 'permit-settled'))['model']).toMatchObject({
    model: `\ufffd${'x'.repeat(127)}`,
    isOther: true,
  });
  await plane.close();
});

test('where no budget is, a missing count is still told as all that the call could come to', async () => {
  const { session, plane } = await open({}, {});
  await callModel(session, asked, answers({}));
  expect((await lastOf(plane, 'permit-settled'))['usage']).toMatchObject({
    usd: worst,
    tokens: 150,
  });
  await plane.close();
});

test('only a call that failed was turned away: another that says so is charged in full', async () => {
  const { session, plane, used } = await open();
  const tool = bindTool(modelTool);
  const settle = async (outcome: 'succeeded' | 'failed') => {
    const model = { name: 'small', inputTokensMax: 100, outputTokensMax: 50 };
    const request = { tool, arguments: session.read({}), model };
    const { permit } = await session.authorize(request);
    if (permit === undefined) throw new Error('no permit');
    await session.settle(permit, { outcome, model: { refused: true } });
    return used();
  };
  expect([await settle('failed'), await settle('succeeded')]).toEqual([0, worst]);
  await plane.close();
});

test('a call that fails is charged in full, for nobody knows what the provider did', async () => {
  const { session, used, plane } = await open();
  const failing = callModel(session, asked, () => Promise.reject(new Error('reset')));
  await expect(failing).rejects.toThrow('reset');
  expect(await used()).toBe(worst);
  await plane.close();
});

test.each([
  ['nothing', () => undefined],
  [
    'what cannot be read',
    () => ({
      get usage(): never {
        throw new TypeError('no usage');
      },
    }),
  ],
])('a call that is answered with %s is charged in full, and holds nothing', async (_, answer) => {
  const { session, used, plane } = await open({}, { usd: '1', concurrent: 1 });
  const call = callModel(session, asked, () => Promise.resolve(answer() as never));
  await expect(call).rejects.toThrow(TypeError);
  expect([await used(), (await plane.budget(session.id, 'usd'))?.reserved]).toEqual([worst, 0]);
  expect((await lastOf(plane, 'permit-settled'))['outcome']).toBe('failed');
  await plane.close();
});

test('A31 a caller reports a higher cost than the computed one, never a lower', async () => {
  const usage = { inputTokens: 100, outputTokens: 50 };
  const { session, used, plane } = await open();
  await callModel(session, asked, answers({ usage, cost: '0.000001' }));
  expect(await used()).toBe(worst);
  await callModel(session, asked, answers({ usage, cost: '0.0003' }));
  expect(await used()).toBe(worst + 300);
  // More than was reserved: the session's budget is frozen.
  expect(await codeOf(callModel(session, asked, answers({ usage })))).toBe('budget-frozen');
  await plane.close();
});

test.each([
  [0.000_299, 299],
  [0.000_299_25, 300],
  ['0.0002992500000000000001', 300],
  ['0.00029900000', 299],
  // Below what is computed, however it is written.
  [1e-7, 200],
  [Number.NaN, 200],
  ['free', 200],
])('A31 a cost of %s, as a provider writes it, comes to %d micro-USD', async (cost, posted) => {
  const usage = { inputTokens: 100, outputTokens: 50 };
  const { session, used, plane } = await open();
  await callModel(session, asked, answers({ usage, cost }));
  expect(await used()).toBe(posted);
  await plane.close();
});

test('A83 an answer from a dearer model is told and charged at the dearer price', async () => {
  const policy = { ...modelPolicy, models: { tiers: { premium: {} } } };
  const { session, used, plane } = await open({ policy });
  const usage = { inputTokens: 10, outputTokens: 0 };
  await callModel(session, asked, answers({ usage, model: 'large' }));
  expect(await used()).toBe(100);
  expect((await lastOf(plane, 'permit-settled'))['model']).toMatchObject({ isOther: true });
  const dear = { ...asked, model: 'large' };
  await callModel(session, dear, answers({ usage, model: 'small' }));
  expect(await used()).toBe(200);
  await plane.close();
});

test('an answer from a model that is not listed is charged in full', async () => {
  const { session, used, plane } = await open();
  await callModel(
    session,
    asked,
    answers({ usage: { inputTokens: 1, outputTokens: 1 }, model: 'x' }),
  );
  expect(await used()).toBe(worst);
  expect((await lastOf(plane, 'permit-settled'))['model']).toMatchObject({
    problem: { code: 'cost-unknown' },
  });
  await plane.close();
});

test.each([
  'GPT-4o',
  'Small',
  'openai/small',
  'small ',
  'ft:small:acme',
  'small-2026-01',
  '__proto__',
])('A82 the model %j is not listed, and denied', async (model) => {
  const { session, plane } = await open();
  let ran = false;
  const call = callModel(session, { ...asked, model }, () => {
    ran = true;
    return Promise.resolve({ result: '' });
  });
  expect([await codeOf(call), ran]).toEqual(['model-unknown', false]);
  await plane.close();
});

test('a model that the policy takes in although nobody listed it is charged at the policy’s price', async () => {
  const unknown = { tier: 'standard', price: { input: '100', output: '100' } };
  const { session, used, plane } = await open({ policy: { ...modelPolicy, models: { unknown } } });
  const usage = { inputTokens: 2, outputTokens: 1 };
  await callModel(session, { ...asked, model: 'new-one' }, answers({ usage, model: 'new-one' }));
  expect(await used()).toBe(300);
  expect((await lastOf(plane, 'action-decided'))['modelTerms']).toMatchObject({ listed: false });
  await plane.close();
});

test('a plan that names the cheaper model by an alias does not steer that model away from itself', async () => {
  const { plane, session } = await open({
    policy: { ...modelPolicy, models: { tiers: { premium: {} } } },
  });
  const scope = { kind: 'org', id: 'acme' } as const;
  const terms = { id: 'month', unit: 'usd', limit: '1', scope, sharing: 'shared' } as const;
  const plan = {
    ...terms,
    window: 'unlimited',
    downgradeAt: 1,
    downgradeTo: 'cloud/small',
  } as const;
  await plane.setBudget({ org: 'acme', plan: { ...plan, limit: '0.002' } });
  expect(await codeOf(callModel(session, asked, answers({})))).toBe('resolved');
  const call = { ...asked, model: 'large', downgradeTo: ['small-alias'] };
  let went = '';
  await callModel(session, call, ({ model }) => {
    went = model;
    return Promise.resolve({ result: '' });
  });
  expect(went).toBe('small-alias');
  await plane.close();
});

test('without a catalogue every model call is denied', async () => {
  const { session, plane } = await open({ prices: undefined, tools: [modelTool] });
  expect(await codeOf(callModel(session, asked, answers({})))).toBe('model-unknown');
  await plane.close();
});

test('a call that nothing bounds is denied; the model’s own maximum is a bound', async () => {
  const { session, plane, used } = await open({}, { usd: '1' });
  const model = 'boundless';
  const unbounded: readonly ModelCall[] = [
    { model },
    { model, maxInputTokens: 1 },
    { model, maxOutputTokens: 1 },
  ];
  for (const call of unbounded) {
    const missing = call.maxInputTokens === undefined ? 'maxInputTokens' : 'maxOutputTokens';
    await expect(callModel(session, call, answers({}))).rejects.toMatchObject({
      code: 'model-unbounded',
      // By the name that the call has for it.
      help: expect.stringContaining(`\`${missing}\``) as string,
    });
  }
  let bound = 0;
  await callModel(session, { model: 'small' }, ({ maxOutputTokens }) => {
    bound = maxOutputTokens;
    return Promise.resolve({ result: '' });
  });
  expect([bound, await used()]).toEqual([1_000, 12_000]);
  await plane.close();
});

test('a bound above the model’s own reserves no more than the model can take', async () => {
  const { session, plane, used } = await open({}, { usd: '1' });
  const call = { model: 'small', maxInputTokens: 900_000, maxOutputTokens: 900_000 };
  let told = 0;
  await callModel(session, call, ({ maxOutputTokens }) => {
    told = maxOutputTokens;
    return Promise.resolve({ result: '' });
  });
  expect([told, await used()]).toEqual([1_000, 12_000]);
  await plane.close();
});

test.each([-1, 0.5, Number.MAX_SAFE_INTEGER + 1])(
  'a call that says %d tokens at most is refused',
  async (count) => {
    const { session, plane, used } = await open();
    for (const side of ['maxInputTokens', 'maxOutputTokens']) {
      const code = await codeOf(callModel(session, { ...asked, [side]: count }, answers({})));
      expect(code).toBe('input-invalid');
    }
    expect(await used()).toBe(0);
    await plane.close();
  },
);

test('a call without its function, or with a text for a list of models, is refused before it is decided', async () => {
  const { session, plane, used } = await open();
  const call = { ...asked, downgradeTo: 'small' as unknown as string[] };
  const none = undefined as unknown as ReturnType<typeof answers>;
  expect(await codeOf(callModel(session, call, answers({})))).toBe('input-invalid');
  expect(await codeOf(callModel(session, asked, none))).toBe('input-invalid');
  expect(await used()).toBe(0);
  await plane.close();
});

test('whatever a call can take of each kind of token is reserved in its unit', async () => {
  const kinds = { input: 100, output: 50, cached: 100, reasoning: 50 };
  const units = Object.keys(kinds).map((kind) => `tokens.${kind}`);
  const { session, plane } = await open({}, Object.fromEntries(units.map((unit) => [unit, 1_000])));
  const reserved: unknown[] = [];
  await callModel(session, asked, async () => {
    for (const unit of units) reserved.push((await plane.budget(session.id, unit))?.reserved);
    return { result: '' };
  });
  expect(reserved).toEqual(Object.values(kinds));
  await plane.close();
});

test('a tier other than standard is open to whom the policy says, and lists agree with calls', async () => {
  const models = {
    tiers: { premium: { agents: ['writer'], principals: ['user:ann'] } },
    overrides: [
      { id: 'ann-no-small', principals: ['user:ann'], deny: ['small'] },
      { id: 'bob-large', principals: ['user:bob'], allow: ['large'] },
    ],
  };
  const plane = await openModels({ policy: { ...modelPolicy, models } });
  for (const id of ['user:ann', 'user:bob', 'user:eve']) {
    for (const agent of ['bot', 'writer']) {
      const session = await plane.openSession({ principal: ann(plane, { id }), agent });
      for (const { id: model, access } of plane.models({ agent, principal: id })) {
        const outcome = await codeOf(callModel(session, { ...asked, model }, answers({})));
        expect([id, agent, model, outcome]).toEqual([
          id,
          agent,
          model,
          access.allowed ? 'resolved' : 'model-not-allowed',
        ]);
      }
    }
  }
  const may = (principal: string, agent: string) =>
    plane
      .models({ agent, principal })
      .filter(({ access }) => access.allowed)
      .map(({ id }) => id);
  expect(may('user:ann', 'writer')).toEqual(['boundless', 'large']);
  expect(may('user:bob', 'bot')).toEqual(['boundless', 'large', 'small']);
  expect(may('user:eve', 'writer')).toEqual(['boundless', 'small']);
  await plane.close();
});

test('a tier that the policy does not name is open to nobody, but standard to everyone', async () => {
  const { session, plane } = await open();
  const use = (model: string) => codeOf(callModel(session, { ...asked, model }, answers({})));
  expect([await use('large'), await use('small')]).toEqual(['model-not-allowed', 'resolved']);
  await plane.close();
});

test('no alias gets around a rule, a kill switch or a budget of a model', async () => {
  const rules = [{ id: 'no-small', effect: 'deny', match: { resource: 'model/small' } }];
  const denied = await open({ policy: { ...modelPolicy, rules } });
  const call = { ...asked, model: 'cloud/small' };
  expect(await codeOf(callModel(denied.session, call, answers({})))).toBe('policy-denied');
  await denied.plane.close();
  const { plane, session } = await open();
  await plane.setBudget({
    org: 'acme',
    plan: {
      id: 'small-calls',
      unit: 'actions',
      limit: 1,
      scope: { kind: 'model', id: 'small' },
      sharing: 'shared',
      window: 'unlimited',
    },
  });
  expect(await codeOf(callModel(session, call, answers({})))).toBe('resolved');
  expect(await codeOf(callModel(session, asked, answers({})))).toBe('budget-exceeded');
  const other = { ...asked, model: 'boundless' };
  expect(await codeOf(callModel(session, other, answers({})))).toBe('resolved');
  const by = plane.identity.assert({ id: 'user:op', org: 'acme', roles: ['operator'] });
  await plane.kill({
    scope: { kind: 'model', org: 'acme', name: 'boundless' },
    by,
    reason: 'wrong',
  });
  expect(await codeOf(callModel(session, other, answers({})))).toBe('killed');
  await plane.close();
});

test('a model that is locked is so by whatever name it is called', async () => {
  const locks = [{ actions: ['model.call'], mode: 'exclusive' }];
  const { plane, session } = await open({ policy: { ...modelPolicy, locks } });
  const use = (model: string) => codeOf(callModel(session, { ...asked, model }, answers({})));
  const meanwhile = await callModel(session, { ...asked, model: 'small-alias' }, async () => ({
    result: await use('small'),
  }));
  expect(meanwhile).toBe('resource-locked');
  expect(await use('cloud/small')).toBe('resolved');
  await plane.close();
});

test('a kill switch for its model stops a call that runs', async () => {
  const { plane, session } = await open();
  const by = plane.identity.assert({ id: 'user:op', org: 'acme', roles: ['operator'] });
  const call = callModel(session, asked, async ({ signal }) => {
    await plane.kill({ scope: { kind: 'model', org: 'acme', name: 'small' }, by, reason: 'stop' });
    signal.throwIfAborted();
    return { result: '' };
  });
  await expect(call).rejects.toThrow('kill switch');
  expect((await lastOf(plane, 'permit-settled'))['outcome']).toBe('unknown');
  await plane.close();
});

test('a budget that is nearly used up sends calls to another model where the caller can go there', async () => {
  const { plane, session } = await open({
    policy: { ...modelPolicy, models: { tiers: { premium: {} } } },
  });
  await plane.setBudget({
    org: 'acme',
    plan: {
      id: 'month',
      unit: 'usd',
      limit: '0.004',
      scope: { kind: 'org', id: 'acme' },
      sharing: 'shared',
      window: 'unlimited',
      downgradeAt: 75,
      downgradeTo: 'small',
    },
  });
  const call = { ...asked, model: 'large', downgradeTo: ['small'] };
  const went: string[] = [];
  const send = ({ model }: { readonly model: string }) => {
    went.push(model);
    return Promise.resolve({ result: '', model, usage: { inputTokens: 100, outputTokens: 0 } });
  };
  await callModel(session, call, send);
  await callModel(session, call, send);
  expect(went).toEqual(['large', 'small']);
  expect(await codeOf(callModel(session, { ...asked, model: 'large' }, send))).toBe(
    'model-downgraded',
  );
  await plane.close();
});

test('budgets that send a call from one model to the other and back end with a refusal', async () => {
  const policy = { ...modelPolicy, models: { tiers: { premium: {} } } };
  const { plane, session } = await open({ policy }, { usd: '1' });
  const [of, window] = [{ unit: 'usd', limit: '1', sharing: 'shared' }, 'unlimited'] as const;
  for (const [id, downgradeTo] of [
    ['large', 'small'],
    ['small', 'large'],
  ] as const) {
    const scope = { kind: 'model', id } as const;
    const plan = { ...of, id, scope, window, downgradeAt: 1, downgradeTo };
    await plane.setBudget({ org: 'acme', plan });
  }
  const call = { maxInputTokens: 10_000, maxOutputTokens: 1_000 };
  const downgradeTo = ['small', 'large'];
  const models = ['large', 'small'];
  const run = (more: Pick<ModelCall, 'model' | 'downgradeTo'>): Promise<unknown> =>
    codeOf(callModel(session, { ...call, ...more }, answers({})));
  for (const model of models) expect(await run({ model, downgradeTo })).toBe('model-downgraded');
  const decided: unknown[] = [];
  for await (const event of plane.events({ types: ['action-decided'] })) decided.push(event);
  // Each model is asked for once.
  expect(decided).toHaveLength(4);
  await plane.close();
});

test('a tool that is a model is not called without one, nor another tool with one', async () => {
  const plain = { name: 'plain', action: 'order.read' };
  const { plane, session } = await open({ tools: [plain] });
  const read = session.read({});
  expect(await session.authorize({ tool: bindTool(modelTool), arguments: read })).toMatchObject({
    code: 'model-missing',
    message: 'tool `model` is a model, and the call does not say which',
  });
  const model = { name: 'small' };
  expect(await session.authorize({ tool: bindTool(plain), arguments: read, model })).toMatchObject({
    code: 'model-missing',
    message: 'tool `plain` is not registered as a model',
  });
  await plane.close();
});

test('a catalogue is replaced only by one with a higher version, and an old one holds until then', async () => {
  const { plane } = await open();
  const codes: (string | undefined)[] = [];
  codes.push(await codeOf(plane.activatePrices({ ...prices, models: {} })));
  codes.push(
    await codeOf(plane.activatePrices({ ...prices, models: { small: prices.models.small } })),
  );
  codes.push(await codeOf(plane.activatePrices(prices)));
  codes.push(await codeOf(plane.activatePrices({ ...prices, version: 2 })));
  const by = ann(plane);
  codes.push(await codeOf(plane.activatePrices({ ...prices, version: 3 }, by)));
  expect(codes).toEqual([
    'prices-invalid',
    'prices-version-behind',
    'resolved',
    'resolved',
    'permission-denied',
  ]);
  await plane.close();
});

/** How many of `calls` parallel calls came through. */
async function race(session: Session, calls: number): Promise<number> {
  const usage = { inputTokens: 100, outputTokens: 50 };
  const all = Array.from({ length: calls }, () =>
    codeOf(callModel(session, asked, answers({ usage }))),
  );
  return (await Promise.all(all)).filter((code) => code === 'resolved').length;
}

test.each([
  { kind: 'model', id: 'small' },
  { kind: 'model', every: true },
] as const)(
  'A32 of a thousand calls at once, ten get through a budget for ten of %j',
  async (scope) => {
    const { plane, session } = await open({}, {});
    const terms = { id: 'ten', unit: 'usd', limit: '0.002', scope, window: 'unlimited' } as const;
    await plane.setBudget({ org: 'acme', plan: { ...terms, sharing: 'shared' } });
    expect(await race(session, 1_000)).toBe(10);
    const [usage] = await plane.budgets('acme');
    expect(usage?.accounts).toMatchObject([{ posted: '0.002', reserved: '0' }]);
    await plane.close();
  },
);

test('A32 of a thousand parallel model calls, as many get through as the budget has room for', async () => {
  const { plane, session, used } = await open({}, { usd: '0.002' });
  expect([await race(session, 1_000), await used()]).toEqual([10, 2_000]);
  await plane.close();
});

test('a call that could take more than can be counted is not made', async () => {
  const { session, plane } = await open({}, {});
  const most = Number.MAX_SAFE_INTEGER;
  const endless = { model: 'boundless', maxInputTokens: most, maxOutputTokens: most };
  const called = callModel(session, endless, () => Promise.reject(new Error('it was made')));
  expect(await codeOf(called)).toBe('amount-out-of-range');
  await plane.close();
});
