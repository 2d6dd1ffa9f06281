/**
 * Expressions: the one typed AST that conditions have besides and/or/not trees, as plain JSON data.
 *
 * This is what a policy document holds and the log keeps. CEL is only how people write it; the kernel never
 * sees CEL text. Also here is what conditions may look at, because names in an expression are checked
 * against it.
 */

/** A call in the policy's terms: all that a condition may look at. */
export interface ConditionSubject {
  readonly arguments: unknown;
  readonly resource: string;
  readonly action: string;
  readonly tool: string;
  readonly agent: string;
  readonly principal: string;
  readonly org: string;
  readonly session: string;
  readonly risk: string;
  readonly counters: SessionCounters;
  /** What the guardrails said that only inform, by id; one that failed is not there. */
  readonly guardrails: Readonly<Record<string, 'pass' | 'refuse'>>;
  /** What the resource is, says the policy's asset classifiers; sorted. */
  readonly assetClasses: readonly string[];
}

/** What of it a caller knows; the rest comes from the policy, the session and the facts. */
export type PolicyCall = Omit<
  ConditionSubject,
  'risk' | 'counters' | 'guardrails' | 'assetClasses'
> & {
  /** Of a model call: the model, as the catalogue has it. */
  readonly model?: { readonly id: string; readonly tier: string };
};

/** What expressions see of the session's past, as members of `session`. */
export interface SessionCounters {
  readonly allowed: number;
  readonly denied: number;
  /** Allowed actions by name; expressions read it with `countAllowed`. */
  readonly counts: Readonly<Record<string, number>>;
  readonly labels: readonly string[];
  /** In points, this action included. */
  readonly riskScore: number;
}

/** A session that has done nothing yet. */
export const noCounters: SessionCounters = Object.freeze({
  allowed: 0,
  denied: 0,
  counts: Object.freeze({}),
  labels: Object.freeze([]),
  riskScore: 0,
});

/** The first segments that a path may have. */
export const pathRoots: readonly string[] = [
  'arguments',
  'resource',
  'action',
  'tool',
  'agent',
  'principal',
  'org',
  'session',
  'risk',
  'guardrails',
  'assetClasses',
];

export type Scalar = string | number | boolean | null;

export const binaryOperators = [
  'equal',
  'unequal',
  'less',
  'atMost',
  'more',
  'atLeast',
  'in',
  'add',
  'subtract',
  'multiply',
  'divide',
  'remainder',
] as const;
export type BinaryOperator = (typeof binaryOperators)[number];

/** Each evaluates its body once for every element of a list, or for every key of a map. */
export const macros = ['every', 'some', 'exactlyOne', 'filter', 'map'] as const;
export type Macro = (typeof macros)[number];

export type PathExpression = { readonly op: 'path'; readonly path: readonly string[] };
export type MemberExpression = {
  readonly op: 'member';
  readonly of: ExpressionDocument;
  readonly name: string;
};
export type BinaryExpression = {
  readonly op: BinaryOperator;
  readonly left: ExpressionDocument;
  readonly right: ExpressionDocument;
};
export type MacroExpression = {
  readonly op: Macro;
  readonly of: ExpressionDocument;
  readonly as: string;
  readonly body: ExpressionDocument;
};
export type CallExpression = {
  readonly op: 'call';
  readonly name: string;
  readonly of: readonly ExpressionDocument[];
};

/**
 * Each meaning has one form, so that a text printed from an expression reads back as the same expression:
 * members below a root are one path, `and` has no `and` in it, a negative number is a value.
 */
export type ExpressionDocument =
  | { readonly op: 'value'; readonly value: Scalar }
  | { readonly op: 'list'; readonly of: readonly ExpressionDocument[] }
  | PathExpression
  | { readonly op: 'variable'; readonly name: string }
  | MemberExpression
  | { readonly op: 'index'; readonly of: ExpressionDocument; readonly at: ExpressionDocument }
  | { readonly op: 'has'; readonly of: PathExpression | MemberExpression }
  | { readonly op: 'and' | 'or'; readonly of: readonly ExpressionDocument[] }
  | { readonly op: 'not' | 'negate'; readonly of: ExpressionDocument }
  | {
      readonly op: 'if';
      readonly test: ExpressionDocument;
      readonly whenTrue: ExpressionDocument;
      readonly whenFalse: ExpressionDocument;
    }
  | BinaryExpression
  | MacroExpression
  | CallExpression;

const notMembers: ReadonlySet<string> = new Set(['in', 'true', 'false', 'null']);
const notVariables: ReadonlySet<string> = new Set(
  (
    'as break const continue else for function if import let loop package namespace return ' +
    'var void while __proto__ prototype'
  ).split(' '),
);

/** Whether CEL can write this after a dot. Other members are reached with an index. */
export function isMemberName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(value) &&
    !notMembers.has(value)
  );
}

/** Whether a macro may call its element so: a word that CEL does not keep, and no root. */
export function isVariableName(value: unknown): value is string {
  return isMemberName(value) && !notVariables.has(value) && !pathRoots.includes(value);
}
