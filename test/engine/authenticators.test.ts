/** Authenticators that the host brings: what they say is minted, checked again, and ends when it says. */
import { expect, test } from 'vitest';
import {
  type Authenticated,
  AuthenticationError,
  type Authenticator,
} from '../../src/identity/authenticator.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { FakeClock } from '../../src/testing/fake-clock.ts';
import { codeOf, openShop } from './shop.ts';

const ada: Authenticated = { id: 'user:ada', org: 'acme', roles: ['agent'], teams: ['desk'] };

/** Knows one credential, and says of it what the test wants said. */
function door(said: Partial<Authenticated>, name = 'door'): Authenticator {
  return {
    name,
    authenticate: (credential) =>
      credential === 'open sesame'
        ? Promise.resolve({ ...ada, ...said })
        : Promise.reject(new AuthenticationError('token-malformed')),
  };
}

async function open(...authenticators: readonly Authenticator[]) {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  return { clock, plane: await openShop(memoryFleet()(), { clock, authenticators }) };
}

test('whom an authenticator vouches for acts, and the log says who vouched', async () => {
  const { plane } = await open(door({}));
  const principal = await plane.identity.authenticate('open sesame', 'door');
  expect(principal.toJSON()).toEqual({ ...ada, via: 'door' });
  await plane.openSession({ principal, agent: 'bot' });
  expect(await codeOf(plane.identity.authenticate('open barley', 'door'))).toBe('token-malformed');
  await plane.close();
});

test('a token that ended establishes nobody from then on, by log time', async () => {
  const { plane, clock } = await open(door({ expiresAt: Date.UTC(2026, 0, 1) + 1_000 }));
  const principal = await plane.identity.authenticate('open sesame', 'door');
  const session = await plane.openSession({ principal, agent: 'bot' });
  clock.advance(1_000);
  expect(await codeOf(session.pause())).toBe('credential-expired');
  await plane.close();
});

test.each<readonly [string, Partial<Authenticated>]>([
  ['a role that does not exist', { roles: ['sorcerer'] }],
  ['the control plane’s own role', { roles: ['system'] }],
  ['an id that is none', { id: 'ada lovelace' }],
  ['an org that is none', { org: '*' }],
  ['an end that is no time', { expiresAt: Number.NaN }],
  ['a misspelt end', { expiresat: 1 } as object],
  ['a misspelt team', { team: ['desk'] } as object],
])('what an authenticator says is checked again: %s', async (_what, said) => {
  const { plane } = await open(door(said));
  expect(await codeOf(plane.identity.authenticate('open sesame', 'door'))).toMatch(
    /^(input|credential)-invalid$/,
  );
  await plane.close();
});

test.each([undefined, null, 'user:ada', 7])(
  'an authenticator that answers with %j vouches for nobody',
  async (answer) => {
    const authenticate = () => Promise.resolve(answer as unknown as Authenticated);
    const { plane } = await open({ name: 'door', authenticate });
    await expect(plane.identity.authenticate('open sesame', 'door')).rejects.toMatchObject({
      code: 'credential-invalid',
      message: expect.stringContaining('vouches for nobody') as unknown,
    });
    await plane.close();
  },
);

test('no authenticator passes for another, nor for the control plane itself', async () => {
  for (const names of [
    ['door', 'door'],
    ['api-key'],
    ['host-assertion'],
    ['configuration'],
    ['internal'],
    [''],
  ]) {
    const opened = open(...names.map((name) => door({}, name)));
    expect(await codeOf(opened)).toBe('input-invalid');
  }
  const { plane } = await open(door({}));
  expect(await codeOf(plane.identity.authenticate('open sesame', 'window'))).toBe('input-invalid');
  expect(await codeOf(plane.identity.authenticate('open sesame'))).toBe('credential-invalid');
  await plane.close();
});
