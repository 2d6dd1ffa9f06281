/** Checks comparisons of condition trees against what is known of the arguments that they look at. */
import type { Operator } from './document.ts';
import type { Scalar } from './expression.ts';
import type { Findings } from './finding.ts';
import {
  anything,
  argumentType,
  type ArgumentTypes,
  choice,
  elementOf,
  type Kind,
  memberOf,
  neverSame,
  only,
  sidesOf,
  subjectOf,
  typeOfLiterals,
  type ValueType,
} from './value-type.ts';

export interface Comparison {
  readonly path: string;
  readonly operator: Operator;
  /** One that fits the operator. */
  readonly operand: unknown;
}

const scalars: readonly Kind[] = ['text', 'number', 'boolean', 'null'];
const ordered: readonly Kind[] = ['number', 'text'];
const textual: readonly Kind[] = ['text'];

/** A value of another kind than these is an error; none for `exists`, which never is one. */
const kindsByOperator: Readonly<Record<Operator, readonly Kind[]>> = {
  equals: scalars,
  notEquals: scalars,
  in: scalars,
  notIn: scalars,
  lessThan: ordered,
  atMost: ordered,
  moreThan: ordered,
  atLeast: ordered,
  startsWith: textual,
  endsWith: textual,
  contains: textual,
  matches: textual,
  inside: textual,
  outside: textual,
  exists: [],
};

const equalities: ReadonlySet<Operator> = new Set(['equals', 'notEquals', 'in', 'notIn']);

/** A finding where the comparison fails, or comes out the same, for all arguments that there can be. */
export function checkComparison(
  findings: Findings,
  { path, operator, operand }: Comparison,
  segments: readonly string[],
  types: ArgumentTypes | undefined,
): void {
  if (types === undefined) return;
  const isPresence = operator === 'exists';
  const place = { path: `${path}.path`, isPresence, step: leafStep };
  const type = argumentType(types, segments.slice(1), place);
  if (isPresence) return;
  const wanted = kindsByOperator[operator];
  if (!type.kinds.some((kind) => wanted.includes(kind))) {
    const message = `${subjectOf(type)}is ${choice(type.kinds)}, and must be ${choice(wanted)}`;
    return findings.add('condition-type', `${path}.${operator}`, message);
  }
  if (!equalities.has(operator)) return;
  const literals = typeOfLiterals([operand].flat() as readonly Scalar[]);
  if (!neverSame(type, literals)) return;
  const [one, others] = sidesOf(type, literals);
  const message = `compares ${one} with ${others}: they are never equal`;
  findings.add('condition-type', `${path}.${operator}`, message);
}

/** Paths of trees see the own members of lists, too: places and the length. */
function leafStep(type: ValueType, name: string): ValueType {
  const isPlace = /^(?:0|[1-9][0-9]*)$/.test(name);
  const isOfList = type.kinds.includes('list') && (isPlace || name === 'length');
  if (!isOfList) return memberOf(type, name);
  if (type.kinds.includes('map')) return anything;
  return isPlace ? elementOf(type, Number(name)) : only('number');
}
