/** A credential is good until the millisecond at which it ends, and not in it. */
import { expect, test } from 'vitest';
import type { PrincipalReference } from '../principal.ts';
import type { StateView } from '../record.ts';
import { credentialRefusal } from './rights.ts';

const end = 1_000;
const ann: PrincipalReference = { id: 'ann', org: 'acme', roles: ['agent'], via: 'assertion' };

/** What becomes of a command at a log time, by a principal with a key that ends or that does not. */
function refusedAt(now: number, by: PrincipalReference, keyEnds?: number): string | undefined {
  const key = { org: 'acme', principal: 'ann', revoked: false, expiresAt: keyEnds };
  const view = { get: (kind: string) => (kind === 'key' ? key : undefined) } as StateView;
  return credentialRefusal(view, { by, kind: 'authorize' }, now)?.code;
}

test.each([
  ['a principal that ends', { ...ann, expiresAt: end }, undefined],
  ['the key of a principal', { ...ann, credential: 'k-1' }, end],
] as const)('%s is good 1 ms before, and neither at the end nor 1 ms after', (_, by, keyEnds) => {
  const codes = [end - 1, end, end + 1].map((now) => refusedAt(now, by, keyEnds));
  expect(codes).toEqual([undefined, 'credential-expired', 'credential-expired']);
});

test('a principal of a key that has no end goes on', () => {
  expect(refusedAt(Number.MAX_SAFE_INTEGER, { ...ann, credential: 'k-1' })).toBeUndefined();
});
