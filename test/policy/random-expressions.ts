/** Random expressions that check, of every kind, and calls in which they come out in every way. */
import * as fc from 'fast-check';
import type {
  ConditionSubject,
  ExpressionDocument,
  Scalar,
} from '../../src/kernel/policy/expression.ts';

type Expressions = fc.Arbitrary<ExpressionDocument>;

/** Expressions by what they are; `any` is an argument or an element, which may be anything. */
interface Grammar {
  readonly boolean: Expressions;
  readonly number: Expressions;
  readonly text: Expressions;
  readonly list: Expressions;
  readonly any: Expressions;
}

const variableNames = ['x', 'y', 'z'];

const value = (...of: readonly Scalar[]): Expressions =>
  fc.constantFrom(...of).map((each) => ({ op: 'value', value: each }));

const path = (...paths: readonly string[]): Expressions =>
  fc.constantFrom(...paths).map((each) => ({ op: 'path', path: each.split('.') }));

const texts = ['', 'a', 'ab', 'b', 'caf\u00e9', '"\\\n\u0007', '\u{1f600}', '42', '42.50'] as const;
const numbers = [0, 1, 2, -3, 0.5, 12.25, 9_007_199_254_740_991, -0.000001] as const;

function call(name: string, ...of: readonly Expressions[]): Expressions {
  return fc.tuple(...of).map((list) => ({ op: 'call', name, of: list }));
}

const grammars = new Map<string, Grammar>();

/** The grammar with so many variables around and so many levels left. */
function grammar(variables: number, depth: number): Grammar {
  const key = `${variables} ${depth}`;
  const known = grammars.get(key) ?? make(variables, depth);
  grammars.set(key, known);
  return known;
}

function make(variables: number, depth: number): Grammar {
  const named = variableNames.slice(0, variables);
  const variable = named.map((name) => fc.constant<ExpressionDocument>({ op: 'variable', name }));
  const leaves: Grammar = {
    boolean: fc.oneof(value(true, false), path('arguments.flag')),
    number: fc.oneof(value(...numbers), path('arguments.n', 'session.allowed', 'session.denied')),
    text: fc.oneof(
      value(...texts),
      path('arguments.text', 'resource', 'session.id', 'guardrails.pii'),
    ),
    list: fc.oneof(path('arguments.list', 'session.labels', 'arguments.map', 'assetClasses')),
    any: fc.oneof(
      path('arguments.n', 'arguments.text', 'arguments.deep.n', 'arguments.__proto__'),
      path('arguments.list', 'arguments.gone', 'arguments.constructor'),
      ...variable,
      ...variable,
    ),
  };
  return depth === 0 ? leaves : { ...leaves, ...branches(variables, depth, leaves) };
}

function branches(variables: number, depth: number, leaves: Grammar): Grammar {
  const below = grammar(variables, depth - 1);
  const number = fc.oneof(below.number, below.any);
  const text = fc.oneof(below.text, below.any);
  const boolean = fc.oneof(below.boolean, below.boolean, below.any);
  const anything = fc.oneof(below.any, below.number, below.text, below.list, below.boolean);
  const list = fc.oneof(below.list, below.any);
  const any = fc.oneof(
    leaves.any,
    fc.record({ op: fc.constant('index' as const), of: list, at: value(0, 1, 7) }),
    fc.record({ op: fc.constant('index' as const), of: path('arguments.map'), at: text }),
    choice(boolean, anything),
  );
  return {
    any,
    boolean: fc.oneof(
      leaves.boolean,
      fc.oneof(...booleans({ number, text, boolean, list, any: anything })),
      fc.oneof(...tests(text, list, anything)),
      ...macrosOver(list, variables, depth).map((each) => each.boolean),
    ),
    number: fc.oneof(
      leaves.number,
      ...sums(number),
      call('decimal', text),
      call('size', text),
      call('countAllowed', value('file.*', '**', 'order.refund')),
    ),
    text: fc.oneof(leaves.text, binary(['add'], text, text), call('lower', text)),
    list: fc.oneof(
      leaves.list,
      fc.array(anything, { maxLength: 3 }).map((of) => ({ op: 'list' as const, of })),
      ...macrosOver(list, variables, depth).map((each) => each.list),
    ),
  };
}

function binary(
  ops: readonly Extract<ExpressionDocument, { left: unknown }>['op'][],
  left: Expressions,
  right: Expressions,
): Expressions {
  return fc.record({ op: fc.constantFrom(...ops), left, right });
}

function choice(test: Expressions, branch: Expressions): Expressions {
  return fc.record({
    op: fc.constant('if' as const),
    test,
    whenTrue: branch,
    whenFalse: branch,
  });
}

function sums(number: Expressions): readonly Expressions[] {
  return [
    binary(['add', 'subtract', 'multiply', 'divide', 'remainder'], number, number),
    number
      .filter(({ op }) => op !== 'value')
      .map((of): ExpressionDocument => ({ op: 'negate', of })),
  ];
}

function booleans({ number, boolean, any, list }: Grammar): readonly Expressions[] {
  const connective = (op: 'and' | 'or'): Expressions =>
    fc
      .array(boolean, { minLength: 2, maxLength: 3 })
      .filter((of) => of.every((each) => each.op !== op))
      .map((of) => ({ op, of }));
  return [
    connective('and'),
    connective('or'),
    boolean.map((of): ExpressionDocument => ({ op: 'not', of })),
    binary(['less', 'atMost', 'more', 'atLeast'], number, number),
    binary(['less', 'atMost', 'more', 'atLeast', 'equal', 'unequal'], number, number),
    binary(['in'], any, list),
    choice(boolean, boolean),
  ];
}

function tests(text: Expressions, list: Expressions, any: Expressions): readonly Expressions[] {
  const member = fc.constantFrom('arguments.n', 'arguments.gone', 'arguments.deep.n');
  return [
    member.map((each) => ({
      op: 'has' as const,
      of: { op: 'path' as const, path: each.split('.') },
    })),
    fc.constantFrom('startsWith', 'endsWith', 'contains').chain((name) => call(name, text, text)),
    call('matches', text, value('a+b?$', '^[a-z]{2}', '.')),
    call('glob', text, value('a*', '?b', '**', 'ab')),
    binary(['equal', 'unequal'], path('arguments.n', 'arguments.list', 'arguments.gone'), any),
    binary(['equal', 'unequal'], list, list).filter(
      (each) => 'left' in each && each.left.op !== 'variable',
    ),
  ];
}

function macrosOver(
  of: Expressions,
  variables: number,
  depth: number,
): readonly { readonly boolean: Expressions; readonly list: Expressions }[] {
  const as = variableNames[variables];
  if (as === undefined) return [];
  const inner = grammar(variables + 1, depth - 1);
  const body = fc.oneof(
    inner.boolean,
    binary(['equal', 'more'], fc.constant({ op: 'variable', name: as }), inner.number),
  );
  const macro = (op: 'every' | 'some' | 'exactlyOne' | 'filter', tested: Expressions) =>
    fc.record({ op: fc.constant(op), of, as: fc.constant(as), body: tested });
  const map = fc.record({
    op: fc.constant('map' as const),
    of,
    as: fc.constant(as),
    body: fc.oneof(inner.any, inner.number),
  });
  return [
    {
      boolean: fc.oneof(macro('every', body), macro('some', body), macro('exactlyOne', body)),
      list: fc.oneof(macro('filter', body), map),
    },
  ];
}

/** Expressions that are true or false, four levels deep at most. */
export const expressions: Expressions = grammar(0, 4).boolean;

const scalar = fc.constantFrom<unknown>(...numbers, ...texts, true, false, null);
const carried = fc.record(
  {
    n: fc.oneof(fc.constantFrom<unknown>(...numbers), scalar),
    text: fc.oneof(fc.constantFrom<unknown>(...texts), scalar),
    flag: fc.oneof(fc.boolean(), scalar),
    list: fc.oneof(fc.array(scalar, { maxLength: 4 }), scalar),
    map: fc.dictionary(fc.constantFrom('a', 'ab', '__proto__'), scalar, { maxKeys: 2 }),
    deep: fc.oneof(fc.record({ n: scalar }), scalar),
  },
  { requiredKeys: ['n', 'text'] },
);

export const subjects: fc.Arbitrary<ConditionSubject> = fc.record({
  arguments: carried,
  resource: fc.constantFrom('a', 'ab'),
  action: fc.constant('order.refund'),
  tool: fc.constant('refund'),
  agent: fc.constant('bot'),
  principal: fc.constant('ann'),
  org: fc.constant('acme'),
  session: fc.constant('s-1'),
  risk: fc.constantFrom('low', 'critical'),
  counters: fc.record({
    allowed: fc.nat(3),
    denied: fc.nat(3),
    counts: fc.record({ 'file.read': fc.nat(3), 'order.refund': fc.nat(3) }),
    labels: fc.subarray(['a', 'ab']),
    riskScore: fc.constant(1.5),
  }),
  guardrails: fc.record(
    { pii: fc.constantFrom('pass' as const, 'refuse' as const) },
    { requiredKeys: [] },
  ),
  assetClasses: fc.subarray(['a', 'ab']),
});
