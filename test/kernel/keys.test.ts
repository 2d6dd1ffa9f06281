/** API keys and scopes as the kernel takes them: what cannot be one, whose a key is, and who revokes it. */
import { expect, test } from 'vitest';
import type { Command } from '../../src/kernel/index.ts';
import { limits } from '../../src/kernel/index.ts';
import { cast, Stage } from './stage.ts';

type Key = Extract<Command, { readonly kind: 'issue-key' }>['key'];

const annsKey: Key = {
  id: 'k-1',
  org: 'acme',
  principal: 'ann',
  roles: ['agent'],
  secretHash: 'a'.repeat(64),
};

function issue(stage: Stage, change: Partial<Key> = {}, by = cast.ada): string {
  return stage.do({ kind: 'issue-key', by, key: { ...annsKey, ...change } });
}

const many = (count: number): string[] => Array.from({ length: count }, (_, each) => `n-${each}`);

test.each<readonly [string, Partial<Key>]>([
  ['of no org', { org: '' }],
  ['of every org', { org: '*' }],
  ['of an org with a slash', { org: 'acme/x' }],
  ['of nobody', { principal: '' }],
  ['without a role', { roles: [] }],
  ['with too many roles', { roles: Array(limits.rolesMax + 1).fill('agent') as string[] }],
  ['with a role that nobody has', { roles: ['system'] }],
  ['with too many teams', { teams: many(limits.teamsMax + 1) }],
  ['of a team that is no name', { teams: ['a/b'] }],
  ['without a hash', { secretHash: '' }],
  ['that has ended', { expiresAt: 0 }],
  ['that ends at no time', { expiresAt: Number.NaN }],
])('a key %s is refused', (_, change) => {
  expect(issue(Stage.ready(), change)).toBe('key-invalid');
});

test('a key may have as many teams as the limit says, and its id is used once', () => {
  const stage = Stage.ready();
  expect(issue(stage, { teams: many(limits.teamsMax) })).toBe('done');
  expect(issue(stage)).toBe('key-invalid');
});

test('a key is revoked by whom it establishes, and by nobody of that id in another org', () => {
  const stage = Stage.ready();
  issue(stage);
  const revoke = (by: typeof cast.ann) => stage.do({ kind: 'revoke-key', by, key: 'k-1' });
  expect(revoke(cast.otherAnn)).toBe('key-unknown');
  expect(revoke(cast.otherAda)).toBe('key-unknown');
  expect(revoke(cast.bob)).toBe('key-unknown');
  expect(stage.get('key', 'k-1')).toMatchObject({ revoked: false });
  expect(revoke(cast.ann)).toBe('done');
  const size = stage.log.length;
  expect([revoke(cast.ada), stage.log.length]).toEqual(['done', size]);
});

test('a key stands for its own principal, not for one of that id elsewhere, nor for another', () => {
  const stage = Stage.ready();
  issue(stage);
  const open = (by: typeof cast.ann, session: string): string =>
    stage.do({
      kind: 'open-session',
      by: { ...by, credential: 'k-1' },
      session,
      agent: 'bot',
      mode: 'live',
      budget: {},
      activate: true,
    });
  expect(open(cast.ann, 's-a')).toBe('done');
  expect(open(cast.otherAnn, 's-b')).toBe('credential-revoked');
  expect(open(cast.bob, 's-c')).toBe('credential-revoked');
});

test('who is of every org has no right to every org by that', () => {
  const stage = Stage.ready();
  const by = { ...cast.ann, org: '*', roles: ['admin'] };
  expect(issue(stage, { org: '*' }, by as typeof cast.ada)).toBe('permission-denied');
  expect(stage.do({ kind: 'close-budget', by, org: '*', plan: 'p' })).toBe('permission-denied');
});

test.each([
  ['resources that are no list', { resources: 'file/a' }],
  ['no resources', { resources: [] }],
  ['a resource that is no pattern', { resources: [1] }],
  ['too many resources', { resources: many(limits.scopePatternsMax + 1) }],
  ['no actions', { actions: [] }],
  ['too many actions', { actions: many(limits.scopePatternsMax + 1) }],
  ['a depth below none', { depth: -1 }],
  ['a depth beyond the limit', { depth: limits.sessionDepthMax + 1 }],
  ['half a depth', { depth: 0.5 }],
])('terms with %s are refused', (_, delegation) => {
  const stage = Stage.ready();
  const parent = stage.open();
  const opened = stage.do({
    kind: 'open-session',
    by: cast.ann,
    session: 'below',
    agent: 'clerk',
    mode: 'live',
    budget: {},
    activate: true,
    parent,
    delegation: delegation as never,
  });
  expect(opened).toBe('delegation-invalid');
});
