/** Who may use a model: overrides first, a denial before a permission, and then the model's tier. */
import { expect, test } from 'vitest';
import { compileModels, modelAccess, type ModelAccessRequest } from './model-access.ts';

const models = compileModels({
  tiers: {
    premium: { agents: ['writer'], principals: ['user:*'], actions: ['model.call'] },
    restricted: { actionTiers: ['alwaysApprove', 'autoApprove'] },
    standard: { principals: ['user:*'] },
  },
  overrides: [
    { id: 'no-x', principals: ['user:ann'], deny: ['x', 'lab/**'] },
    { id: 'all', principals: ['user:ann', 'service:a'], allow: ['**'] },
  ],
});

function byOf(model: { id: string; tier: string }, more: Partial<ModelAccessRequest> = {}): string {
  const usual: ModelAccessRequest = {
    agent: 'writer',
    principal: 'user:bob',
    action: 'model.call',
    actionTiers: ['unrestricted'],
  };
  const { allowed, by } = modelAccess(models, { ...usual, ...more }, model);
  return `${allowed ? 'allowed' : 'refused'} ${by}`;
}

const premium = { id: 'p', tier: 'premium' };
const restricted = { id: 'r', tier: 'restricted' };
const standard = { id: 's', tier: 'standard' };

test.each<[string, { id: string; tier: string }, Partial<ModelAccessRequest>, string]>([
  ['everything that a tier asks for', premium, {}, 'allowed models.tiers:premium'],
  ['another agent', premium, { agent: 'bot' }, 'refused models.tiers:premium'],
  ['another principal', premium, { principal: 'service:b' }, 'refused models.tiers:premium'],
  ['another action', premium, { action: 'model.embed' }, 'refused models.tiers:premium'],
  ['an action in no such tier', restricted, {}, 'refused models.tiers:restricted'],
  [
    'an action in one',
    restricted,
    { actionTiers: ['autoApprove'] },
    'allowed models.tiers:restricted',
  ],
  ['an action in no tier', restricted, { actionTiers: [] }, 'refused models.tiers:restricted'],
  ['a tier that is not named', { id: 'z', tier: 'lab' }, {}, 'refused models.tiers:lab'],
  ['standard, where it is named', standard, {}, 'allowed models.tiers:standard'],
  ['standard for others', standard, { principal: 'service:b' }, 'refused models.tiers:standard'],
  [
    'an override that allows',
    restricted,
    { principal: 'service:a' },
    'allowed models.overrides:all',
  ],
  [
    'one that denies what another allows',
    { id: 'x', tier: 'standard' },
    { principal: 'user:ann' },
    'refused models.overrides:no-x',
  ],
  [
    'a denial by pattern',
    { id: 'lab/a/b', tier: 'standard' },
    { principal: 'user:ann' },
    'refused models.overrides:no-x',
  ],
])('%s', (_, model, more, by) => {
  expect(byOf(model, more)).toBe(by);
});

test('where the policy says nothing, standard is open to everyone and no other tier to anybody', () => {
  const nothing = compileModels();
  const request = { agent: 'a', principal: 'b', action: 'c', actionTiers: [] };
  expect(modelAccess(nothing, request, standard).allowed).toBe(true);
  expect(modelAccess(nothing, request, premium).allowed).toBe(false);
});
