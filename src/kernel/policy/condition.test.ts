/** Conditions: three values, own properties only, and no coercion. */
import { expect, test } from 'vitest';
import { compileCondition } from './condition.ts';
import { type ConditionSubject, noCounters } from './expression.ts';
import type { ConditionDocument } from './document.ts';

const subject: ConditionSubject = {
  arguments: {
    amount: '50.00',
    count: 3,
    flag: true,
    nothing: null,
    name: 'Refund',
    list: ['a'],
    deep: { inner: { value: 1 } },
    path: '/data/a',
    bad: '/data/%2e%2e/etc',
  },
  resource: 'order/7',
  action: 'order.refund',
  tool: 'refund',
  agent: 'bot',
  principal: 'ann',
  org: 'acme',
  session: 's-1',
  risk: 'medium',
  counters: noCounters,
  guardrails: { pii: 'refuse' },
  assetClasses: [],
};

type Word = 'true' | 'false' | 'error';

function truthOf(condition: unknown): Word {
  const truth = compileCondition(condition as ConditionDocument)(subject);
  return typeof truth === 'boolean' ? (String(truth) as Word) : 'error';
}

const at = (name: string, rest: object): unknown => ({ path: `arguments.${name}`, ...rest });
const yes = at('count', { equals: 3 });
const no = at('count', { equals: 4 });
const wrong = at('absent', { equals: 1 });

test.each<[string, unknown, Word]>([
  ['equal text', at('name', { equals: 'Refund' }), 'true'],
  ['case counts', at('name', { equals: 'refund' }), 'false'],
  ['no coercion of numbers', at('count', { equals: '3' }), 'false'],
  ['no coercion of booleans', at('flag', { equals: 1 }), 'false'],
  ['null equals null', at('nothing', { equals: null }), 'true'],
  ['null is not false', at('nothing', { equals: false }), 'false'],
  ['a list is no scalar', at('list', { equals: 'a' }), 'error'],
  ['an object is no scalar', at('deep', { notEquals: 'a' }), 'error'],
  ['not equal', at('count', { notEquals: 4 }), 'true'],
  ['in a list', at('count', { in: [1, 3] }), 'true'],
  ['in a list of other types', at('count', { in: ['3'] }), 'false'],
  ['not in a list', at('count', { notIn: [1] }), 'true'],
  ['exact decimals at most', at('amount', { atMost: '50' }), 'true'],
  ['exact decimals less', at('amount', { lessThan: '50.000' }), 'false'],
  ['a decimal and a number', at('amount', { atLeast: 50 }), 'true'],
  ['more than', at('count', { moreThan: 2 }), 'true'],
  ['order of a text that is no decimal', at('name', { moreThan: 2 }), 'error'],
  ['order of a boolean', at('flag', { atLeast: 0 }), 'error'],
  ['order of null', at('nothing', { atMost: 1 }), 'error'],
  ['starts with', at('name', { startsWith: 'Ref' }), 'true'],
  ['ends with', at('name', { endsWith: 'und' }), 'true'],
  ['contains', at('name', { contains: 'fun' }), 'true'],
  ['text operator on a number', at('count', { contains: '3' }), 'error'],
  ['text operator on a list', at('list', { contains: 'a' }), 'error'],
  ['a glob', { path: 'resource', matches: 'order/*' }, 'true'],
  ['inside', at('path', { inside: '/data' }), 'true'],
  ['outside', at('path', { outside: '/etc' }), 'true'],
  ['inside of an ambiguous path', at('bad', { inside: '/data' }), 'error'],
  ['outside of an ambiguous path', at('bad', { outside: '/data' }), 'error'],
  ['deep', at('deep.inner.value', { equals: 1 }), 'true'],
  ['missing', at('absent', { equals: 1 }), 'error'],
  ['missing is not unequal', at('absent', { notEquals: 1 }), 'error'],
  ['missing is not outside a list', at('absent', { notIn: [1] }), 'error'],
  ['through a scalar', at('count.value', { equals: 1 }), 'error'],
  ['through null', at('nothing.value', { exists: true }), 'false'],
  ['exists', at('nothing', { exists: true }), 'true'],
  ['does not exist', at('absent', { exists: false }), 'true'],
  ['exists when it should not', at('count', { exists: false }), 'false'],
  ['the prototype', at('__proto__', { exists: true }), 'false'],
  ['the constructor', at('constructor', { exists: true }), 'false'],
  ['through the constructor', at('constructor.name', { equals: 'Object' }), 'error'],
  ['the length of a text', at('name.length', { exists: true }), 'false'],
  ['the risk', { path: 'risk', in: ['medium'] }, 'true'],
  ['all: true and true', { all: [yes, yes] }, 'true'],
  ['all: false wins over error', { all: [wrong, no] }, 'false'],
  ['all: false wins over error, other order', { all: [no, wrong] }, 'false'],
  ['all: error wins over true', { all: [yes, wrong] }, 'error'],
  ['any: true wins over error', { any: [wrong, yes] }, 'true'],
  ['any: true wins over error, other order', { any: [yes, wrong] }, 'true'],
  ['any: error wins over false', { any: [no, wrong] }, 'error'],
  ['any: false', { any: [no, no] }, 'false'],
  ['not: true', { not: no }, 'true'],
  ['not: error stays', { not: wrong }, 'error'],
  ['not: error twice stays', { not: { not: wrong } }, 'error'],
])('%s', (_, condition, expected) => {
  expect(truthOf(condition)).toBe(expected);
});

test('members that a prototype was given are not seen', () => {
  const inherited = Object.create({ admin: true }) as object;
  const condition = { path: 'arguments.admin', exists: true } as const;
  expect(compileCondition(condition)({ ...subject, arguments: inherited })).toBe(false);
});
