/** What a policy says of leases and locks is refused where it cannot be meant, with the place. */
import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { checkPolicy } from './check.ts';

function findingsOf(more: object): readonly string[] {
  const actions = { 'pay.send': {}, 'pay.refund': {} };
  const checked = checkPolicy({ format: 1, version: 1, actions, ...more });
  return 'findings' in checked ? checked.findings.map(({ code, path }) => `${code} ${path}`) : [];
}

const exclusive = { actions: ['pay.*'], mode: 'exclusive' };

test.each([
  [{ leases: { onStuck: 'abort', termMs: 1_000 } }],
  [{ leases: { onStuck: 'alert' } }],
  [{ leases: { termMs: 86_400_000 } }],
  [{ locks: [exclusive, { actions: ['pay.send', 'pay.refund'], mode: 'exclusive' }] }],
])('%j checks', (more) => {
  expect(findingsOf(more)).toEqual([]);
});

test.each<[object, string]>([
  [{ leases: null }, 'wrong-type leases'],
  [{ leases: {} }, 'no-effect leases'],
  [{ leases: { onstuck: 'abort' } }, 'unknown-member leases.onstuck'],
  [{ leases: { onStuck: 'ignore' } }, 'wrong-type leases.onStuck'],
  [{ leases: { termMs: 999 } }, 'wrong-type leases.termMs'],
  [{ leases: { termMs: '30s' } }, 'wrong-type leases.termMs'],
  [{ leases: { termMs: 86_400_001 } }, 'wrong-type leases.termMs'],
  [{ locks: {} }, 'wrong-type locks'],
  [{ locks: [] }, 'empty-list locks'],
  [{ locks: ['pay.*'] }, 'wrong-type locks[0]'],
  [{ locks: [{ actions: ['pay.*'] }] }, 'wrong-type locks[0].mode'],
  [{ locks: [{ ...exclusive, mode: 'shared' }] }, 'wrong-type locks[0].mode'],
  [{ locks: [{ mode: 'exclusive' }] }, 'wrong-type locks[0].actions'],
  [{ locks: [{ ...exclusive, actions: [] }] }, 'empty-list locks[0].actions'],
  [{ locks: [{ ...exclusive, actions: ['mail.*'] }] }, 'unknown-action locks[0].actions[0]'],
  [{ locks: [{ ...exclusive, resources: ['*'] }] }, 'unknown-member locks[0].resources'],
  [{ locks: Array.from({ length: limits.locksMax + 1 }, () => exclusive) }, 'too-many locks'],
  [
    { locks: [{ ...exclusive, actions: Array.from({ length: 101 }, () => 'pay.send') }] },
    'too-many locks[0].actions',
  ],
])('%j has the one finding %s', (more, finding) => {
  expect(findingsOf(more)).toEqual([finding]);
});
