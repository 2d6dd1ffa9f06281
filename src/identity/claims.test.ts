/** From claims to who somebody is: only what is mapped, and never something changed into what fits. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isName, isQualifiedName, limits } from '../kernel/index.ts';
import { AuthenticationError } from './authenticator.ts';
import { claimReader, type ClaimMapping } from './claims.ts';
import type { Claims } from './signed-token.ts';

const mapping: ClaimMapping = {
  kind: 'user',
  org: 'acme',
  roles: { claim: 'groups', map: { ops: 'operator', leads: ['approver', 'operator'] } },
};
const claims = { sub: 'ada', groups: ['ops'] };

function codeOf(options: Partial<ClaimMapping>, given: Claims): string {
  const read = claimReader({ ...mapping, ...options });
  try {
    return `${read(given).id} of ${read(given).org}`;
  } catch (error) {
    return AuthenticationError.is(error) ? error.code : String(error);
  }
}

const ada = 'user:ada of acme';

test('the subject is `sub`, or the claim that is configured', () => {
  expect(codeOf({}, claims)).toBe(ada);
  expect(codeOf({ subject: 'email' }, { ...claims, email: 'ada@acme.example' })).toBe(
    'user:ada@acme.example of acme',
  );
  expect(codeOf({ subject: ['person', 'login'] }, { ...claims, person: { login: 'al' } })).toBe(
    'user:al of acme',
  );
  expect(codeOf({ subject: 'email' }, claims)).toBe('claims-invalid');
});

test.each([
  '',
  'auth0|1',
  ' ada',
  'ada ',
  'а',
  ':ada',
  'ada\n',
  'x'.repeat(124),
  1,
  null,
  true,
  {},
  ['ada', 'eve'],
  ['ada', 1],
  [],
  [['ada']],
  undefined,
])('the subject %j is refused, not changed', (sub) => {
  expect(codeOf({}, { ...claims, sub })).toBe('claims-invalid');
});

test('people and services are told apart, by configuration or by a claim', () => {
  expect(codeOf({ kind: 'service' }, claims)).toBe('service:ada of acme');
  const kind = { claim: 'type' };
  expect(codeOf({ kind }, { ...claims, type: 'service' })).toBe('service:ada of acme');
  for (const type of ['Service', 'admin', '', undefined, ['user', 'service']]) {
    expect(codeOf({ kind }, { ...claims, type })).toBe('claims-invalid');
  }
  const mapped = { claim: 'gty', map: { 'client-credentials': 'service' } };
  expect(codeOf({ kind: mapped }, { ...claims, gty: 'client-credentials' })).toBe(
    'service:ada of acme',
  );
  expect(codeOf({ kind: mapped }, { ...claims, gty: 'service' })).toBe('claims-invalid');
});

test('the org is that of the configuration, or exactly one value of a claim', () => {
  const org = { claim: 'tenant' };
  expect(codeOf({ org }, { ...claims, tenant: 'globex' })).toBe('user:ada of globex');
  expect(codeOf({ org }, { ...claims, tenant: ['globex'] })).toBe('user:ada of globex');
  for (const tenant of [['acme', 'globex'], ['acme', 'acme'], [], '*', 'a|b', 1, null, undefined]) {
    expect(codeOf({ org }, { ...claims, tenant })).toBe('claims-invalid');
  }
});

test('an org that the map does not name is refused, also one that everything inherits', () => {
  const org = { claim: 'tid', map: { 'a-1': 'acme' } };
  expect(codeOf({ org }, { ...claims, tid: 'a-1' })).toBe(ada);
  for (const tid of ['acme', 'constructor', '__proto__', 'toString', 'A-1']) {
    expect(codeOf({ org }, { ...claims, tid })).toBe('claims-invalid');
  }
});

test('roles come from the map alone, each once', () => {
  const read = claimReader(mapping);
  const roles = (groups: unknown): readonly string[] => read({ ...claims, groups }).roles;
  expect(roles(['leads', 'ops', 'everyone', 'admin', 'constructor'])).toEqual([
    'approver',
    'operator',
  ]);
  expect(roles('ops')).toEqual(['operator']);
});

test.each([
  [[]],
  [['admin']],
  [['constructor', '__proto__']],
  ['everyone'],
  ['ops leads'],
  [['ops', 1]],
  [['ops', ['leads']]],
  [{ ops: true }],
  [null],
  [undefined],
])('who gets no role is refused: %j', (groups) => {
  expect(codeOf({}, { ...claims, groups })).toBe('claims-invalid');
});

test('more roles than a principal can have are refused', () => {
  const names = Array.from({ length: limits.rolesMax + 1 }, (_, at) => `r${at}`);
  const roles = { claim: 'groups', map: Object.fromEntries(names.map((name) => [name, name])) };
  expect(codeOf({ roles }, { ...claims, groups: names.slice(1) })).toBe(ada);
  expect(codeOf({ roles }, { ...claims, groups: names })).toBe('claims-invalid');
});

test('scopes are taken apart at spaces, and a list is not taken for them', () => {
  const roles = { claim: 'scope', form: 'space-separated', map: { 'acp:run': 'agent' } } as const;
  for (const scope of ['acp:run', 'openid acp:run', ' acp:run  x']) {
    expect(codeOf({ roles }, { ...claims, scope })).toBe(ada);
  }
  for (const scope of ['acp:runx', 'openid,acp:run', 'openid\tacp:run', ['acp:run'], undefined]) {
    expect(codeOf({ roles }, { ...claims, scope })).toBe('claims-invalid');
  }
});

test('a name with a space is one name in a list', () => {
  const roles = { claim: 'groups', map: { 'Domain Admins': 'admin' } };
  expect(codeOf({ roles }, { ...claims, groups: ['Domain Admins'] })).toBe(ada);
  expect(codeOf({ roles }, { ...claims, groups: ['Domain', 'Admins'] })).toBe('claims-invalid');
});

test('teams are names, or what the map makes of them; missing ones are refused', () => {
  const named = claimReader({ ...mapping, teams: { claim: 'teams' } });
  expect(named({ ...claims, teams: ['b', 'a', 'b'] }).teams).toEqual(['a', 'b']);
  expect(named({ ...claims, teams: [] }).teams).toBeUndefined();
  const teams = { claim: 'teams' };
  const tooMany = Array.from({ length: limits.teamsMax + 1 }, (_, index) => `t${index}`);
  for (const given of [undefined, null, ['a|b'], [''], [1], tooMany]) {
    expect(codeOf({ teams }, { ...claims, teams: given })).toBe('claims-invalid');
  }
  expect(codeOf({ teams }, { ...claims, teams: tooMany.slice(1) })).toBe(ada);
  const mapped = claimReader({ ...mapping, teams: { claim: 'groups', map: { ops: 'platform' } } });
  expect(mapped({ ...claims, groups: ['ops', 'not a team'] }).teams).toEqual(['platform']);
});

test('nested claims are found by their path, and only what the token itself holds', () => {
  const roles = { claim: ['realm_access', 'roles'], map: { ops: 'operator' } };
  expect(codeOf({ roles }, { ...claims, realm_access: { roles: ['ops'] } })).toBe(ada);
  for (const wrong of [undefined, null, 'x', [], ['ops'], { roles: undefined }]) {
    expect(codeOf({ roles }, { ...claims, realm_access: wrong })).toBe('claims-invalid');
  }
  const dotted = { claim: 'https://acme.example/x.y', map: { ops: 'operator' } };
  expect(codeOf({ roles: dotted }, { ...claims, 'https://acme.example/x.y': ['ops'] })).toBe(ada);
  for (const name of ['toString', 'hasOwnProperty', 'valueOf']) {
    expect(codeOf({ subject: name }, claims)).toBe('claims-invalid');
    expect(codeOf({ subject: [name, 'name'] }, claims)).toBe('claims-invalid');
  }
});

test('a claim that is only inherited is missing', () => {
  const heir = Object.assign(Object.create({ inherited: 'eve' }) as object, claims);
  expect(codeOf({ subject: 'inherited' }, heir)).toBe('claims-invalid');
  expect(codeOf({ subject: ['nested', 'inherited'] }, { ...claims, nested: heir })).toBe(
    'claims-invalid',
  );
});

test('claims that are called like members of an identity mean nothing by themselves', () => {
  const hostile = {
    ...claims,
    id: 'user:root',
    org: 'globex',
    roles: ['admin'],
    teams: ['board'],
    kind: 'service',
    subject: 'root',
    expiresAt: 9e15,
    via: 'host-assertion',
  };
  expect(claimReader(mapping)(hostile)).toEqual({
    id: 'user:ada',
    org: 'acme',
    roles: ['operator'],
  });
});

const wrong: readonly (readonly [string, unknown])[] = [
  ['nothing', undefined],
  ['no kind', { ...mapping, kind: undefined }],
  ['another kind', { ...mapping, kind: 'admin' }],
  ['another kind by map', { ...mapping, kind: { claim: 'k', map: { a: 'admin' } } }],
  ['no org', { ...mapping, org: undefined }],
  ['an org that is no name', { ...mapping, org: '*' }],
  ['an org by map that is no name', { ...mapping, org: { claim: 'o', map: { a: '*' } } }],
  ['an empty map', { ...mapping, org: { claim: 'o', map: {} } }],
  ['a map that is a list', { ...mapping, org: { claim: 'o', map: ['acme'] } }],
  ['a team by map that is no name', { ...mapping, teams: { claim: 't', map: { a: 'b c' } } }],
  ['no roles', { ...mapping, roles: undefined }],
  ['roles without a map', { ...mapping, roles: { claim: 'groups' } }],
  ['a role that is no name', { ...mapping, roles: { claim: 'g', map: { a: 'b c' } } }],
  ['a role that is no text', { ...mapping, roles: { claim: 'g', map: { a: [1] } } }],
  ['another form', { ...mapping, roles: { claim: 'g', form: 'csv', map: { a: 'agent' } } }],
  ['a misspelt member', { ...mapping, team: { claim: 'teams' } }],
  ['a misspelt member below', { ...mapping, org: { claim: 'o', mapping: { a: 'acme' } } }],
  ['an empty path', { ...mapping, subject: [] }],
  ['an empty name', { ...mapping, subject: '' }],
  ['a long path', { ...mapping, subject: Array(9).fill('a') }],
  ['a path of numbers', { ...mapping, subject: [1] }],
  ['`__proto__`', { ...mapping, subject: '__proto__' }],
  ['`constructor`', { ...mapping, subject: ['constructor', 'name'] }],
  ['`prototype`', { ...mapping, subject: ['a', 'prototype'] }],
];

test.each(wrong)('a mapping with %s is refused where it is built', (_, given) => {
  expect(() => claimReader(given as ClaimMapping)).toThrow(TypeError);
});

test('whatever the claims are, an identity is well-formed or refused', () => {
  const read = claimReader({
    ...mapping,
    org: { claim: 'tenant' },
    teams: { claim: 'teams' },
  });
  const text = fc.oneof(
    fc.constantFrom('ops', 'leads', 'acme', 'ada'),
    fc.string({ maxLength: 6 }),
  );
  const value = fc.oneof(text, fc.array(text, { maxLength: 3 }), fc.jsonValue());
  const any = fc.record({ sub: value, tenant: value, teams: value, groups: value });
  const outcomeOf = (given: Claims): ReturnType<typeof read> | string => {
    try {
      return read(given);
    } catch (error) {
      return AuthenticationError.is(error) ? error.code : String(error);
    }
  };
  let accepted = 0;
  fc.assert(
    fc.property(any, (given) => {
      const outcome = outcomeOf(given);
      if (outcome === 'claims-invalid') return;
      if (typeof outcome === 'string') throw new Error(outcome);
      accepted += 1;
      const { id, org, roles, teams = [] } = outcome;
      expect(isQualifiedName(id) && isName(org) && teams.every(isName)).toBe(true);
      expect(id).toBe(`user:${[given.sub].flat()[0] as string}`);
      expect(roles.length).toBeGreaterThan(0);
      expect(roles.every((role) => ['operator', 'approver'].includes(role))).toBe(true);
    }),
    { numRuns: 2_000 },
  );
  expect(accepted).toBeGreaterThan(0);
});
