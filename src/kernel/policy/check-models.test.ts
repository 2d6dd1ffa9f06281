/** What a policy says of models is refused where it cannot be meant, with the place. */
import { expect, test } from 'vitest';
import { checkPolicy } from './check.ts';

const price = { input: '1', output: '2.5' };

function findingsOf(models: unknown): readonly string[] {
  const actions = { 'model.call': {} };
  const checked = checkPolicy({ format: 1, version: 1, actions, models });
  return 'findings' in checked ? checked.findings.map(({ code, path }) => `${code} ${path}`) : [];
}

test('what can be meant checks', () => {
  const tier = { agents: ['a*'], principals: ['user:*'], actions: ['model.*'] };
  const tiers = { premium: { ...tier, actionTiers: ['unrestricted'] }, standard: {} };
  const overrides = [
    { id: 'a', principals: ['user:ann'], allow: ['**'] },
    { id: 'b', principals: ['**'], deny: ['x/*'] },
  ];
  const unknown = { tier: 'restricted', price: { ...price, reasoning: '3', request: '0.01' } };
  expect(findingsOf({ tiers, overrides, unknown })).toEqual([]);
});

test.each<[unknown, string]>([
  [null, 'wrong-type models'],
  [{}, 'no-effect models'],
  [{ tier: {} }, 'unknown-member models.tier'],
  [{ tiers: [] }, 'wrong-type models.tiers'],
  [{ tiers: { 'very good': {} } }, 'invalid-name models.tiers.very good'],
  [{ tiers: { a: [] } }, 'wrong-type models.tiers.a'],
  [{ tiers: { a: { agent: ['x'] } } }, 'unknown-member models.tiers.a.agent'],
  [{ tiers: { a: { agents: [] } } }, 'empty-list models.tiers.a.agents'],
  [{ tiers: { a: { agents: 'x' } } }, 'wrong-type models.tiers.a.agents'],
  [{ tiers: { a: { principals: [7] } } }, 'wrong-type models.tiers.a.principals[0]'],
  [{ tiers: { a: { agents: ['a,b'] } } }, 'wrong-type models.tiers.a.agents[0]'],
  [{ tiers: { a: { principals: ['a,b'] } } }, 'wrong-type models.tiers.a.principals[0]'],
  [{ tiers: { a: { actions: ['model.cal'] } } }, 'unknown-action models.tiers.a.actions[0]'],
  [{ tiers: { a: { actionTiers: ['free'] } } }, 'wrong-type models.tiers.a.actionTiers[0]'],
  [{ overrides: {} }, 'wrong-type models.overrides'],
  [{ overrides: [] }, 'empty-list models.overrides'],
  [{ overrides: [{ id: 'a', allow: ['x'] }] }, 'wrong-type models.overrides[0].principals'],
  [{ overrides: [{ id: 'a', principals: ['x'] }] }, 'no-effect models.overrides[0]'],
  [
    { overrides: [{ id: 'a', principals: ['^x$'], deny: ['**'] }] },
    'wrong-type models.overrides[0].principals[0]',
  ],
  [
    { overrides: [{ id: '', principals: ['x'], deny: ['y'] }] },
    'invalid-name models.overrides[0].id',
  ],
  [
    { overrides: ['a', 'a'].map((id) => ({ id, principals: ['x'], deny: ['y'] })) },
    'duplicate-id models.overrides[1].id',
  ],
  [
    { overrides: [{ id: 'a', principals: ['x'], deny: [] }] },
    'empty-list models.overrides[0].deny',
  ],
  [{ unknown: { price } }, 'invalid-name models.unknown.tier'],
  [{ unknown: { tier: 'a' } }, 'wrong-type models.unknown.price'],
  [
    { unknown: { tier: 'a', price: { input: '1' } } },
    'operand-invalid models.unknown.price.output',
  ],
  [
    { unknown: { tier: 'a', price: { ...price, input: 1 } } },
    'operand-invalid models.unknown.price.input',
  ],
  [
    { unknown: { tier: 'a', price: { ...price, above: [] } } },
    'unknown-member models.unknown.price.above',
  ],
])('%j has the one finding %s', (models, finding) => {
  expect(findingsOf(models)).toEqual([finding]);
});
