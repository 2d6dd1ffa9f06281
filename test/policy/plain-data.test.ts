/** What is no plain data is refused with a finding: nothing of it is read that would not be in the log. */
import { expect, test } from 'vitest';
import { readPolicy } from '../../src/policy/index.ts';

const good = { format: 1, version: 1, actions: { act: {} }, tiers: { unrestricted: ['act'] } };
const deny = { id: 'r', effect: 'deny' };

/** Its rules are no member of its own: whatever copies the members leaves them out. */
class Written {
  readonly format = 1;
  readonly version = 1;
  readonly actions = { act: {} };

  get rules(): readonly object[] {
    return [deny];
  }
}

const rule = (when: unknown): object => ({ ...good, rules: [{ ...deny, when }] });
const compared = (member: object): object => rule({ path: 'arguments.a', ...member });

test.each<[string, unknown]>([
  ['an object of a class', new Written()],
  ['inherited members', Object.create(good)],
  ['a map of actions', { ...good, actions: new Map([['act', {}]]) }],
  ['a symbol as a name', { ...good, [Symbol('rules')]: [deny] }],
  ['a member that is undefined', rule(undefined)],
  ['a list with a hole', compared({ in: Array(2) })],
  ['a number that JSON has not', compared({ equals: Number.NaN })],
  ['half a character', compared({ contains: '\ud800' })],
])('%s', (_, document) => {
  expect(readPolicy(document)).toMatchObject({
    findings: [{ code: 'wrong-type', path: '', severity: 'error' }],
  });
});

test('what is read is a copy', () => {
  const written = structuredClone(good);
  const read = readPolicy(written);
  written.tiers.unrestricted.length = 0;
  expect(read).toMatchObject({ document: good });
});
