/** Random policies that also ask code and have expressions, with what code found and the session did. */
import * as fc from 'fast-check';
import type { EvaluatorFact, PolicyDocument, SessionHistory } from '../../src/kernel/index.ts';
import { emptyHistory } from '../../src/kernel/index.ts';
import { expressions } from '../policy/random-expressions.ts';
import { policies, requests } from './random-policies.ts';

const levels = fc.constantFrom('low', 'medium', 'high', 'critical');
const match = fc.constantFrom(undefined, { action: 'file.*' }, { agent: 'bot' }, { resource: 'a' });
const some = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(of, { nil: undefined });

/** Members that are undefined are left out, as they are in JSON. */
function plain(value: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
}

const guardrail = fc.record({
  id: fc.constant('g'),
  evaluator: fc.constant('regex'),
  effect: fc.constantFrom(undefined, 'deny', 'require-approval'),
  match,
});
const input = fc.record({
  id: fc.constant('in'),
  evaluator: fc.constant('regex'),
  match: fc.constantFrom(undefined, { principal: 'ann' }),
});
const classifier = (id: string) =>
  fc.record({ id: fc.constant(id), classifier: fc.constant('x'), match });

const modelTier = fc.record(
  {
    agents: fc.constantFrom(['bot'], ['b*', 'clerk']),
    principals: fc.constantFrom(['ann'], ['**']),
    actions: fc.constantFrom(['file.*'], ['pay.send', 'file.read']),
    actionTiers: fc.constantFrom(['unrestricted'], ['autoApprove', 'alwaysApprove']),
  },
  { requiredKeys: [] },
);
const override = fc
  .record(
    {
      principals: fc.constantFrom(['ann'], ['a*', 'bob']),
      allow: fc.constantFrom(['m'], ['lab/**'], ['*']),
      deny: fc.constantFrom(['m'], ['lab/*']),
    },
    { requiredKeys: ['principals'] },
  )
  .filter((each) => 'allow' in each || 'deny' in each);
const models = fc.record({
  tiers: some(fc.record({ standard: some(modelTier), premium: some(modelTier) })),
  overrides: some(
    fc
      .array(override, { minLength: 1, maxLength: 2 })
      .map((list) => list.map((each, position) => ({ id: `o${position}`, ...each }))),
  ),
});
const model = fc.record({
  id: fc.constantFrom('m', 'lab/x', 'n'),
  tier: fc.constantFrom('standard', 'premium', 'lab'),
});

const informing = { id: 'pii', evaluator: 'regex', effect: 'inform' };

/** A policy with expressions in some of its rules, and a few things that code has to say. */
const evaluated = fc
  .record({
    policy: policies,
    whens: fc.array(some(expressions), { maxLength: 3 }),
    guardrail: some(guardrail),
    input: some(input),
    risk: some(classifier('rc')),
    assets: some(classifier('ac')),
    assetRisk: some(levels),
    access: some(models),
  })
  .map(({ policy, whens, guardrail: tool, input: screen, risk, assets, assetRisk, access }) => {
    const rules = (policy.rules ?? []).map((rule, position) => {
      const expression = whens[position];
      const rest = rule.when === undefined ? [] : [rule.when];
      return expression === undefined
        ? rule
        : { ...rule, when: { any: [{ expression }, ...rest] } };
    });
    const reads = JSON.stringify(rules).includes('["guardrails","pii"]');
    const tools = [...(tool === undefined ? [] : [tool]), ...(reads ? [informing] : [])];
    const guardrails = {
      input: screen === undefined ? undefined : [screen],
      tool: tools.length === 0 ? undefined : tools,
    };
    return plain({
      ...policy,
      rules,
      models: access,
      guardrails: Object.keys(plain(guardrails)).length === 0 ? undefined : guardrails,
      risk: risk === undefined ? undefined : { classifiers: [risk] },
      assets:
        assets === undefined
          ? undefined
          : {
              classifiers: [assets],
              risk: assetRisk === undefined ? undefined : { a: assetRisk },
            },
    }) as unknown as PolicyDocument;
  });

const outcomes = fc.constantFrom('pass', 'pass', 'refuse', 'error', 'absent');
const facts: fc.Arbitrary<readonly EvaluatorFact[]> = fc
  .record({
    g: outcomes,
    pii: outcomes,
    rc: fc.oneof(
      levels.map((level) => [level]),
      fc.constantFrom('error', 'absent'),
    ),
    ac: fc.oneof(fc.subarray(['a', 'ab']), fc.constantFrom('error', 'absent')),
  })
  .map((given) =>
    Object.entries(given).flatMap(([id, found]): EvaluatorFact[] => {
      const fact = { guardrail: id, evaluator: 'x', reason: 'because', durationMs: 0 };
      if (found === 'absent') return [];
      if (typeof found !== 'string') return [{ ...fact, outcome: 'answered', answer: found }];
      return [{ ...fact, outcome: found }];
    }),
  );

const history: fc.Arbitrary<SessionHistory> = fc
  .record({
    allowed: fc.nat(3),
    denied: fc.nat(3),
    counts: fc.record({ 'file.read': fc.nat(3), 'order.refund': fc.nat(3) }),
    labels: fc.subarray(['a', 'ab']),
  })
  .map((done) => ({ ...emptyHistory, ...done }));

/** Calls of models where nothing but the model could be in the way. */
export const modelCalls = fc.record({
  policy: models.map(
    (access) =>
      plain({
        format: 1,
        version: 1,
        actions: { 'file.read': {}, 'file.write': {}, 'pay.send': {} },
        tiers: { unrestricted: ['file.*'], autoApprove: ['pay.send', 'file.read'] },
        models: access,
      }) as unknown as PolicyDocument,
  ),
  request: fc.tuple(requests, model).map(([request, of]) => ({ ...request, model: of })),
});

export const evaluatedCalls = fc.record({
  policy: evaluated,
  request: fc
    .tuple(requests, some(model))
    .map(([request, of]) => (of === undefined ? request : { ...request, model: of })),
  facts,
  history,
  /** How what came in was judged; `stale`: under other guardrails than the policy's. */
  screened: fc.constantFrom('pass', 'pass', 'refuse', 'stale', 'none'),
});
